/**
 * The overhead of a task, in relation to tasks that are awaited in one loop for each lane, for few
 * and for many tasks: `deno run -A tests/bench/scheduler_bench.ts`.
 *
 * @module
 */
import { Scheduler } from "../../queue/scheduler.ts";
import { measure, printRatio, printTitle, type Task, timed } from "./_measure.ts";

const ROUNDS = 7;

async function task(): Promise<void> {}

/** The cost of one of `tasks` tasks in `lanes` lanes, in microseconds, if all are done `times`. */
function scheduled(tasks: number, lanes: number, concurrency: number, times: number): Task {
  return async () => {
    const milliseconds = await timed(async () => {
      for (let time = 0; time < times; time++) {
        const scheduler = new Scheduler({ concurrency });
        for (let i = 0; i < tasks; i++) scheduler.add(i % lanes, task);
        await scheduler.run();
      }
    });
    return milliseconds * 1000 / tasks / times;
  };
}

/** The cost of a task where each lane is a loop that awaits its tasks, in microseconds. */
function awaited(tasks: number, lanes: number): Task {
  return async () => {
    const milliseconds = await timed(async () => {
      await Promise.all(Array.from({ length: lanes }, async () => {
        for (let i = 0; i < tasks; i += lanes) await task();
      }));
    });
    return milliseconds * 1000 / tasks;
  };
}

/** Prints the ratios. */
export async function run(): Promise<void> {
  printTitle("Cost of an empty task in a Scheduler (less is better)");
  for (const concurrency of [Infinity, 100]) {
    const limit = concurrency === Infinity ? "No limit" : `At most ${concurrency} at once`;
    const { many, few, plain } = await measure(ROUNDS, {
      many: scheduled(100_000, 1000, concurrency, 1),
      // As many tasks, as a few of them may cause no collection of garbage.
      few: scheduled(10_000, 100, concurrency, 10),
      plain: awaited(100_000, 1000),
    });
    console.log(` ${limit}:`);
    const ours = { ours: many, unit: "µs" };
    printRatio({
      ...ours,
      what: "100,000 in 1,000 lanes / 10,000 in 100",
      baseline: few,
      aim: 1.5,
    });
    printRatio({ ...ours, what: "100,000 in 1,000 lanes / plain await", baseline: plain });
  }
}

if (import.meta.main) await run();
