/**
 * Runs the tests with real services: `deno run -A tests/run.ts [arguments of deno test]`.
 *
 * Starts what this machine can have of sshd, dockerd, sudo and the interpreters, says what there is
 * and what is missing, runs `deno test`, stops everything again, and prints one last line:
 * `N passed, N failed, N skipped`. The exit code is that of `deno test`; with `CI=true` a skipped
 * test is a failure too, but for want of the runtime of `deno compile`.
 *
 * With `--quick` as the first argument it starts no service and downloads nothing, runs files side
 * by side, and says what it leaves out.
 */
import { fullRuns } from "./services/full.ts";
import { quickRuns, SLOW_FILES } from "./services/quick.ts";
import {
  countTests,
  readSkipped,
  readSummary,
  refusedSkips,
  type Report,
} from "./services/report.ts";
import { NODE_MAJORS, OLD_DENO, type Services, SERVICES_VARIABLE } from "./services/services.ts";
import { startServices } from "./services/start.ts";

/** How long `deno test` may take to end after a signal, in milliseconds. */
const PATIENCE = 15_000;

const SIGNALS = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

/** Services whose names need an explanation. */
const LABELS: Readonly<Record<string, string>> = {
  kubectl: "a stand-in for kubectl",
  compiler: "deno compile",
  oldDeno: `deno ${OLD_DENO}`,
  node: `node ${NODE_MAJORS[0]} to ${NODE_MAJORS.at(-1)}`,
};

/** Whether this is `deno task quick`. */
const QUICK = Deno.args[0] === "--quick";

/** The arguments of each `deno test` to run; all run side by side. */
const RUNS: readonly (readonly string[])[] = QUICK
  ? quickRuns(Deno.args.slice(1))
  : fullRuns(Deno.args);

const NONE: Report = { passed: 0, failed: 0, skipped: 0, skippedSteps: 0 };

interface Outcome {
  code: number;
  report: Report;
  skipped: string[];
}

async function main(): Promise<number> {
  const interruption = new AbortController();
  let signal: keyof typeof SIGNALS | undefined;
  for (const name of ["SIGHUP", "SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(name, () => {
      signal ??= name;
      interruption.abort(new Error(name));
    });
  }
  let outcome: Outcome | undefined;
  try {
    const begun = performance.now();
    await using running = await startServices(interruption.signal, QUICK ? "quick" : "all");
    const { folder: _, quick: __, ...states } = running.services;
    const there = Object.entries(states).filter(([, { available }]) => available);
    console.log(`With ${there.map(([name]) => LABELS[name] ?? name).join(", ")}`);
    for (const [name, state] of QUICK ? [] : Object.entries(states)) {
      if (!state.available) console.log(`Without ${name}: ${state.reason}`);
    }
    console.log(`Services are up after ${((performance.now() - begun) / 1000).toFixed(1)} s`);
    if (!interruption.signal.aborted) {
      const tests: Promise<Outcome>[] = [];
      for (const [i, args] of RUNS.entries()) {
        tests.push(test(running.services, i, args, interruption.signal, tests.at(-1)));
      }
      outcome = (await Promise.all(tests)).reduce(sum);
    }
  } catch (error) {
    // Starting or stopping the services failed.
    console.error(error);
    outcome = { report: NONE, skipped: [], ...outcome, code: outcome?.code || 1 };
  }
  let { code, report, skipped } = outcome ?? { code: 0, report: NONE, skipped: [] };
  const inCI = Deno.env.get("CI") === "true" && !QUICK;
  const refused = refusedSkips(skipped);
  const admitted = skipped.length - refused.length;
  if (code === 0 && inCI && report.skipped + report.skippedSteps > admitted) {
    console.log(`Skipped, which counts as a failure in CI:\n  ${refused.join("\n  ")}`);
    code = 1;
  }
  if (QUICK) reportLeftOut(report);
  if (signal !== undefined) console.log(`Interrupted by ${signal}`);
  console.log(`${report.passed} passed, ${report.failed} failed, ${report.skipped} skipped`);
  return signal === undefined ? code : SIGNALS[signal];
}

/** Says what a quick run has not tested. */
function reportLeftOut({ skipped, skippedSteps }: Report): void {
  console.log(`Left out: ${skipped + skippedSteps} tests that need a service or are slow`);
  if (RUNS.length === 1) return;
  console.log("Left out: the examples in docs");
  for (const [path, reason] of Object.entries(SLOW_FILES)) {
    console.log(`Left out: ${path}, which ${reason}`);
  }
}

function sum(one: Outcome, other: Outcome): Outcome {
  return {
    code: one.code || other.code,
    report: {
      passed: one.report.passed + other.report.passed,
      failed: one.report.failed + other.report.failed,
      skipped: one.report.skipped + other.report.skipped,
      skippedSteps: one.report.skippedSteps + other.report.skippedSteps,
    },
    skipped: [...one.skipped, ...other.skipped],
  };
}

/** Runs `deno test`. What it prints is shown once the run `before` has ended. */
async function test(
  services: Services,
  run: number,
  ownArgs: readonly string[],
  interruption: AbortSignal,
  before?: Promise<Outcome>,
): Promise<Outcome> {
  const junit = `${services.folder}/junit${run}.xml`;
  const env: Record<string, string> = {
    [SERVICES_VARIABLE]: JSON.stringify(services),
    // The folder is removed even if a test is killed.
    TMPDIR: `${services.folder}/temp`,
  };
  if (services.docker.available) env.DOCKER_HOST = services.docker.host;
  if (services.slurm.available) env.SLURM_CONF = services.slurm.config;
  const bins = [services.podman, services.kubectl].flatMap((one) => one.available ? one.bin : []);
  env.PATH = [...bins, Deno.env.get("PATH") ?? ""].join(":");
  // Deno uses colours only on a terminal, which the pipe is not.
  if (Deno.stdout.isTerminal() && !Deno.noColor) env.FORCE_COLOR = "1";
  const child = new Deno.Command(Deno.execPath(), {
    args: ["test", "-A", `--junit-path=${junit}`, ...ownArgs],
    env,
    stdin: "null",
    stdout: "piped",
  }).spawn();
  let killing: ReturnType<typeof setTimeout> | undefined;
  const interrupt = (): void => {
    child.kill("SIGINT");
    killing = setTimeout(() => child.kill("SIGKILL"), PATIENCE);
  };
  interruption.addEventListener("abort", interrupt);
  const output: string[] = [];
  const [kept, shown] = child.stdout.tee();
  const ended = Promise.all([collect(kept, output), print(shown, before)]);
  const { code } = await child.status;
  interruption.removeEventListener("abort", interrupt);
  clearTimeout(killing);
  await before;
  // A process that a test left running may hold the pipe open after deno test has ended.
  await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, PATIENCE))]);

  const xml = await Deno.readTextFile(junit).catch(() => "");
  const report = readSummary(output.join("")) ?? countTests(xml);
  return {
    code,
    // An error that keeps deno test from starting, such as a type error, is not counted by it.
    report: code !== 0 && report.failed === 0 ? { ...report, failed: 1 } : report,
    skipped: readSkipped(xml),
  };
}

/** Appends what a stream has to `output`. */
async function collect(stream: ReadableStream<Uint8Array>, output: string[]): Promise<void> {
  const decoder = new TextDecoder();
  for await (const bytes of stream) output.push(decoder.decode(bytes, { stream: true }));
}

/** Prints what a stream has, once the run `before` has ended. */
async function print(
  stream: ReadableStream<Uint8Array>,
  before: Promise<Outcome> | undefined,
): Promise<void> {
  await before;
  for await (const bytes of stream) {
    for (let at = 0; at < bytes.length;) at += await Deno.stdout.write(bytes.subarray(at));
  }
}

Deno.exit(await main());
