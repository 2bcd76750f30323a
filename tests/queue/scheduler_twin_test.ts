import { assertEquals } from "@std/assert";
import { Scheduler } from "../../queue/scheduler.ts";
import { Random } from "../agent/_random.ts";
import { rejection } from "../tunnel/_deadline.ts";
import { NaiveScheduler } from "./_naive_scheduler.ts";
import { turn } from "./_turn.ts";

Deno.test("Scheduler does what a naive one does", async () => {
  for (let seed = 1; seed <= 60; seed++) await compare(seed);
});

/** Does the same with a scheduler and its naive twin, and compares what can be seen of both. */
async function compare(seed: number): Promise<void> {
  const random = new Random(seed);
  const concurrency = [1, 2, 3, 5, Infinity][random.below(5)]!;
  const lanes = 1 + random.below(6);
  const scheduler = new Scheduler({ concurrency });
  const naive = new NaiveScheduler(concurrency);
  const controllers = Array.from({ length: 4 }, () => new AbortController());
  const actual = { started: [] as number[], outcomes: new Map<number, string>() };
  const expected: typeof actual = { started: [], outcomes: new Map() };
  const gates = new Map<number, { resolve(value: string): void; reject(reason: string): void }>();
  let ids = 0;
  let ending = new AbortController();

  const add = (): void => {
    const id = ids++;
    const lane = random.below(lanes);
    const which = random.below(8);
    const signal = controllers[which]?.signal;
    scheduler.add(lane, () => {
      actual.started.push(id);
      return new Promise<string>((resolve, reject) => gates.set(id, { resolve, reject }));
    }, signal === undefined ? {} : { signal }).then(
      (value) => actual.outcomes.set(id, value),
      (reason) => actual.outcomes.set(id, `rejected: ${reason}`),
    );
    if (signal?.aborted) expected.outcomes.set(id, `rejected: ${signal.reason}`);
    else naive.add(lane, { id, signal: which < 4 ? which : undefined });
  };
  const finish = (): void => {
    const id = naive.running[random.below(naive.running.length)];
    if (id === undefined) return;
    const fails = random.below(3) === 0;
    if (fails) gates.get(id)!.reject(`${id}`);
    else gates.get(id)!.resolve(`${id}`);
    naive.finish(id);
    expected.outcomes.set(id, fails ? `rejected: ${id}` : `${id}`);
  };
  const abort = (): void => {
    const which = random.below(controllers.length);
    controllers[which]!.abort(which);
    for (const id of naive.abort(which)) expected.outcomes.set(id, `rejected: ${which}`);
    if (random.below(2) === 0) controllers[which] = new AbortController();
  };

  for (let step = 0; step < 60; step++) {
    for (let i = random.below(6); i > 0; i--) add();
    if (random.below(5) === 0) abort();
    // A scheduler that has nothing to do ends its run; then there is another.
    scheduler.run({ signal: ending.signal }).catch(() => {});
    expected.started.push(...naive.start());
    await turn();
    for (let i = random.below(4); i > 0; i--) {
      finish();
      expected.started.push(...naive.start());
      await turn();
    }
    if (step % 20 === 19) {
      ending.abort("over");
      for (const id of naive.abort()) expected.outcomes.set(id, "rejected: over");
      while (naive.running.length > 0) finish();
      assertEquals(await rejection(scheduler.run({ signal: ending.signal })), "over");
      ending = new AbortController();
    }
    const message = `seed ${seed}, step ${step}`;
    assertEquals(actual, expected, message);
    assertEquals(
      [scheduler.waiting, scheduler.running],
      [naive.waiting, naive.running.length],
      message,
    );
  }
}
