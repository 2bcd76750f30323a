import { assert, assertEquals } from "@std/assert";
import process from "node:process";
import { callback, ErrorResult, Group } from "../../mod.ts";
import { rejection, soon } from "../tunnel/_deadline.ts";
import { dead, Gate, locals, Silent } from "./_tunnels.ts";

/** Waits at the host of which the process is given, until that is called back. */
async function pass(slow: number, wait: () => Promise<void>): Promise<number> {
  if (process.pid === slow) await wait();
  return process.pid;
}

Deno.test("Group.stream() yields hosts as they finish", async () => {
  await using group = new Group([...locals("slow", "a"), dead("x"), ...locals("b")]);
  await group.connect();
  const gate = new Gate();
  const order: string[] = [];
  const slow = group.tunnels[0]!.info!.pid;
  for await (const [host, result] of group.stream(pass, slow, callback(() => gate.opened))) {
    order.push(host);
    if (order.length === 3) gate.open();
    if (host === "x") assert(result instanceof ErrorResult);
    else assertEquals(result, group.tunnels.find((one) => one.host === host)!.info!.pid);
  }
  assertEquals(order.slice(0, 3).sort(), ["a", "b", "x"]);
  assertEquals(order[3], "slow");
});

Deno.test("leaving Group.stream() early ends what runs, and begins nothing more", async () => {
  await using group = new Group(locals("a", "b", "c", "d"), { concurrency: 2 });
  await new Group(group.tunnels.slice(0, 2)).connect();
  const there = new Gate();
  const first = group.tunnels[0]!.info!.pid;
  const work = async (first: number, arrive: () => Promise<void>): Promise<string> => {
    if (process.pid === first) return "first";
    await arrive();
    return await new Promise<string>(() => {});
  };
  for await (const [host, result] of group.stream(work, first, callback(there.open))) {
    assertEquals([host, result], ["a", "first"]);
    await soon(there.opened, "the second host");
    break;
  }
  assertEquals(group.tunnels[3]!.connected, false);
  // Its agent is as good as before.
  assertEquals(await group.tunnels[1]!.call(Math.max, 7), 7);
});

Deno.test("Group.stream() can be ended while it waits", async () => {
  await using group = new Group([new Silent("silent"), new Silent("mute")]);
  const stream = group.stream(Date.now);
  const next = stream.next();
  assertEquals(await soon(stream.return(), "the end"), { done: true, value: undefined });
  assertEquals((await soon(next, "the next")).done, true);
  assertEquals((await stream.next()).done, true);
  const error = new Error("other");
  assertEquals(await rejection(stream.throw(error)), error);
});

Deno.test("Group.stream() begins nothing before it is asked", async () => {
  const group = new Group(locals("a"));
  const stream = group.stream(Date.now);
  await stream.return();
  assertEquals((await stream.next()).done, true);
  {
    await using _unused = group.stream(Date.now);
  }
  assertEquals(group.tunnels[0]!.connected, false);
});

Deno.test("Group.stream() keeps to the group's signal", async () => {
  await using group = new Group([...locals("a"), new Silent("silent")]);
  const controller = new AbortController();
  const order: unknown[] = [];
  for await (
    const [host, result] of group.with({ signal: controller.signal }).stream(Math.max, 1)
  ) {
    order.push(host, result instanceof ErrorResult ? [result.aborted, result.msg] : result);
    controller.abort("enough");
  }
  assertEquals(order, ["a", 1, "silent", [true, "enough"]]);
});

Deno.test("streams that Group.stream() gave last beyond the loop", async () => {
  await using group = new Group(locals("a", "b", "c"));
  const count = async function* (): AsyncGenerator<number> {
    yield 1;
    await Promise.resolve();
    yield 2;
  };
  const streams: AsyncIterable<number>[] = [];
  for await (const [, result] of group.stream(count)) {
    assert(!(result instanceof ErrorResult));
    streams.push(result as AsyncIterable<number>);
    if (streams.length === 2) break;
  }
  for (const stream of streams) assertEquals(await Array.fromAsync(stream), [1, 2]);
});
