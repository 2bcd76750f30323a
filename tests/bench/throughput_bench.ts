/**
 * The speed of many bytes, in relation to `cat` and to fewer bytes, and how much they delay a small
 * call beside them: `deno run -A tests/bench/throughput_bench.ts`.
 *
 * @module
 */
import { Local } from "../../mod.ts";
import { Echo } from "./_echo.ts";
import { measure, median, printRatio, printTitle, timed } from "./_measure.ts";
import { add, consume, echo as echoed, produce } from "./_remote.ts";

const MiB = 1024 * 1024;
const ROUNDS = 5;
const ECHOES = 50;

/** The longest and the median time of small calls, made one after another while `work` lasts. */
async function smallCallsDuring(
  tunnel: Local,
  work: Promise<unknown>,
): Promise<{ median: number; longest: number; count: number }> {
  let working = true;
  const done = work.finally(() => working = false);
  const times: number[] = [];
  while (working) times.push(await timed(() => tunnel.call(add, 1, 2)));
  await done;
  return { median: median(times), longest: Math.max(...times), count: times.length };
}

/** Prints the ratios. */
export async function run(): Promise<void> {
  for (const runtime of ["deno", "node"] as const) {
    await using tunnel = new Local(runtime, { runtime, maxResult: 512 * MiB });
    try {
      await tunnel.connect();
    } catch (error) {
      console.log(`  ${runtime}: ${(error as Error).message}`);
      continue;
    }
    await using echo = new Echo(["cat"]);
    const bytes = new Uint8Array(64 * MiB);

    printTitle(`Many bytes, ${runtime} agent (less is better)`);
    const one = new Uint8Array(MiB);
    const { ours, baseline } = await measure(ECHOES, {
      ours: () => timed(() => tunnel.call(echoed, one)),
      baseline: () => timed(() => echo.send(one)),
    });
    printRatio({ what: "echo of 1 MiB / echo by cat", ours, baseline, unit: "ms", aim: 1.5 });
    const times = await measure(ROUNDS, {
      echo: () => timed(() => echo.send(bytes)),
      result16: () => timed(() => tunnel.call(produce, 16 * MiB)),
      result64: () => timed(() => tunnel.call(produce, 64 * MiB)),
      argument64: () => timed(() => tunnel.call(consume, bytes)),
    });
    const perMiB = (what: string, ours: number, baseline: number, aim?: number): void =>
      printRatio({ what, ours, baseline, unit: "ms/MiB", ...aim === undefined ? {} : { aim } });
    perMiB(
      "a MiB of a result of 64 MiB / of 16 MiB",
      times.result64 / 64,
      times.result16 / 16,
      1.1,
    );
    // An echo moves the bytes twice, but in both directions at once.
    perMiB("a result of 64 MiB / echo by cat", times.result64 / 64, times.echo / 64);
    perMiB("an argument of 64 MiB / echo by cat", times.argument64 / 64, times.echo / 64);

    const source = new Uint8Array(256 * MiB).fill(1);
    const copies: number[] = [];
    for (let i = 0; i < 3; i++) {
      copies.push(await timed(() => Promise.resolve(new Uint8Array(source))));
    }
    const alone = await timed(async () => {
      for (let i = 0; i < 200; i++) await tunnel.call(add, 1, 2);
    }) / 200;
    const { median, longest, count } = await smallCallsDuring(
      tunnel,
      tunnel.call(produce, 256 * MiB),
    );
    const what = "a small call beside a result of 256 MiB / alone";
    printRatio({ what, ours: median, baseline: alone, unit: "ms" });
    console.log(`  ${count} were answered beside it; the longest took ${longest.toFixed(0)} ms`);
    // The far end copies the result as it is then, and nothing else can run meanwhile.
    printRatio({
      what: "the longest / a copy of 256 MiB in new memory",
      ours: longest,
      baseline: Math.min(...copies),
      unit: "ms",
    });
  }
}

if (import.meta.main) await run();
