/**
 * The time of a small call, in relation to an echo of as many bytes by `cat` through the same kind
 * of pipe, one after another and with many in flight:
 * `deno run -A tests/bench/round_trip_bench.ts`. Over ssh and Docker too, if the services of the
 * test runner are available.
 *
 * @module
 */
import { type BaseTunnel, Docker, Local, SSHTunnel } from "../../mod.ts";
import { service, unavailable } from "../services/services.ts";
import { Echo } from "./_echo.ts";
import { measure, median, printRatio, printTitle, timed } from "./_measure.ts";
import { add } from "./_remote.ts";

const ROUNDS = 7;
const CALLS = 1500;
const IN_FLIGHT = 64;
/** About the size of the frames of a small call, in bytes. */
const MESSAGE = new Uint8Array(44);

/** The median of many round trips in a row, in microseconds. */
async function each(work: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < CALLS; i++) {
    const start = performance.now();
    await work();
    times.push((performance.now() - start) * 1000);
  }
  return median(times);
}

/** The time of a call while {@linkcode IN_FLIGHT} are always under way, in microseconds. */
async function eachInFlight(tunnel: BaseTunnel): Promise<number> {
  let left = CALLS;
  const callUntilDone = async (): Promise<void> => {
    while (left-- > 0) await tunnel.call(add, 1, 2);
  };
  const time = await timed(() => Promise.all(Array.from({ length: IN_FLIGHT }, callUntilDone)));
  return time * 1000 / CALLS;
}

interface Case {
  readonly what: string;
  readonly tunnel: BaseTunnel;
  /** Runs `cat` at the far end of the tunnel. */
  readonly cat: readonly string[];
}

function cases(): Case[] {
  const all: Case[] = [
    { what: "Local, deno agent", tunnel: new Local("deno", { runtime: "deno" }), cat: ["cat"] },
    { what: "Local, node agent", tunnel: new Local("node", { runtime: "node" }), cat: ["cat"] },
  ];
  if (unavailable(["ssh", "deno"]) === undefined) {
    const { config, hosts } = service("ssh");
    const deno = service("deno").path;
    all.push({
      what: "SSHTunnel, deno agent",
      tunnel: new SSHTunnel(hosts[0]!, { sshArgs: ["-F", config], deno }),
      cat: ["ssh", "-F", config, hosts[0]!, "cat"],
    });
  }
  if (unavailable("docker") === undefined) {
    const { image } = service("docker");
    const dockerArgs = ["--network", "none"];
    all.push({
      what: "Docker, deno agent",
      tunnel: new Docker(`bench-${Deno.pid}`, { image, dockerArgs }),
      cat: ["docker", "run", "-i", "--rm", "--entrypoint", "", ...dockerArgs, image, "cat"],
    });
  }
  return all;
}

/** Prints the ratios. */
export async function run(): Promise<void> {
  printTitle("Round trip of a small call / echo by cat (less is better)");
  for (const { what, tunnel, cat } of cases()) {
    await using _ = tunnel;
    try {
      await tunnel.connect();
    } catch (error) {
      console.log(`  ${what}: ${(error as Error).message}`);
      continue;
    }
    await using echo = new Echo(cat);
    const { ours, inFlight, baseline } = await measure(ROUNDS, {
      ours: () => each(() => tunnel.call(add, 1, 2)),
      inFlight: () => eachInFlight(tunnel),
      baseline: () => each(() => echo.send(MESSAGE)),
    });
    printRatio({ what, ours, baseline, unit: "µs", aim: 2 });
    const many = `${what}, ${IN_FLIGHT} in flight`;
    printRatio({ what: many, ours: inFlight, baseline, unit: "µs", aim: 1 });
  }
}

if (import.meta.main) await run();
