/**
 * What it costs to find out what a function uses: `deno run -A tests/bench/functions_bench.ts`. The
 * baselines are a call of a function that uses nothing, and of one that a module exports.
 *
 * @module
 */
import { Local } from "../../mod.ts";
import { measure, printRatio, printTitle, timed } from "./_measure.ts";
import { add } from "./_remote.ts";

const ROUNDS = 20;
const COUNT = 100;
const CALLS = 50;

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

/** The time of one of many calls, in microseconds. */
async function each(call: () => Promise<unknown>): Promise<number> {
  return await timed(async () => {
    for (let i = 0; i < CALLS; i++) await call();
  }) * 1000 / CALLS;
}

/** Prints the ratios of small functions. */
async function runSmall(tun: Local): Promise<void> {
  printTitle("Call of a closure / of a module's function (less is better)");
  const same = (n: number): number => n + 1;
  let step = 1;
  const variable = (n: number): number => n + step;
  const times = await measure(ROUNDS, {
    same: () => each(() => tun.call(same, 1)),
    anew: () => each(() => tun.call((n: number) => n + 1, 1)),
    variable: () => each(() => (step++, tun.call(variable, 1))),
    ofModule: () => each(() => tun.call(add, 1, 2)),
  });
  const print = (what: string, ours: number, aim?: number): void =>
    printRatio({
      what,
      ours,
      baseline: times.ofModule,
      unit: "µs",
      ...aim === undefined ? {} : { aim },
    });
  print("the same closure again", times.same, 2);
  print("a closure that is made again", times.anew);
  print("a closure with a variable", times.variable);
}

/** Prints the ratios. */
export async function run(): Promise<void> {
  await using tun = new Local("local", { runtime: "deno", deno: Deno.execPath() });
  await runSmall(tun);
  printTitle(`Call with ${COUNT} captured functions / with none (less is better)`);
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
