/**
 * The time to connect and to get the answer of a first call, on this machine, in relation to the
 * time that the bare interpreter takes to start and end: `deno run -A
 * tests/bench/connect_bench.ts`.
 *
 * @module
 */
import { Local, type LocalOptions } from "../../mod.ts";
import { measure, printRatio, printTitle, timed } from "./_measure.ts";
import { add } from "./_remote.ts";

const ROUNDS = 15;
/** The number of tunnels that are opened at once. */
const MANY = 50;

/** Starts an interpreter as an agent is started, with nothing to do. */
const bare = {
  deno: [
    Deno.execPath(),
    ...["run", "-A", "--no-config", "--no-lock", "--no-prompt", "data:text/javascript,1"],
  ],
  node: ["node", "-e", "1"],
} as const;

async function start([program, ...args]: readonly string[]): Promise<void> {
  await new Deno.Command(program!, { args, stdin: "null" }).output();
}

/** First calls, by what they need at the far end. */
const calls: Readonly<Record<string, (tunnel: Local) => Promise<unknown>>> = {
  "a built-in": (tunnel) => tunnel.call(Date.now),
  "a closure": (tunnel) => tunnel.call(() => MANY),
  "a module": (tunnel) => tunnel.call(add, 1, 2),
};

/** The highest ratio that is good enough, for a call that needs a module. */
const MODULE_AIM = 2.5;

async function connect(
  options: LocalOptions,
  call: (tunnel: Local) => Promise<unknown>,
): Promise<number> {
  await using tunnel = new Local("bench", options);
  return await timed(() => call(tunnel));
}

/** Prints the ratios. */
export async function run(): Promise<void> {
  printTitle("Connecting, with a first call / starting the bare interpreter (less is better)");
  for (const runtime of ["deno", "node"] as const) {
    const [program] = bare[runtime];
    const options = { runtime, [runtime]: program };
    try {
      await start(bare[runtime]);
    } catch {
      console.log(`  ${runtime}: there is none here`);
      continue;
    }
    const times: Record<string, number> = await measure(ROUNDS, {
      ...Object.fromEntries(
        Object.entries(calls).map(([what, call]) => [what, () => connect(options, call)]),
      ),
      baseline: () => timed(() => start(bare[runtime])),
    });
    for (const name of Object.keys(calls)) {
      const what = `${runtime} agent, ${name}`;
      const aim = name === "a module" ? MODULE_AIM : 2;
      printRatio({ what, ours: times[name]!, baseline: times["baseline"]!, unit: "ms", aim });
    }
  }
  const all = <T>(work: (i: number) => Promise<T>): Promise<T[]> =>
    Promise.all(Array.from({ length: MANY }, (_, i) => work(i)));
  const { ours, baseline } = await measure(3, {
    ours: async () => {
      const tunnels = Array.from({ length: MANY }, (_, i) => new Local(`bench${i}`));
      const time = await timed(() => all((i) => tunnels[i]!.call(Date.now)));
      await all((i) => tunnels[i]!.close());
      return time;
    },
    baseline: () => timed(() => all(() => start(bare.deno))),
  });
  printRatio({ what: `${MANY} deno agents at once`, ours, baseline, unit: "ms", aim: 2 });
}

if (import.meta.main) await run();
