import {
  assertEquals,
  assertInstanceOf,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { inspect } from "node:util";
import { Group } from "../../group/group.ts";
import type { GroupResult } from "../../group/group_result.ts";
import { AsyncResult } from "../../queue/async_result.ts";
import { NotCompleted } from "../../queue/not_completed.ts";
import { Queue } from "../../queue/queue.ts";
import { soon } from "../tunnel/_deadline.ts";
import * as far from "./fixture/far.ts";
import { failure, run, withTunnels } from "./_tunnels.ts";
import { turn } from "./_turn.ts";

/** What was written with `console.error` while `work` ran. */
async function errorsOf(work: () => Promise<void>): Promise<unknown[][]> {
  const lines: unknown[][] = [];
  const { error } = console;
  console.error = (...line) => lines.push(line);
  try {
    await work();
  } finally {
    console.error = error;
  }
  return lines;
}

withTunnels("AsyncResult.value throws NotCompleted before the operation is over", async (a, b) => {
  const queue = new Queue();
  const count = queue.call(a, far.count);
  const counts = queue.call(new Group([a, b]), far.count);
  const error = assertThrows(() => count.value, NotCompleted);
  assertEquals(
    [error.name, error.message],
    ["NotCompleted", "Cannot read the result of call(count) on a: not completed"],
  );
  assertThrows(() => counts.value, NotCompleted, "call(count) on 2 hosts");
  await run(queue);
  assertEquals([count.value, counts.value.get("a")], [1, 2]);
});

withTunnels(
  "AsyncResult.withCallback() calls before the promise and the next operation",
  async (a) => {
    const queue = new Queue();
    const controller = new AbortController();
    const { signal } = controller;
    const order: string[] = [];
    const first = queue.call(a, JSON.parse, "{");
    first.promise.then(() => order.push("promise"));
    const chained = first.withCallback((result) => {
      order.push("callback");
      assertStrictEquals(result, first.value);
      controller.abort("no more");
    });
    assertStrictEquals(chained, first);
    const next = queue.with({ signal }).call(a, far.count);
    const kept = queue.call(a, far.count);
    await run(queue);
    assertEquals(order, ["callback", "promise"]);
    assertEquals(failure(next.value).skipped, true);
    assertEquals(kept.value, 1);
  },
);

withTunnels("AsyncResult.withCallback() may put more in, which the same run does", async (a, b) => {
  const queue = new Queue();
  const group = new Group([a, b]);
  const counts: unknown[] = [];
  const again = (result: GroupResult<number>): void => {
    counts.push([...result.values()]);
    if (counts.length < 3) queue.call(group, far.count).withCallback(again);
  };
  queue.call(group, far.count).withCallback(again);
  await run(queue);
  assertEquals(counts, [[1, 1], [2, 2], [3, 3]]);
});

withTunnels("AsyncResult.withCallback() may be asynchronous, and the run waits", async (a, b) => {
  const queue = new Queue({ concurrency: 1 });
  const counts: unknown[] = [];
  queue.call(a, far.count).withCallback(async (first) => {
    await b.connect();
    // The lane is free for it meanwhile.
    const second = await queue.call(a, far.count).promise;
    await b.close();
    counts.push(first, second);
    queue.call(a, far.count).withCallback((third) => counts.push(third));
  });
  await run(queue);
  assertEquals(counts, [1, 2, 3]);
});

withTunnels("AsyncResult.withCallback() reports what is thrown, which stops nothing", async (a) => {
  const queue = new Queue();
  const [thrown, rejected] = [new Error("thrown"), new Error("rejected\x1b[2J")];
  const lines = await errorsOf(async () => {
    const results = [
      queue.call(a, far.count).withCallback(() => {
        throw thrown;
      }),
      queue.call(a, far.count).withCallback(async () => {
        await turn();
        throw rejected;
      }),
      queue.call(a, far.count),
    ];
    await run(queue);
    assertEquals(results.map(({ value }) => value), [1, 2, 3]);
    assertEquals(await results[0]!.promise, 1);
  });
  const text = "The callback for call(count) on a threw";
  assertEquals(lines.map((line) => line.length), [1, 1]);
  assertStringIncludes(String(lines[0]), `${text} ${thrown}`);
  assertStringIncludes(String(lines[1]), `${text} Error: rejected\\x1b[2J`);
});

withTunnels("AsyncResult.withCallback() takes one function, early or late", async (a) => {
  const queue = new Queue();
  const count = queue.call(a, far.count);
  assertThrows(
    () => count.withCallback("print" as unknown as () => void),
    TypeError,
    "Cannot call print back: it is not a function",
  );
  await run(queue);
  const { promise, resolve } = Promise.withResolvers<unknown>();
  let now = true;
  count.withCallback((value) => resolve([value, now]));
  now = false;
  assertEquals(await soon(promise, "the callback"), [1, false]);
  assertThrows(
    () => count.withCallback(() => {}),
    TypeError,
    "Cannot call back twice with the result of call(count) on a: it has a callback",
  );
});

withTunnels("AsyncResult can be inspected", async (a) => {
  const queue = new Queue();
  const text = queue.call(a, String, "x");
  assertEquals(Deno.inspect(text), "AsyncResult { call(String) on a: not completed }");
  await run(queue);
  assertEquals(Deno.inspect(text), 'AsyncResult { call(String) on a: "x" }');
  assertEquals(Deno.inspect({ text }), '{ text: AsyncResult { call(String) on a: "x" } }');
  assertEquals(inspect(text), "AsyncResult { call(String) on a: 'x' }");
  assertInstanceOf(text, AsyncResult);
});
