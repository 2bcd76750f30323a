import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { Scheduler, type Task } from "../../queue/scheduler.ts";
import { rejection, soon } from "../tunnel/_deadline.ts";
import { logging, run, turn } from "./_turn.ts";

Deno.test("Scheduler.add() starts nothing by itself", async () => {
  const scheduler = new Scheduler();
  const log: string[] = [];
  const result = scheduler.add("a", logging(log, "1"));
  await turn();
  assertEquals([log, scheduler.waiting, scheduler.running], [[], 1, 0]);
  const running = scheduler.run();
  assertEquals(log, [], "it started before run() gave its promise");
  await running;
  assertEquals([log, scheduler.waiting, scheduler.running], [["1 starts", "1 ends"], 0, 0]);
  assertEquals(await result, "1");
});

Deno.test("Scheduler runs a lane in order, and lanes side by side", async () => {
  const scheduler = new Scheduler();
  const log: string[] = [];
  const results = ["a1", "b1", "a2", "b2"].map((name) =>
    scheduler.add(name[0], logging(log, name))
  );
  await run(scheduler);
  assertEquals(log, [
    ...["a1 starts", "b1 starts", "a1 ends", "a2 starts", "b1 ends", "b2 starts"],
    ...["a2 ends", "b2 ends"],
  ]);
  assertEquals(await Promise.all(results), ["a1", "b1", "a2", "b2"]);
});

Deno.test("Scheduler.run() ends at once when there is nothing to do", async () => {
  await run(new Scheduler());
});

Deno.test("Scheduler takes any value as the name of a lane, as a Map does", async () => {
  const scheduler = new Scheduler();
  const log: string[] = [];
  const object = {};
  const names = [NaN, NaN, 0, -0, object, object, undefined, undefined, {}, "0"];
  for (const [i, lane] of names.entries()) scheduler.add(lane, logging(log, `${i}`));
  await run(scheduler);
  const first = log.slice(0, 6);
  assertEquals(first, [0, 2, 4, 6, 8, 9].map((i) => `${i} starts`));
  assertEquals(log.length, 2 * names.length);
});

Deno.test("Scheduler never runs more tasks than its concurrency, and as many as that", async () => {
  for (const concurrency of [1, 3, 10, 100, Infinity]) {
    const scheduler = new Scheduler({ concurrency });
    let running = 0;
    let most = 0;
    for (let i = 0; i < 200; i++) {
      scheduler.add(i % 20, async () => {
        most = Math.max(most, ++running);
        assertEquals(scheduler.running, running);
        for (let turns = i % 3; turns >= 0; turns--) await turn();
        running--;
        if (i % 7 === 0) throw new Error("on purpose");
      });
    }
    await run(scheduler);
    assertEquals(most, Math.min(concurrency, 20));
  }
});

Deno.test("Scheduler lets lanes take turns when they cannot all run", async () => {
  const scheduler = new Scheduler({ concurrency: 1 });
  const order: string[] = [];
  const add = (lane: string): unknown => scheduler.add(lane, () => order.push(lane));
  for (let i = 0; i < 1000; i++) add("a");
  add("b");
  add("c");
  add("c");
  await run(scheduler);
  assertEquals(order.slice(0, 6).join(""), "abcaca");
  assertEquals(order.length, 1003);
});

Deno.test("Scheduler refuses a concurrency that is no limit", () => {
  for (const concurrency of [0, -1, 1.5, NaN, -Infinity, "3", null]) {
    assertThrows(
      () => new Scheduler({ concurrency: concurrency as number }),
      RangeError,
      `concurrency is ${Deno.inspect(concurrency)}: expected a positive integer or Infinity`,
    );
  }
});

Deno.test("Scheduler refuses what is no task, and what is no signal", async () => {
  const scheduler = new Scheduler();
  for (const task of [undefined, Promise.resolve(1), "task"]) {
    assertThrows(
      () => scheduler.add("a", task as unknown as Task<void>),
      TypeError,
      `Cannot add ${task}: it is not a function`,
    );
  }
  const signal = new AbortController() as unknown as AbortSignal;
  const message = "signal is [object AbortController]: expected an AbortSignal";
  assertThrows(() => scheduler.add("a", () => {}, { signal }), TypeError, message);
  assertThrows(() => scheduler.run({ signal }), TypeError, message);
  assertEquals(scheduler.waiting, 0);
  await run(scheduler);
});

Deno.test("Scheduler goes on in a lane after a task that throws or rejects", async () => {
  const scheduler = new Scheduler({ concurrency: 1 });
  const thrown = new RangeError("thrown");
  const results = [
    scheduler.add("a", () => {
      throw thrown;
    }),
    scheduler.add("a", () => Promise.reject("rejected")),
    scheduler.add("a", () => ({ then: (_, reject) => reject!(thrown) }) as PromiseLike<void>),
    scheduler.add("a", () => 4),
    scheduler.add("a", () => ({ then: (resolve) => resolve!(5) }) as PromiseLike<number>),
  ];
  await run(scheduler);
  assertEquals(await Promise.allSettled(results), [
    { status: "rejected", reason: thrown },
    { status: "rejected", reason: "rejected" },
    { status: "rejected", reason: thrown },
    { status: "fulfilled", value: 4 },
    { status: "fulfilled", value: 5 },
  ]);
});

Deno.test("Scheduler raises no unhandledrejection for a result that is looked at later", async () => {
  const unhandled: unknown[] = [];
  const onUnhandled = (event: PromiseRejectionEvent): void => {
    event.preventDefault();
    unhandled.push(event.reason);
  };
  addEventListener("unhandledrejection", onUnhandled);
  try {
    const scheduler = new Scheduler();
    const result = scheduler.add("a", () => Promise.reject("rejected"));
    await run(scheduler);
    await turn();
    assertEquals([await rejection(result), unhandled], ["rejected", []]);
  } finally {
    removeEventListener("unhandledrejection", onUnhandled);
  }
});

Deno.test("Scheduler.run() works on what tasks add", async () => {
  const scheduler = new Scheduler();
  const order: string[] = [];
  scheduler.add("a", () => {
    order.push("a1");
    scheduler.add("a", () => order.push("a2"));
    scheduler.add("b", async () => {
      order.push("b1");
      await turn();
      scheduler.add("c", () => order.push("c1"));
    });
    order.push("still a1");
  });
  await run(scheduler);
  assertEquals(order, ["a1", "still a1", "b1", "a2", "c1"]);
});

Deno.test("Scheduler.run() works on what is added in response to results, however late", async () => {
  for (const fails of [false, true]) {
    const scheduler = new Scheduler();
    const order: number[] = [];
    const add = (round: number): void => {
      const result = scheduler.add("a", () => {
        order.push(round);
        if (fails) throw new Error("on purpose");
      });
      if (round === 5) return;
      let later: Promise<unknown> = result.catch(() => {});
      for (let i = 0; i < round * 100; i++) later = later.then(() => {});
      later.then(() => add(round + 1));
    };
    add(0);
    await run(scheduler);
    assertEquals(order, [0, 1, 2, 3, 4, 5]);
  }
});

Deno.test("Scheduler.waitUntil() refuses what is no promise, and the run ends all the same", async () => {
  const scheduler = new Scheduler();
  for (const bad of [undefined, null, 5, {}, { then: 5 }]) {
    assertThrows(() => scheduler.waitUntil(bad as never), TypeError, "it is not a promise");
  }
  await soon(scheduler.run(), "run()");
});

Deno.test("Scheduler.waitUntil() keeps the run from ending, and takes no task's place", async () => {
  const scheduler = new Scheduler({ concurrency: 1 });
  const log: string[] = [];
  scheduler.waitUntil((async () => {
    for (const name of ["1", "2"]) {
      await scheduler.add("a", logging(log, name));
      await turn();
      await turn();
    }
    scheduler.add("a", logging(log, "3"));
    throw new Error("on purpose");
  })());
  await run(scheduler);
  assertEquals(log, ["1", "2", "3"].flatMap((name) => [`${name} starts`, `${name} ends`]));
  // Nothing is left that another run would wait for.
  await run(scheduler);
});

Deno.test("Scheduler can run again", async () => {
  const scheduler = new Scheduler({ concurrency: 1 });
  for (let round = 0; round < 3; round++) {
    const result = scheduler.add("a", () => round);
    assertEquals(scheduler.waiting, 1);
    await run(scheduler);
    assertEquals(await result, round);
  }
});

Deno.test("Scheduler.run() joins a run that is under way", async () => {
  const scheduler = new Scheduler();
  const log: string[] = [];
  scheduler.add("a", logging(log, "1"));
  const first = scheduler.run();
  await turn();
  scheduler.add("a", logging(log, "2"));
  assertStrictEquals(scheduler.run(), first);
  await soon(first, "run()");
  assertEquals(log, ["1 starts", "1 ends", "2 starts", "2 ends"]);
  assert(scheduler.run() !== first);
  await scheduler.run();
});

Deno.test("Scheduler forgets lanes that have no tasks left", async () => {
  const collect = await garbageCollector();
  const scheduler = new Scheduler();
  const controller = new AbortController();
  const names = ((): WeakRef<object>[] =>
    Array.from({ length: 100 }, (_, i) => {
      const lane = {};
      scheduler.add(lane, () => {}, i % 2 === 0 ? { signal: controller.signal } : {});
      return new WeakRef(lane);
    }))();
  controller.abort();
  await run(scheduler);
  await turn();
  collect();
  assertEquals(names.filter((name) => name.deref() !== undefined).length, 0);
  assertEquals(scheduler.waiting, 0);
});

async function garbageCollector(): Promise<() => void> {
  const { setFlagsFromString } = await import("node:v8");
  const { runInNewContext } = await import("node:vm");
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc");
}

Deno.test("Scheduler runs 100,000 tasks in 1,000 lanes", async () => {
  for (const concurrency of [10, Infinity]) {
    const scheduler = new Scheduler({ concurrency });
    const last = new Map<number, number>();
    let done = 0;
    for (let i = 0; i < 100_000; i++) {
      scheduler.add(i % 1000, () => {
        assert((last.get(i % 1000) ?? -1) < i, "out of order");
        last.set(i % 1000, i);
        done++;
      });
    }
    await run(scheduler);
    assertEquals(done, 100_000);
  }
});
