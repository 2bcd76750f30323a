import { assertEquals, assertMatch } from "@std/assert";
import { ConnectionError } from "../../mod.ts";
import { rejectsAs } from "./_deadline.ts";
import { KINDS } from "./_kinds.ts";
import { needing } from "../services/services.ts";

/** Names of what is broken, and functions that break it. */
const BREAKS: readonly (readonly [name: string, fn: () => void])[] = [
  ["Array.prototype.push", () => {
    Array.prototype.push = () => 0;
  }],
  ["Array.prototype.push", () => {
    Array.prototype.push = () => {
      throw new Error("broken");
    };
    throw new Error("and more");
  }],
  ["Uint8Array", () => {
    delete (globalThis as { Uint8Array?: unknown }).Uint8Array;
  }],
  ["Map.prototype.get", () => {
    Map.prototype.get = () => undefined;
  }],
  ["TypedArray.prototype.subarray", () => {
    delete (Object.getPrototypeOf(Uint8Array.prototype) as { subarray?: unknown }).subarray;
  }],
  ["Promise", () => {
    globalThis.Promise = class {} as never;
  }],
  ["Promise", () => {
    delete (globalThis as { Promise?: unknown }).Promise;
  }],
  ["Promise.resolve", () => {
    Promise.resolve = () => {
      throw new Error("broken");
    };
  }],
  ["Array.prototype.push", async () => {
    await new Promise((resolve) => setTimeout(resolve));
    delete (Array.prototype as { push?: unknown }).push;
  }],
];

for (const kind of KINDS.filter(({ way }) => way === "local")) {
  Deno.test(needing(kind.needs, `${kind.name}: patched globals let no call hang`, async () => {
    for (const [name, fn] of BREAKS) {
      await using tun = kind.open({ stderr: () => {} });
      const error = await rejectsAs(ConnectionError, tun.call(fn));
      assertMatch(
        error.message,
        /^Lost the connection to here: the agent exited with code 1: A function has broken /,
      );
      assertEquals(error.message.includes(` ${name}, which the agent needs`), true, error.message);
      assertEquals(await tun.call(Math.max, 1, 2), 2, "the next connection is a new agent's");
    }
    // What works is left alone.
    await using tun = kind.open();
    await tun.call(() => {
      const { push } = Array.prototype;
      Array.prototype.push = function (...items: unknown[]): number {
        return push.apply(this, items);
      };
    });
    assertEquals(await tun.call((list: number[]) => list.map((n) => n + 1), [1, 2]), [2, 3]);
  }));
}
