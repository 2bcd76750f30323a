import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { type BaseTunnel, ErrorResult, Group, GroupResult, Local, RemoteError } from "../../mod.ts";
import { rejection, rejectsAs, soon } from "../tunnel/_deadline.ts";
import { dead, Gate, locals } from "./_tunnels.ts";
import { slow } from "../services/services.ts";

Deno.test("Group.each() works on every member, and tells what came of it by host", async () => {
  await using group = new Group([...locals("a"), dead("b"), ...locals("c")]);
  const result = await group.each(async (tunnel) => {
    const { remotePath } = await tunnel.put({ text: tunnel.host });
    const { bytes } = await tunnel.fetch(remotePath, null);
    await tunnel.call(Deno.remove, remotePath);
    if (tunnel.host === "c") throw new RangeError("not on c");
    return new TextDecoder().decode(bytes);
  });
  assert(result instanceof GroupResult);
  assertEquals([...result.keys()], ["a", "b", "c"]);
  assertEquals([...result.successful()], [["a", "a"]]);
  const failures = new Map(result.failures());
  assertStringIncludes(failures.get("b")!.msg, "Cannot connect to b");
  assert(failures.get("c")!.error instanceof RangeError);
});

Deno.test("Group.each() begins no more hosts once too many have failed", async () => {
  const group = new Group(locals("a", "b", "c"), { concurrency: 1 });
  const begun: string[] = [];
  const result = await group.with({ maxFailures: 0 }).each(({ host }) => {
    begun.push(host);
    throw new Error("no");
  });
  assertEquals(begun, ["a"]);
  const skipped = [...result.failures()].map(([, { skipped }]) => skipped);
  assertEquals(skipped, [false, true, true]);
});

Deno.test("Group.each() waits for its work after an abort, which can clear up", async () => {
  const controller = new AbortController();
  await using group = new Group(locals("a", "b"));
  await group.connect();
  const reason = new Error("enough");
  const cleared: unknown[] = [];
  const begun = [new Gate(), new Gate()];
  const working = group.with({ signal: controller.signal }).each(async (tunnel) => {
    const limited = tunnel.with({ signal: new AbortController().signal });
    const calling = tunnel.call(() => new Promise(() => {}));
    begun[tunnel.host === "a" ? 0 : 1]!.open();
    const error = await rejection(calling);
    await new Promise((resolve) => setTimeout(resolve, 50));
    const { remotePath } = await tunnel.put({ text: tunnel.host });
    await limited.call(Deno.remove, remotePath);
    cleared.push(error, await new Group([tunnel]).call(() => 1));
    if (tunnel.host === "b") throw error;
    return "cleared";
  });
  for (const gate of begun) await soon(gate.opened, "the call");
  controller.abort(reason);
  const result = await soon(working, "the result");
  assertEquals(cleared.map((one) => one === reason || (one as Map<string, number>).size), [
    ...[true, 1, true, 1],
  ]);
  assertEquals(result.get("a"), "cleared");
  const failure = result.get("b");
  assert(failure instanceof ErrorResult && failure.aborted && failure.error === reason);
});

Deno.test("Group.each() has an abort end one operation, also if none was under way", async () => {
  await using group = new Group(locals("a"));
  await group.connect();
  const ends: Record<string, (tunnel: BaseTunnel, abort: () => void) => Promise<unknown>> = {
    "the next call": async (tunnel, abort) => {
      abort();
      return await rejection(tunnel.call(Date.now));
    },
    "the next operation of a group": async (tunnel, abort) => {
      abort();
      return (await new Group([tunnel]).call(Date.now)).get("a");
    },
    "an operation with a signal of its own": async (tunnel, abort) => {
      const limited = tunnel.with({ signal: new AbortController().signal });
      abort();
      return await rejection(limited.call(Date.now));
    },
    "a stream that is being read": async (tunnel, abort) => {
      const stream = await tunnel.call(async function* () {
        yield 1;
        await new Promise(() => {});
      });
      await stream.next();
      const reading = rejection(stream.next());
      abort();
      return await reading;
    },
  };
  for (const [name, end] of Object.entries(ends)) {
    const controller = new AbortController();
    const reason = new Error(name);
    const result = await group.with({ signal: controller.signal }).each(async (tunnel) => {
      const ended = await end(tunnel, () => controller.abort(reason));
      return [ended, await tunnel.call(() => "cleared")] as const;
    });
    const [ended, cleared] = [...result.raiseFailures().values()][0] as [unknown, string];
    assert(ended === reason || (ended as ErrorResult).error === reason, name);
    assertEquals(cleared, "cleared", name);
  }
});

Deno.test("Group.each() refuses what is no function", async () => {
  const group = new Group(locals("a"));
  await rejectsAs(TypeError, group.each("ls" as unknown as (tunnel: BaseTunnel) => void));
});

Deno.test(slow("a GroupResult comes back from the far end, and goes there as a Map", async () => {
  await using tun = new Local("outer");
  const result = await tun.call(async () => {
    await using group = new Group([
      new Local("a", { env: { ODD: "yes" } }),
      new Local("b"),
      dead("c"),
    ]);
    return await group.call(() => {
      if (Deno.env.get("ODD")) throw new TypeError("\x1b[2Jodd");
      return [1, 2];
    });
  });
  assert(result instanceof GroupResult);
  assertEquals([...result.successful()], [["b", [1, 2]]]);
  assertEquals([...result.keys()], ["a", "b", "c"]);
  for (const [, failure] of result.failures()) assert(failure instanceof ErrorResult);
  assertStringIncludes(String(result.get("a")), "TypeError: \\x1b[2Jodd");
  assert((result.get("a") as ErrorResult).tb !== null);
  await rejectsAs(RemoteError, Promise.resolve().then(() => result.raiseFailures()));

  const sent = new GroupResult<number>([["a", 1], ["b", new ErrorResult(new Error("why"))]]);
  const seen = await tun.call(
    (map: Map<string, unknown>) => [map.constructor.name, map.get("a"), map.get("b")],
    sent,
  );
  assertEquals(seen, ["Map", 1, { msg: "why", tb: null }]);
}));
