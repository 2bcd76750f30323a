import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { lines } from "../../agent/sh.ts";
import { callback, ErrorResult, Group } from "../../mod.ts";
import { soon } from "../tunnel/_deadline.ts";
import { dead, Gate, locals } from "./_tunnels.ts";

Deno.test("Group.follow() merges streams, and a host that fails yields one error", async () => {
  await using group = new Group([...locals("a", "b"), dead("x")]);
  const seen = new Map<string, string[]>();
  for await (const [host, line] of group.follow(lines, "echo 1; echo 2")) {
    const text = line instanceof ErrorResult ? line.msg.slice(0, 14) : line;
    seen.set(host, [...seen.get(host) ?? [], text]);
  }
  assertEquals(Object.fromEntries(seen), {
    a: ["1", "2"],
    b: ["1", "2"],
    x: ["Cannot connect"],
  });
});

Deno.test("Group.follow() yields the items of a stream that fails, and then why", async () => {
  await using group = new Group(locals("a"));
  const items = await Array.fromAsync(group.follow(async function* () {
    yield await Promise.resolve(1);
    throw new RangeError("broken");
  }));
  assertEquals(items.length, 2);
  assertEquals(items[0], ["a", 1]);
  assert(items[1]![1] instanceof ErrorResult);
  assertStringIncludes((items[1]![1] as ErrorResult).msg, "RangeError: broken");
});

Deno.test("Group.follow() yields an item when it comes", async () => {
  await using group = new Group(locals("quick", "slow"));
  await group.connect();
  const slow = group.get("slow")!.info!.pid;
  const gate = new Gate();
  const wait = callback(() => gate.opened);
  const hosts: string[] = [];
  const stream = async function* (): AsyncGenerator<number> {
    const { pid } = (await import("node:process")).default;
    if (pid === slow) await wait();
    yield 1;
    yield 2;
  };
  for await (const [host] of group.follow(stream)) {
    hosts.push(host);
    if (hosts.length === 2) gate.open();
  }
  assertEquals(hosts, ["quick", "quick", "slow", "slow"]);
});

Deno.test("Group.follow() takes arrays and web streams, and refuses what is neither", async () => {
  await using group = new Group(locals("a"));
  assertEquals(await Array.fromAsync(group.follow(() => [1, 2])), [["a", 1], ["a", 2]]);
  const web = (): ReadableStream<string> =>
    new Blob(["text"]).stream()
      .pipeThrough(new TextDecoderStream());
  assertEquals(await Array.fromAsync(group.follow(web)), [["a", "text"]]);
  const [[, none]] = await Array.fromAsync(group.follow((() => 3) as never)) as [[string, unknown]];
  assert(none instanceof ErrorResult);
  assertStringIncludes((none as ErrorResult).msg, "its result is not a stream");
});

Deno.test("leaving Group.follow() ends the streams", async () => {
  await using group = new Group(locals("a", "b"));
  const ended = new Gate();
  let count = 0;
  const tell = callback(() => ++count === 2 && ended.open());
  const stream = async function* (): AsyncGenerator<number> {
    try {
      for (let i = 0;; i++) {
        yield i;
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    } finally {
      await tell();
    }
  };
  const hosts = new Set<string>();
  for await (const [host] of group.follow(stream)) {
    if (hosts.add(host).size === 2) break;
  }
  await soon(ended.opened, "the end of the streams");
});

Deno.test("Group.follow() is not faster than its reader", async () => {
  await using group = new Group(locals("a", "b"));
  let made = 0;
  const note = callback((n: number) => void (made = Math.max(made, n)));
  const stream = async function* (): AsyncGenerator<number> {
    for (let i = 0;; i++) {
      if (i % 50 === 0) await note(i);
      yield i;
    }
  };
  const results = group.follow(stream);
  await results.next();
  await new Promise((resolve) => setTimeout(resolve, 300));
  assert(made < 1_000, `${made} were made`);
  await results.return();
});

Deno.test("Group.follow() follows more members than it begins at a time", async () => {
  await using group = new Group(locals("a", "b", "c"), { concurrency: 1 });
  const hosts = new Set<string>();
  for await (const [host] of group.follow(lines, "echo; exec sleep 1000")) {
    if (hosts.add(host).size === 3) break;
  }
});

Deno.test("Group.follow() rejects what cannot be sent", async () => {
  await using group = new Group(locals("a", "b"));
  const own = new WeakRef({});
  const stream = function* (): Generator<unknown> {
    yield own;
  };
  await assertRejects(() => group.follow(stream).next(), TypeError, "own");
});

Deno.test("a group's signal ends Group.follow(), as an error of each host", async () => {
  await using group = new Group(locals("a", "b"));
  const controller = new AbortController();
  const seen: [string, unknown][] = [];
  const under = group.with({ signal: controller.signal });
  for await (const [host, line] of under.follow(lines, "echo 1; exec sleep 1000")) {
    seen.push([host, line instanceof ErrorResult ? line.aborted : line]);
    if (seen.length === 2) controller.abort();
  }
  assertEquals(seen.sort(), [["a", "1"], ["a", true], ["b", "1"], ["b", true]]);
});
