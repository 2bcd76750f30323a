import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { type BaseTunnel, ErrorResult, Group, GroupResult, Local, RemoteError } from "../../mod.ts";
import { rejectsAs, soon } from "../tunnel/_deadline.ts";
import { dead, Gate, locals } from "./_tunnels.ts";

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

Deno.test("Group.each() ends by the group's signal, whatever the function waits for", async () => {
  const controller = new AbortController();
  const begun = new Gate();
  const group = new Group(locals("a"));
  const working = group.with({ signal: controller.signal }).each(() => {
    begun.open();
    return new Promise(() => {});
  });
  await soon(begun.opened, "the function");
  controller.abort(new Error("enough"));
  const outcome = (await soon(working, "the result")).get("a");
  assert(outcome instanceof ErrorResult && outcome.aborted);
});

Deno.test("Group.each() refuses what is no function", async () => {
  const group = new Group(locals("a"));
  await rejectsAs(TypeError, group.each("ls" as unknown as (tunnel: BaseTunnel) => void));
});

Deno.test("a GroupResult comes back from the far end, and goes there as a Map", async () => {
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
});
