import { assertEquals, assertMatch } from "@std/assert";
import { ConnectionError, RemoteError, SubprocessTunnel } from "../../mod.ts";
import { rejectsAs, soon } from "./_deadline.ts";
import { KINDS } from "./_kinds.ts";
import { onRuntimes } from "./_runtimes.ts";
import { count } from "./fixture/functions.ts";
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

/** Functions that break what the agent only needs for calls of another kind. */
const LATE_BREAKS: readonly (() => void)[] = [
  () => {
    delete (Array.prototype as { at?: unknown }).at;
  },
  () => {
    Array.prototype.filter = () => undefined as never;
  },
  () => {
    String.prototype.includes = () => {
      throw new Error("broken");
    };
  },
  () => {
    TextDecoder.prototype.decode = () => {
      throw new Error("broken");
    };
  },
];

for (const kind of KINDS.filter(({ way }) => way === "local")) {
  Deno.test(
    needing(
      kind.needs,
      `${kind.name}: patched globals that few calls need let none hang`,
      async () => {
        for (const fn of LATE_BREAKS) {
          await using tun = kind.open({ stderr: () => {} });
          await tun.call(fn).catch(() => {});
          const one = 1;
          const calls = [
            tun.call(() => one),
            tun.call((text: string) => text.length, "é".repeat(1000)),
          ];
          for (const call of calls) {
            const outcome = await soon(call.catch((error) => error), "the end of a call");
            if (typeof outcome === "number") continue;
            assertMatch(
              outcome.message,
              /^Lost the .* code 1: (A function has broken|The agent can)/,
            );
          }
        }
        // These the agent has taken at its start.
        await using tun = kind.open({ stderr: () => {} });
        await tun.call(() => {
          Object.assign(globalThis, { queueMicrotask: () => {} });
          Math.min = Math.floor = () => 0;
        });
        const bytes = new Uint8Array(1e6).fill(7);
        assertEquals(await soon(tun.call((bytes: Uint8Array) => bytes, bytes), "the bytes"), bytes);
      },
    ),
  );

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

onRuntimes("call() carries errors to and from where Error is frozen", async (tun) => {
  await tun.call(() => void Object.freeze(Error));
  const name = await tun.call((error: Error) => `${error}`, new TypeError("text"));
  assertEquals(name, "TypeError: text");
  const thrown = await rejectsAs(
    RemoteError,
    tun.call(() => {
      throw new RangeError("thrown");
    }),
  );
  assertEquals(`${thrown.cause}`, "RangeError: thrown");
});

onRuntimes("a first call cannot take away what watches over the globals", async (tun) => {
  await tun.call(() => {
    Object.assign(globalThis, { Int32Array: undefined, SharedArrayBuffer: undefined });
    Object.assign(Atomics, { waitAsync: undefined });
    setTimeout(() => Object.assign(globalThis, { Uint8Array: undefined }), 100);
  });
  // No call is there to notice it.
  const gone = async (): Promise<void> => {
    while (tun.connected) await new Promise((resolve) => setTimeout(resolve, 20));
  };
  await soon(gone(), "the end of the agent");
});

Deno.test("code that comes later arrives where a script has streams of its own, on Deno", async () => {
  class Elsewhere extends SubprocessTunnel {
    override readonly host = "elsewhere";
    override command(): string[] {
      return ["env"];
    }
  }
  await using tun = new Elsewhere({ runtime: "deno" });
  await tun.call(() => {
    class Other {}
    Object.assign(globalThis, {
      ...{ ReadableStream: Other, WritableStream: Other, TransformStream: Other, Response: Other },
    });
  });
  assertEquals(await tun.call(count), 1);
});
