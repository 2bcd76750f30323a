/**
 * What it costs to find out what a function uses: `deno run -A tests/bench/functions_bench.ts`. The
 * baseline is a call of a function that uses nothing.
 *
 * @module
 */
import { Local } from "../../mod.ts";
import { measure, printRatio, printTitle, timed } from "./_measure.ts";

const ROUNDS = 20;
const COUNT = 100;

/** A function that uses `COUNT` others, each of which has a variable of its own. */
function makeMany(): () => number {
  const fns = Array.from({ length: COUNT }, (_, i) => {
    let n = i;
    return () => n++;
  });
  return () => fns.reduce((sum, fn) => sum + fn(), 0);
}

/** Functions that see nothing but the variables of this module. */
const OF_MODULE = Array.from({ length: COUNT }, () => () => ROUNDS);

/** Prints the ratios. */
export async function run(): Promise<void> {
  printTitle(`Call with ${COUNT} captured functions / with none (less is better)`);
  await using tun = new Local("local", { runtime: "deno", deno: Deno.execPath() });
  const plain = (): number => 1;
  const many = makeMany();
  const ofModule = (): number => OF_MODULE.reduce((sum, fn) => sum + fn(), 0);
  await tun.call(plain);
  const first = await timed(() => tun.call(many));
  await tun.call(ofModule);
  const { next, nextOfModule, anew, one } = await measure(ROUNDS, {
    next: () => timed(() => tun.call(many)),
    nextOfModule: () => timed(() => tun.call(ofModule)),
    anew: () => timed(() => tun.call(makeMany())),
    one: () => timed(() => tun.call(plain)),
  });
  printRatio({ what: "first call of all", ours: first, baseline: one, unit: "ms" });
  printRatio({ what: "the same functions again", ours: next, baseline: one, unit: "ms" });
  printRatio({
    what: "the same, without variables of their own",
    ours: nextOfModule,
    baseline: one,
    unit: "ms",
  });
  printRatio({ what: "functions that were made anew", ours: anew, baseline: one, unit: "ms" });
}

if (import.meta.main) await run();
