/**
 * The round trips that it takes to connect over a slow link and to call a function in a chain of 50
 * modules: `deno run -A tests/bench/first_call_bench.ts`.
 *
 * @module
 */
import { makeChain } from "../tunnel/_chain.ts";
import { Driver } from "../tunnel/_kinds.ts";
import { measure, printRatio, printTitle, timed } from "./_measure.ts";

const RELAY = new URL("../tunnel/fixture/delay_relay.ts", import.meta.url).pathname;
const ROUNDS = 5;
/** The delay in each direction, in milliseconds. */
const DELAY = 100;

/** Prints the ratio. */
export async function run(): Promise<void> {
  printTitle("Delay of a connect and first call / round trip of the link (less is better)");
  await using chain = await makeChain(50);
  const call = async (delay: number): Promise<number> => {
    await using tunnel = new Driver(
      [Deno.execPath(), "run", "-A", "--no-check", RELAY, `${delay}`],
      { runtime: "deno", deno: Deno.execPath() },
    );
    return await timed(() => tunnel.call(chain.first));
  };
  const { slow, quick } = await measure(ROUNDS, { slow: () => call(DELAY), quick: () => call(0) });
  printRatio({ what: "50 modules", ours: slow - quick, baseline: 2 * DELAY, unit: "ms", aim: 2 });
}

if (import.meta.main) await run();
