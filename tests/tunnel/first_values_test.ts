import { existsSync } from "node:fs";
import { basename } from "node:path";
import { pathToFileURL } from "node:url";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { callback, RemoteError, type SubprocessTunnel, type TunnelOptions } from "../../mod.ts";
import { needing, service } from "../services/services.ts";
import { rejectsAs } from "./_deadline.ts";
import { Driver, type Kind, KINDS } from "./_kinds.ts";
import { spyOn } from "./_spy.ts";
import { add } from "../bench/_remote.ts";
import * as functions from "./fixture/functions.ts";

type Call = (tun: SubprocessTunnel) => Promise<unknown>;

const RELAY = new URL("./fixture/one_byte_relay.ts", import.meta.url).pathname;

/** The most bytes that are sent for a first call of plain values, without a source map. */
const MOST = 16 * 1024;

/** Options for a driver with the interpreter of a kind. */
function optionsOf({ runtime }: Kind): TunnelOptions {
  if (runtime === "deno" || runtime === "oldDeno") {
    return { runtime: "deno", deno: service(runtime).path };
  }
  return { runtime: "node", node: service("node").paths[runtime] };
}

async function all(values: unknown): Promise<unknown[]> {
  return await Array.fromAsync(values as AsyncIterable<unknown>);
}

const PLAIN: readonly Call[] = [
  (tun) => tun.call(Date.now),
  (tun) => tun.call(() => undefined),
  (tun) => {
    const three = { three: 3 };
    return tun.call((a: number[]) => ({ a, three, same: three }), [1, 0.5]);
  },
  (tun) => tun.call(() => new Map([["all", new Set([1, new Date(0)])]])),
  (tun) => tun.call((bytes: Uint8Array) => [bytes, "ä"], new Uint8Array(300)),
  (tun) => tun.call((max: typeof Math.max) => max(1, 2), Math.max),
  (tun) => tun.call(add, 1, 2),
  (tun) => tun.call((name: typeof basename) => name("/a/b"), basename),
];

const FORESEEN: readonly Call[] = [
  (tun) => tun.call(async () => (await import("node:path")).basename("/a/b")),
  (tun) => tun.call(existsSync, "/"),
  (tun) => tun.call((exists: typeof existsSync) => exists("/"), existsSync),
  (tun) => tun.call(functions.count),
  (tun) => tun.call((all: Map<number, Date>) => all.size, new Map([[1, new Date(0)]])),
  (tun) => tun.call((text: string) => text.length, "\ud83d"),
  (tun) => tun.call((sparse: number[]) => 1 in sparse, [1, , 2] as number[]),
  (tun) => tun.call((tell: (value: number) => void) => tell(1), callback(() => {})),
  (tun) => tun.call((signal: AbortSignal) => signal.aborted, new AbortController().signal),
  (tun) => {
    class Adder {
      static add = (a: number): number => a + 1;
    }
    return tun.call((a: number) => Adder.add(a), 1);
  },
  async (tun) => await all(await tun.call((of: Iterable<number>) => of, [1].values())),
  async (tun) =>
    await all(
      await tun.call(function* () {
        yield 1;
      }),
    ),
  async (tun) =>
    await rejectsAs(
      RemoteError,
      tun.call(() => {
        throw new Error("x");
      }),
    ),
  async (tun) => {
    await tun.call(Math.max, 1);
    await tun.call(Math.max, 1);
  },
];

const ASKED: readonly Call[] = [
  async (tun) => {
    const error = await rejectsAs(RemoteError, tun.call(JSON.parse, "{"));
    assertStringIncludes(error.message, "SyntaxError");
  },
  async (tun) => {
    const error = await rejectsAs(RemoteError, tun.call(() => [() => {}]));
    assertStringIncludes(error.message, "Cannot encode result[0]");
  },
  async (tun) => assert(Object.isFrozen(await tun.call(Object.freeze, { a: 1 }))),
  async (tun) => assertEquals(await tun.call(() => 2n ** 70n), 2n ** 70n),
  async (tun) => {
    const none = await tun.call(() => Object.create(null));
    assertEquals(Object.getPrototypeOf(none), null);
  },
  async (tun) => assertEquals(await all(await tun.call(() => [1, 2].values())), [1, 2]),
];

for (const kind of KINDS.filter(({ way }) => way === "local")) {
  const test = (name: string, fn: () => Promise<void>): void =>
    Deno.test(needing(kind.needs, `${kind.name}: ${name}`, () => fn()));

  /** Makes a call over a new connection, and says how often the part was sent and asked for. */
  const traffic = async (call: Call): Promise<string> => {
    await using tun = kind.open();
    const traffic = await spyOn(tun);
    await call(tun);
    return `${traffic.values} sent, ${traffic.askedValues} asked`;
  };

  test("first calls of plain values go without the part for others", async () => {
    for (const call of PLAIN) assertEquals(await traffic(call), "0 sent, 0 asked", `${call}`);
  });

  test("the part for values comes along with what needs it, once", async () => {
    for (const call of FORESEEN) assertEquals(await traffic(call), "1 sent, 0 asked", `${call}`);
  });

  test("an agent asks for the part for values, once", async () => {
    for (const call of ASKED) assertEquals(await traffic(call), "1 sent, 1 asked", `${call}`);
  });

  test("many calls at once get the part for values once", async () => {
    await using tun = kind.open();
    const traffic = await spyOn(tun);
    const numbers = Array.from({ length: 20 }, (_, i) => i);
    const results = numbers.map(async (i) => {
      if (i % 3 === 0) return await tun.call((i: number) => Object.freeze([i]), i);
      if (i % 3 === 1) return await all(await tun.call((i: number) => [i].values(), i));
      return await tun.call((i: number) => [i], i);
    });
    assertEquals(await Promise.all(results), numbers.map((i) => [i]));
    assertEquals(traffic.values, 1);
  });

  test("the part for values may come in many pieces", async () => {
    const command = [Deno.execPath(), "run", "-A", "--no-check", RELAY];
    const calls: readonly Call[] = [
      async (tun) => assertEquals(await tun.call(() => [1n, new Error("x").message]), [1n, "x"]),
      async (tun) => assertEquals(await tun.call(() => Object.freeze([1])), [1]),
    ];
    for (const call of calls) {
      await using tun = new Driver(command, optionsOf(kind));
      await call(tun);
      assertEquals(await tun.call(Math.max, 1), 1);
    }
  });

  test("few bytes are sent for a first call of plain values", async () => {
    const folder = await Deno.makeTempDir();
    const module = `${folder}/adder.mjs`;
    await Deno.writeTextFile(
      module,
      "\nexport const adder = (three) => (list) => ({ sum: list[0] + three });\n",
    );
    const { adder } = await import(pathToFileURL(module).href);
    const calls: readonly Call[] = [
      (tun) => tun.call(Date.now),
      async (tun) => assertEquals(await tun.call(adder(3), [4]), { sum: 7 }),
    ];
    try {
      for (const call of calls) {
        const file = `${folder}/sent`;
        await using tun = new Driver(["sh", "-c", 'tee "$0" | "$@"', file], optionsOf(kind));
        await call(tun);
        const { size } = await Deno.stat(file);
        assert(size < MOST, `${call}: ${size} bytes`);
      }
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}
