import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import process from "node:process";
import { callback, ErrorResult, Group, Local, type MapResult, RemoteError } from "../../mod.ts";
import { rejection, soon } from "../tunnel/_deadline.ts";
import { dead, Gate, locals, Silent } from "./_tunnels.ts";

/** All results, in the order of their items. */
async function sorted<I, V>(
  results: AsyncIterable<MapResult<I, V>>,
): Promise<MapResult<I, V>[]> {
  return (await Array.fromAsync(results)).sort((a, b) => a.index - b.index);
}

function square(n: number): number {
  return n * n;
}

Deno.test("Group.map() gives each item to one member", async () => {
  await using group = new Group(locals("a", "b", "c"));
  const items = Array.from({ length: 50 }, (_, i) => i);
  const results = await sorted(group.map(items, square));
  assertEquals(results.map(({ item }) => item), items);
  assertEquals(results.map(({ value }) => value), items.map(square));
  for (const { host, error } of results) {
    assertEquals(error, undefined);
    assert(group.hosts.includes(host!));
  }
});

Deno.test("Group.map() keeps all members at work, as many items as perHost says", async () => {
  await using group = new Group(locals("a", "b"));
  await group.connect();
  const gate = new Gate();
  const waiting: string[] = [];
  const arrive = callback((pid: number) => {
    waiting.push(group.tunnels.find(({ info }) => info?.pid === pid)!.host);
    if (waiting.length === 6) gate.open();
    return gate.opened;
  });
  const work = async (_: number): Promise<void> => await arrive(process.pid);
  const results = await soon(sorted(group.map([1, 2, 3, 4, 5, 6], work, { perHost: 3 })), "map");
  assertEquals(results.length, 6);
  assertEquals(waiting.sort(), ["a", "a", "a", "b", "b", "b"]);
});

Deno.test("Group.map() tells of an item that fails, and tries it again if it may", async () => {
  await using group = new Group(locals("a", "b"));
  const tries: number[] = [];
  const note = callback((n: number) => void tries.push(n));
  const work = async (n: number): Promise<number> => {
    await note(n);
    if (n === 2) throw new RangeError("two");
    return n;
  };
  const results = await sorted(group.map([1, 2, 3], work, { retries: 2 }));
  assertEquals(tries.filter((n) => n === 2).length, 3);
  assertEquals(results.map(({ value }) => value), [1, undefined, 3]);
  const { item, error, host } = results[1]!;
  assertEquals(item, 2);
  assert(error instanceof ErrorResult);
  assertStringIncludes(error!.msg, `failed on ${host}: RangeError: two`);
  assertEquals((await sorted(group.map([2], work)))[0]!.error instanceof ErrorResult, true);
  assertEquals(tries.filter((n) => n === 2).length, 4);
});

Deno.test("Group.map() gives the item of a member that died to another, and dials again", async () => {
  await using group = new Group(locals("a", "b", "c"));
  const file = await Deno.makeTempFile();
  const died: number[] = [];
  const note = callback((pid: number) => void died.push(pid));
  const work = async (n: number, fs = Deno): Promise<number> => {
    if (n % 10 === 3 && !fs.readTextFileSync(file).includes(`-${n}-`)) {
      fs.writeTextFileSync(file, `-${n}-`, { append: true });
      await note(process.pid);
      process.kill(process.pid, "SIGKILL");
      await new Promise(() => {});
    }
    return n;
  };
  const items = Array.from({ length: 40 }, (_, i) => i);
  const results = await soon(
    sorted(group.map(items, (n: number) => work(n), { perHost: 2 })),
    "map",
  );
  assertEquals(results.map(({ value }) => value), items);
  assertEquals(new Set(died).size, 4);
  await Deno.remove(file);
});

Deno.test("Group.map() gives an item up that ends each host's agent", async () => {
  await using group = new Group(locals("a", "b"));
  const work = async (n: number): Promise<number> => {
    if (n === 2) {
      process.kill(process.pid, "SIGKILL");
      await new Promise(() => {});
    }
    return n;
  };
  const results = await soon(sorted(group.map([1, 2, 3], work)), "map");
  assertEquals(results.map(({ value }) => value), [1, undefined, 3]);
  assertStringIncludes(results[1]!.error!.msg, "Lost the connection");
});

Deno.test("Group.map() leaves members out that cannot be reached", async () => {
  await using group = new Group([dead("x"), ...locals("a"), dead("y")]);
  const results = await sorted(group.map([1, 2, 3], square));
  assertEquals(results.map(({ host, value }) => [host, value]), [["a", 1], ["a", 4], ["a", 9]]);
  await using none = new Group([dead("x"), dead("y")]);
  const error = await assertRejects(() => sorted(none.map([1], square)), RemoteError);
  assertStringIncludes(error.message, "2 of 2 hosts failed");
  assertStringIncludes(error.message, "found no Deno");
});

Deno.test("Group.map() fails when more hosts are lost than maxFailures allows", async () => {
  await using group = new Group([dead("x"), dead("y"), new Silent("silent")]);
  const limited = group.with({ maxFailures: 1 });
  await assertRejects(() => soon(sorted(limited.map([1], square)), "map"), Error, "maxFailures");
});

Deno.test("Group.map() does not wait for a member that joins late", async () => {
  await using group = new Group([new Silent("late"), ...locals("a")]);
  const results = await soon(sorted(group.map([1, 2, 3], square)), "map");
  assertEquals(results.map(({ host }) => host), ["a", "a", "a"]);
});

Deno.test("Group.map() yields what is ready first", async () => {
  await using group = new Group(locals("a", "b"));
  const gate = new Gate();
  const wait = callback(() => gate.opened);
  const work = async (n: number): Promise<number> => {
    if (n === 0) await wait();
    return n;
  };
  const order: number[] = [];
  for await (const { item } of group.map([0, 1, 2, 3], work)) {
    order.push(item);
    if (order.length === 3) gate.open();
  }
  assertEquals(order, [1, 2, 3, 0]);
});

Deno.test("Group.map() reads its items no faster than they are worked on", async () => {
  await using group = new Group(locals("a", "b"));
  let read = 0;
  let isOver = false;
  const endless = async function* (): AsyncGenerator<number> {
    try {
      while (true) yield await Promise.resolve(read++);
    } finally {
      isOver = true;
    }
  };
  let seen = 0;
  for await (const _ of group.map(endless(), square, { perHost: 2 })) {
    // Four are worked on, four wait for this loop, and one may have been handed out.
    assert(read - seen <= 10, `${read} were read after ${seen}`);
    if (++seen === 500) break;
    if (seen % 100 === 0) await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await soon(
    (async () => {
      while (!isOver) await new Promise((resolve) => setTimeout(resolve, 10));
    })(),
    "the end of the items",
  );
});

Deno.test("leaving Group.map() ends the calls", async () => {
  await using group = new Group(locals("a", "b"));
  const there = new Gate();
  let others = 0;
  const arrive = callback(() => ++others === 1 && there.open());
  const work = async (n: number): Promise<number> => {
    if (n === 0) return n;
    await arrive();
    return await new Promise<number>(() => {});
  };
  for await (const { item } of group.map([0, 1, 2, 3, 4], work)) {
    assertEquals(item, 0);
    await soon(there.opened, "a call");
    break;
  }
  assertEquals(await group.tunnels[1]!.call(Math.max, 7), 7);
});

Deno.test("Group.map() can be left before it begins, and connects nobody for nothing", async () => {
  await using group = new Group(locals("a", "b"));
  await group.map([1], square).return();
  assertEquals(await sorted(group.map([], square)), []);
  assertEquals(group.tunnels.map(({ connected }) => connected), [false, false]);
});

Deno.test("a signal ends Group.map() with its reason", async () => {
  await using group = new Group(locals("a"));
  const endless = function* (): Generator<number> {
    for (let i = 0;; i++) yield i;
  };
  const reason = new Error("enough");
  for (const way of ["option", "group"]) {
    const controller = new AbortController();
    const { signal } = controller;
    const results = way === "group"
      ? group.with({ signal }).map(endless(), square)
      : group.map(endless(), square, { signal });
    let seen = 0;
    const error = await rejection((async () => {
      for await (const _ of results) if (++seen === 5) controller.abort(reason);
    })());
    assertEquals(error, reason);
  }
  const aborted = group.map([1], square, { signal: AbortSignal.abort(reason) });
  assertEquals(await rejection(aborted.next()), reason);
  assertEquals(await aborted.next(), { done: true, value: undefined });
});

Deno.test("items that fail are the error behind the results", async () => {
  await using group = new Group(locals("a"));
  const items = function* (): Generator<number> {
    yield 1;
    yield 2;
    throw new RangeError("no third");
  };
  const seen: number[] = [];
  const read = async (): Promise<void> => {
    for await (const { value } of group.map(items(), square)) seen.push(value!);
  };
  await assertRejects(read, RangeError, "no third");
  assertEquals(seen, [1, 4]);
});

Deno.test("Group.map() rejects what is wrong with the function, and names an item's fault", async () => {
  await using group = new Group(locals("a"));
  const own = new WeakRef({});
  await assertRejects(() => sorted(group.map([1], (n: number) => [n, own])), TypeError, "own");
  const items = [{ n: 1 }, { n: 2, own }] as { n: number }[];
  const [one, two] = await sorted(group.map(items, ({ n }: { n: number }) => n));
  assertEquals(one!.value, 1);
  assertEquals([two!.item, "host" in two!], [items[1], false]);
  assertStringIncludes(two!.error!.msg, "WeakRef");
});

Deno.test("Group.map() refuses arguments that are of the wrong kind", () => {
  const group = new Group([new Local("a")]);
  const cases: [() => unknown, string][] = [
    [() => group.map(3 as never, square), "items is 3: expected an array or another iterable"],
    [() => group.map("ab" as never, square), 'items is "ab": expected an array or'],
    [() => group.map([1], 3 as never), "Cannot call 3: it is not a function"],
    [() => group.map([1], square, { perHost: 0 }), "perHost is 0: expected an integer, at least 1"],
    [() => group.map([1], square, { retries: -1 }), "retries is -1: expected an integer, at least"],
    [() => group.map([1], square, { tries: 1 } as never), 'options has "tries": expected one of'],
    [() => group.map([1], square, { signal: 3 as never }), "signal is 3: expected an AbortSignal"],
  ];
  for (const [run, message] of cases) assertThrows(run, Error, message);
});

Deno.test("Group.map() of a group without members fails", async () => {
  await assertRejects(() => sorted(new Group([]).map([1], square)), TypeError, "no members");
});

Deno.test("a member that is closed meanwhile is not opened again", async () => {
  await using group = new Group(locals("a", "b"));
  await group.connect();
  const [first] = group.tunnels;
  const endless = async function* (): AsyncGenerator<number> {
    for (let i = 0; i < 200; i++) {
      if (i === 50) await first!.close();
      yield i;
    }
  };
  const results = await sorted(group.map(endless(), square));
  assertEquals(results.length, 200);
  assert(results.every(({ error }) => error === undefined));
  assertEquals(first!.connected, false);
});

Deno.test("Group.get() gives a member", () => {
  const group = new Group(locals("a", "b"));
  assertEquals(group.get("b"), group.tunnels[1]);
  assertEquals(group.get("c"), undefined);
});
