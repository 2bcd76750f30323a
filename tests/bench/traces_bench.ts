/**
 * What traces cost, in relation to a small call without them: when they are off, which has to be
 * next to nothing, and when they are on: `deno run -A tests/bench/traces_bench.ts`.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { Local } from "../../mod.ts";
import { inPresentContext, presentCarrier } from "../../tunnel/session/trace_context.ts";
import { linkOf } from "../../tunnel/operation/link.ts";
import { traced } from "../../tunnel/operation/traced.ts";
import { measure, median, printRatio, printTitle } from "./_measure.ts";
import { add } from "./_remote.ts";
import { run as runCommand } from "./_run.ts";

const ROUNDS = 7;
const CALLS = 1500;
const REPEATS = 100_000;

/** The median of many small calls in a row, in microseconds. */
async function smallCall(tunnel: Local): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < CALLS; i++) {
    const start = performance.now();
    await tunnel.call(add, 1, 2);
    times.push((performance.now() - start) * 1000);
  }
  return median(times);
}

/** All that a call does for traces when they are off, in microseconds. */
async function nothing(tunnel: Local): Promise<number> {
  const link = linkOf(tunnel);
  const done = Promise.resolve();
  const start = performance.now();
  for (let i = 0; i < REPEATS; i++) {
    traced(`call ${add.name}`, link, () => done);
    presentCarrier();
    inPresentContext(add);
  }
  const time = performance.now() - start;
  await done;
  return time * 1000 / REPEATS;
}

/** Makes small calls in a process of its own, with these variables. */
async function elsewhere(env: readonly string[]): Promise<number> {
  const script = fileURLToPath(import.meta.url);
  return Number(
    await runCommand(["env", ...env, Deno.execPath(), "run", "-A", script, "--calls"]),
  );
}

/** Prints the ratios. */
export async function run(): Promise<void> {
  printTitle("Traces / a small call without them, Local, deno agent (less is better)");
  await using tunnel = new Local("bench", { runtime: "deno" });
  await using collector = Deno.serve({ port: 0, onListen() {} }, () => Response.json({}));
  const env = [
    "OTEL_DENO=true",
    `OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:${collector.addr.port}`,
  ];
  await tunnel.connect();
  const off = await measure(ROUNDS, {
    ours: () => nothing(tunnel),
    baseline: () => smallCall(tunnel),
  });
  const [ours, baseline] = [off.ours * 1000, off.baseline * 1000];
  printRatio({ what: "what a call does when they are off", ours, baseline, unit: "ns", aim: 0.01 });
  const on = await measure(3, {
    ours: () => elsewhere(env),
    baseline: () => elsewhere(["OTEL_DENO=false"]),
  });
  printRatio({ what: "a call with traces at both ends", ...on, unit: "µs", aim: 3 });
}

if (Deno.args.includes("--calls")) {
  await using tunnel = new Local("bench", { runtime: "deno" });
  await tunnel.connect();
  await smallCall(tunnel); // which warms up
  console.log(await smallCall(tunnel));
} else if (import.meta.main) await run();
