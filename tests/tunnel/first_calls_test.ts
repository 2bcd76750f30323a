import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { RemoteError, SubprocessTunnel } from "../../mod.ts";
import { needing, service } from "../services/services.ts";
import { rejectsAs } from "./_deadline.ts";
import { KINDS } from "./_kinds.ts";

/** Whether the agent reads its pipe by a socket, which the system then does not let block. */
function readsBySocket(): boolean {
  const [, flags] = /flags:\s*([0-7]+)/.exec(Deno.readTextFileSync("/proc/self/fdinfo/3"))!;
  return (parseInt(flags!, 8) & 0o4000) !== 0;
}

/** Runs the agent behind Node, which gives it sockets for its pipe, as sshd does. */
class BehindSockets extends SubprocessTunnel {
  override readonly host = "behind";

  override command(): string[] {
    const code = "const[c,...a]=process.argv.slice(1)," +
      'p=require("child_process").spawn(c,a,{stdio:["pipe","pipe","inherit"]});' +
      "process.stdin.pipe(p.stdin);p.stdout.pipe(process.stdout);" +
      'p.on("exit",code=>process.exitCode=code)';
    return [service("node").paths["22"], "-e", code];
  }
}

const LOCAL = KINDS.filter(({ way }) => way === "local");

for (const kind of LOCAL.filter(({ isDeno }) => isDeno && Deno.build.os === "linux")) {
  Deno.test(needing(kind.needs, `${kind.name}: the agent loads sockets once they pay`, async () => {
    await using tun = kind.open();
    await tun.connect();
    assertEquals(await tun.call(readsBySocket), false, "the first call");
    await tun.call(Math.max, 1);
    assertEquals(await tun.call(readsBySocket), true, "the third call");
    await using other = kind.open();
    assertEquals(
      (await other.call((bytes: Uint8Array) => bytes, new Uint8Array(2 ** 20))).length,
      2 ** 20,
    );
    assertEquals(await other.call(readsBySocket), true, "a large argument");
  }));

  Deno.test(
    needing(kind.needs, `${kind.name}: an agent that may read no file serves, too`, async () => {
      await using tun = kind.open({ permissions: { net: false } });
      const three = 3;
      assertEquals(await tun.call((a: number) => a + three, 4), 7);
    }),
  );
}

Deno.test(needing(["deno", "node"], "an agent serves whose pipe is a socket", async () => {
  for (const runtime of ["deno", "node"] as const) {
    await using tun = new BehindSockets({
      runtime,
      deno: service("deno").path,
      node: service("node").paths["22"],
    });
    const [one, text, three] = await Promise.all([
      tun.call(Math.max, 1),
      tun.call((size: number) => "x".repeat(size), 2 ** 20),
      tun.call(() => 3),
    ]);
    assertEquals([one, text.length, three, tun.info?.runtime], [1, 2 ** 20, 3, runtime]);
  }
}));

for (const kind of LOCAL) {
  const test = (name: string, fn: () => Promise<void>): void =>
    Deno.test(needing(kind.needs, `${kind.name}: ${name}`, () => fn()));

  test("first calls that are made at once exit alone", async () => {
    await using tun = kind.open({ stderr: () => {} });
    const exit = async (code: number, delay: number): Promise<void> => {
      const { default: process } = await import("node:process");
      await new Promise((resolve) => setTimeout(resolve, delay));
      process.exit(code);
    };
    const early = (code: number, delay: number): Promise<never> =>
      new Promise((_, reject) =>
        setTimeout(() => {
          try {
            globalThis.process.exit(code);
          } catch (error) {
            reject(error);
          }
        }, delay)
      );
    const errors = await Promise.all([
      rejectsAs(RemoteError, tun.call(early, 1, 30)),
      rejectsAs(RemoteError, tun.call(early, 2, 10)),
      rejectsAs(RemoteError, tun.call(exit, 3, 20)),
    ]);
    errors.forEach(({ message }, i) =>
      assertStringIncludes(message, `process.exit(${i + 1}) was called`)
    );
    assertEquals(await tun.call(Math.max, 1, 2), 2);
  });

  test("code that the first call has left belongs to no other call", async () => {
    await using tun = kind.open({ stderr: () => {} });
    const leave = (): void => {
      setTimeout(() => globalThis.process.exit(1), 20);
    };
    const wait = (): Promise<string> =>
      new Promise((resolve) => setTimeout(() => resolve("done"), 60));
    await tun.call(leave);
    assertEquals(await tun.call(wait), "done");
  });

  test("the first call's process and errors are as those of others", async () => {
    const lines: string[] = [];
    await using tun = kind.open({ stderr: (line) => void lines.push(line) });
    const first = (): [number, string | undefined] => {
      setTimeout(() => {
        throw new Error("a stray error");
      });
      return [globalThis.process.execArgv.length, globalThis.process.argv[1]];
    };
    const [flags, script] = await tun.call(first);
    assertEquals(flags, 0);
    assertEquals(await tun.call(first), [flags, script]);
    const where = new Error().stack!;
    const error = await rejectsAs(
      RemoteError,
      tun.call(() => {
        throw new TypeError("thrown in the first call");
      }),
    );
    const [, line] = /first_calls_test\.ts:(\d+)/.exec(where)!;
    assertMatch(
      error.remoteStack ?? "",
      new RegExp(`first_calls_test\\.ts:${Number(line) + 4}:15`),
    );
    assertMatch(error.remoteStack ?? "", /\n {4}at file:/);
    while (lines.filter((one) => one.includes("a stray error")).length < 2) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  });

  test("a first call may return much", async () => {
    await using tun = kind.open();
    const [text, more] = await Promise.all([
      tun.call((size: number) => "x".repeat(size), 3 * 2 ** 20),
      tun.call((size: number) => "y".repeat(size), 5000),
    ]);
    assertEquals([text.length, more.length], [3 * 2 ** 20, 5000]);
    assertEquals(await tun.call(Math.max, 1, 2), 2);
  });

  test("a function without imports goes on when modules have come", async () => {
    await using tun = kind.open();
    let count = 0;
    const next = (): number => ++count;
    assertEquals(await tun.call(next), 1);
    const name = await tun.call(async () => (await import("node:path")).basename("/a/b"));
    assertEquals(name, "b");
    count = 5;
    assertEquals(await tun.call(next), 6);
  });
}
