import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { Scheduler } from "../../queue/scheduler.ts";
import { rejection, soon } from "../tunnel/_deadline.ts";
import { logging, run, turn } from "./_turn.ts";

Deno.test("Scheduler takes out a waiting task at once when its signal aborts", async () => {
  const scheduler = new Scheduler();
  const log: string[] = [];
  const controller = new AbortController();
  const { signal } = controller;
  const other = new AbortController();
  const results = ["a1", "a2", "b1", "a3"].map((name) =>
    scheduler.add(name[0], logging(log, name), {
      signal: name === "a3" ? other.signal : signal,
    })
  );
  const kept = scheduler.add("a", logging(log, "a4"));
  controller.abort("not now");
  assertEquals(scheduler.waiting, 2);
  for (const result of results.slice(0, 3)) assertEquals(await rejection(result), "not now");
  const late = scheduler.add("a", logging(log, "late"), { signal });
  assertEquals([await rejection(late), scheduler.waiting], ["not now", 2]);
  assertEquals(log, []);
  await run(scheduler);
  assertEquals(log, ["a3 starts", "a3 ends", "a4 starts", "a4 ends"]);
  assertEquals([await results[3], await kept], ["a3", "a4"]);
});

Deno.test("Scheduler.run() ends when what was left of it is aborted", async () => {
  const scheduler = new Scheduler();
  const controller = new AbortController();
  const { signal } = controller;
  scheduler.add("a", async () => {
    await turn();
    controller.abort();
  });
  const results = ["a", "a"].map((lane) => scheduler.add(lane, () => {}, { signal }));
  await run(scheduler);
  for (const result of results) assertStrictEquals(await rejection(result), signal.reason);
});

Deno.test("Scheduler gives a running task the signals of itself and of the run", async () => {
  for (const by of ["task", "run"]) {
    for (const own of [true, false]) {
      if (by === "task" && !own) continue;
      const scheduler = new Scheduler();
      const controllers = { task: new AbortController(), run: new AbortController() };
      const result = scheduler.add("a", async (signal) => {
        assert(!signal.aborted);
        const aborted = new Promise((resolve) => signal.addEventListener("abort", resolve));
        controllers[by as "task" | "run"].abort(by);
        await aborted;
        await turn();
        return `${signal.reason}`;
      }, own ? { signal: controllers.task.signal } : {});
      const running = scheduler.run({ signal: controllers.run.signal });
      if (by === "run") assertEquals(await rejection(running), "run");
      else await soon(running, "run()");
      // What had started is over, and as it says itself.
      assertEquals([await result, scheduler.running], [by, 0]);
    }
  }
});

Deno.test("Scheduler.run() ends by its signal: the waiting reject, the running are awaited", async () => {
  const scheduler = new Scheduler({ concurrency: 2 });
  const controller = new AbortController();
  const log: string[] = [];
  const running = scheduler.add("a", async () => {
    await turn();
    controller.abort("enough");
    await turn();
    // Whoever waits for this would wait for ever if it stayed for another run.
    log.push(`${await rejection(scheduler.add("d", logging(log, "late")))}`);
    return "a";
  });
  const waiting = ["a", "b", "c", "c"].map((lane) =>
    scheduler.add(lane, async (signal) => {
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      throw signal.reason;
    })
  );
  const reasons = waiting.map((result) => rejection(result));
  assertEquals(await rejection(scheduler.run({ signal: controller.signal })), "enough");
  assertEquals(await soon(Promise.all(reasons), "rejections"), Array(4).fill("enough"));
  assertEquals([await running, log], ["a", ["enough"]]);
  assertEquals([scheduler.waiting, scheduler.running], [0, 0]);
  const again = scheduler.add("a", logging(log, "again"));
  await run(scheduler);
  assertEquals(await again, "again");
});

Deno.test("Scheduler.run() ends by its signal although every failure adds a new attempt", async () => {
  const scheduler = new Scheduler();
  const controller = new AbortController();
  const attempts: unknown[] = [];
  const attempt = (): void => {
    scheduler.add("a", turn).catch((reason) => {
      attempts.push(reason);
      attempt();
    });
  };
  const slow = scheduler.add("a", async () => {
    controller.abort("enough");
    for (let i = 0; i < 10; i++) await turn();
    return "slow";
  });
  attempt();
  assertEquals(await rejection(scheduler.run({ signal: controller.signal })), "enough");
  assertEquals([await slow, new Set(attempts)], ["slow", new Set(["enough"])]);
  // The last one came after the run, and is for another.
  assertEquals(scheduler.waiting, 1);
  await run(scheduler);
  assertEquals(scheduler.waiting, 0);
});

Deno.test("Scheduler.run() with an aborted signal starts nothing", async () => {
  const scheduler = new Scheduler();
  const result = scheduler.add("a", () => "started");
  const signal = AbortSignal.abort("before");
  assertEquals(await rejection(scheduler.run({ signal })), "before");
  assertEquals([await rejection(result), scheduler.waiting], ["before", 0]);
  assertEquals(await rejection(scheduler.run({ signal })), "before");
});

Deno.test("Scheduler.run() that joins another brings its signal along", async () => {
  const scheduler = new Scheduler();
  const [first, second] = [new AbortController(), new AbortController()];
  scheduler.add("a", async () => {
    await turn();
    second.abort("second");
    first.abort("first");
  });
  const left = scheduler.add("a", () => "started");
  const running = scheduler.run({ signal: first.signal });
  const joined = scheduler.run({ signal: second.signal });
  assertEquals([await rejection(running), await rejection(joined)], ["second", "second"]);
  assertEquals(await rejection(left), "second");
});

Deno.test("Scheduler lets go of its signals", async () => {
  const { signal } = new AbortController();
  const listening = new Set<unknown>();
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
    listening.add(args[1]);
    addEventListener.apply(signal, args);
  };
  signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
    listening.delete(args[1]);
    removeEventListener.apply(signal, args);
  };
  const scheduler = new Scheduler();
  for (let i = 0; i < 10; i++) scheduler.add(i % 2, turn, { signal });
  assertEquals(listening.size, 1, "one listener is enough");
  await run(scheduler, signal);
  assertEquals(listening.size, 0);
});

Deno.test("Scheduler lets a result's own listener abort before the lane goes on", async () => {
  const scheduler = new Scheduler();
  const controller = new AbortController();
  const { signal } = controller;
  const log: string[] = [];
  const failing = scheduler.add("a", () => Promise.reject("failed"));
  const next = scheduler.add("a", logging(log, "next"), { signal });
  (async () => {
    try {
      await failing;
    } catch (reason) {
      controller.abort(reason);
    }
  })();
  await run(scheduler);
  assertEquals([await rejection(next), log], ["failed", []]);
});

Deno.test("Scheduler takes out 100,000 tasks, by one signal and by many", async () => {
  const scheduler = new Scheduler();
  const one = new AbortController();
  const many = Array.from({ length: 50_000 }, () => new AbortController());
  let rejected = 0;
  const add = (lane: number, { signal }: AbortController): void => {
    scheduler.add(lane, () => {}, { signal }).catch(() => rejected++);
  };
  for (const [i, each] of many.entries()) {
    add(i % 10, one);
    add(i % 10, each);
  }
  // From the end, where a search from the beginning takes longest.
  for (const each of many.toReversed()) each.abort();
  assertEquals(scheduler.waiting, 50_000);
  one.abort();
  assertEquals(scheduler.waiting, 0);
  await run(scheduler);
  assertEquals(rejected, 100_000);
});
