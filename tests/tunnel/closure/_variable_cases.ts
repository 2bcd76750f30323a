/**
 * Functions by value that use variables around them, and functions among the arguments. The test
 * imports this file; run as a script, it does the same with functions of an entry script.
 *
 * @module
 */
import { assertEquals, assertMatch, assertRejects, assertStrictEquals } from "@std/assert";
import os, { EOL as lineEnd, hostname } from "node:os";
import process from "node:process";
import url from "node:url";
import zlib from "node:zlib";
import { RemoteError } from "../../../mod.ts";
import evenDefault, * as evenModule from "../fixture/parity.ts";
import { type Parity, parity as renamed } from "../fixture/parity.ts";
// deno-lint-ignore verbatim-module-syntax -- used as a type only, though it does not say so
import { Parity as UnmarkedType } from "../fixture/parity.ts";
import { type Cases, runCases } from "./_run_cases.ts";

const port = 8080;
let counter = 0;
const label = { text: "label", deep: { list: [1, 2] } };
const { log } = console;
const D = globalThis.Deno;
const m = Math;
const { max } = m;
const { fileURLToPath } = url;
const { gzipSync, gunzipSync } = zlib;
const { env } = process;
// Before the first call, which looks through all globals.
const { groupEnd } = Object.assign(console, { groupEnd: () => `ended ${counter}` });

function greet(name = "nobody"): string {
  return `hello ${name} at ${port}`;
}

function makeCounter(start: number): { up: () => number; read: () => number } {
  let n = start;
  return { up: () => ++n, read: () => n };
}

class Shape {
  readonly side: number;
  constructor(side: number) {
    this.side = side;
  }
}

/** Each case, by what the function uses. */
export const cases: Cases = {
  async "imports of every form"(tun) {
    assertEquals(await tun.call(() => evenDefault(4)), true);
    assertEquals(await tun.call(() => evenModule.parity(3)), "odd");
    assertEquals(await tun.call(() => Object.keys(evenModule).length > 2), true);
    const typed = (n: number): Parity | UnmarkedType => renamed(n);
    assertEquals(await tun.call(typed, 2), "even");
    assertEquals(await tun.call(() => [os.EOL === lineEnd, hostname()]), [
      true,
      tun.info!.hostname,
    ]);
    // There is one instance, by reference and by value.
    const before = await tun.call(evenModule.tick);
    assertEquals(await tun.call(() => evenModule.tick()), before + 1);
    assertEquals(await tun.call(() => evenModule.ticks), before + 1);
    const namespace = evenModule;
    assertEquals(await tun.call((given) => given.parity(1), namespace), "odd");
    assertEquals(await tun.call((given) => given.hostname(), os), tun.info!.hostname);
  },

  async "import.meta and import()"(tun) {
    const [url, main] = await tun.call(() => [import.meta.url, import.meta.main] as const);
    assertEquals([url, main], [import.meta.url, false]);
    assertEquals(
      await tun.call(() => import.meta.resolve("../fixture/parity.ts")),
      import.meta.resolve("../fixture/parity.ts"),
    );
    assertEquals(
      await tun.call(() => [import.meta.filename, import.meta.dirname]),
      [import.meta.filename, import.meta.dirname],
    );
    assertEquals(
      await tun.call(async () => (await import("../fixture/parity.ts")).parity(7)),
      "odd",
    );
    assertEquals(
      await tun.call(async () =>
        (await import("../fixture/data.json", { with: { type: "json" } })).default.side === 4
      ),
      true,
    );
    const same = await tun.call(async () => (await import("../fixture/parity.ts")) === evenModule);
    assertEquals(same, true);
    assertEquals(
      await tun.call(async () => typeof (await import("node:fs")).readFileSync),
      "function",
    );
  },

  async "variables as they are at the time of the call"(tun) {
    let n = 1;
    const promise = tun.call(() => n);
    n = 2;
    assertEquals(await promise, 1);
    assertEquals(await tun.call(() => n), 2);
    counter = 5;
    const read = (): number => counter;
    const first = tun.call(read);
    counter = 6;
    const second = tun.call(read);
    counter = 7;
    assertEquals(await Promise.all([first, second, tun.call(read)]), [5, 6, 7]);
    // A change at the far end stays there, and is lost after the call.
    assertEquals(await tun.call(() => ++counter), 8);
    assertEquals(await tun.call(() => ++counter), 8);
    assertEquals(counter, 7);
    label.deep.list.push(3);
    const deep = tun.call(() => label.deep.list);
    assertEquals(await deep, [1, 2, 3]);
    label.deep.list.pop();
  },

  async "closures that share a variable, and those that do not"(tun) {
    const { up, read } = makeCounter(10);
    assertEquals(await tun.call(() => [up(), up(), read()]), [11, 12, 12]);
    assertEquals(read(), 10);
    const [a, b] = [makeCounter(0), makeCounter(0)];
    assertEquals(await tun.call(() => [a.up(), a.up(), b.up(), a.read(), b.read()]), [
      1,
      2,
      1,
      2,
      1,
    ]);
    assertEquals(await tun.call(a.up), 1);
    const [c, d] = [makeCounter(1), makeCounter(2)];
    assertEquals(
      await tun.call((list) => list.map(({ up, read }) => [up(), up(), read()]), [c, d]),
      [[2, 3, 3], [3, 4, 4]],
    );
    const list = [0, 1, 2].map((i) => () => i * 10);
    assertEquals(await tun.call(() => list.map((one) => one())), [0, 10, 20]);
    let shared = 0;
    const add = (): void => void shared++;
    assertEquals(
      await tun.call(() => {
        add();
        add();
        return shared;
      }),
      2,
    );
  },

  async "data of every kind, with cycles and functions in it"(tun) {
    const cycle: { self?: unknown; name: string } = { name: "cycle" };
    cycle.self = cycle;
    const map = new Map<unknown, unknown>([["a", 1], [cycle, new Set([1, cycle])]]);
    const bytes = new Uint8Array([1, 2, 255]);
    const table = { add: (a: number, b: number) => a + b + port, list: [(x: string) => x + "!"] };
    assertEquals(
      await tun.call(() => [
        cycle.self === cycle,
        map.get(cycle) instanceof Set && map.get("a"),
        bytes.reduce((a, b) => a + b),
        table.add(1, 2),
        table.list[0]!("x"),
        10n ** 20n,
      ]),
      [true, 1, 258, 8083, "x!", 10n ** 20n],
    );
    const big = 12n, date = new Date(5), pattern = /a+/g, address = new URL("http://a/b");
    assertEquals(
      await tun.call(() => [big, date.getTime(), "caat".replace(pattern, "o"), address.pathname]),
      [12n, 5, "cot", "/b"],
    );
    // All functions that use it share one object.
    const one = (): object => cycle;
    assertEquals(await tun.call((given) => one() === given && given === cycle, cycle), true);
  },

  async "built-ins under other names"(tun) {
    assertEquals(await tun.call(() => [m.max(1, 2), max(3, 4), m === Math]), [2, 4, true]);
    assertEquals(await tun.call(() => [log === console.log, typeof log]), [true, "function"]);
    if (tun.info!.runtime === "deno") assertEquals(await tun.call(() => D.pid), tun.info!.pid);
    const { parse } = JSON, C = console, P = Promise, { iterator } = Symbol;
    const key = Symbol.for("chopsticks.test");
    assertEquals(
      await tun.call(() => [
        parse("[1]"),
        C === console,
        P === Promise,
        iterator === Symbol.iterator,
        key === Symbol.for("chopsticks.test"),
      ]),
      [[1], true, true, true, true],
    );
    const g = globalThis;
    assertEquals(await tun.call(() => g === globalThis), true);
    const E = RangeError;
    assertEquals(await tun.call((Type) => new Type("x") instanceof E, E), true);
  },

  async "built-ins of node: modules, and of instances"(tun) {
    assertEquals(await tun.call(() => fileURLToPath("file:///a")), "/a");
    assertEquals(await tun.call(() => gunzipSync(gzipSync("text")).toString()), "text");
    assertEquals(await tun.call(() => env.PATH !== undefined), true);
    assertEquals(typeof await tun.call(performance.now), "number");
    if (tun.info!.version.startsWith("18.")) return; // which has no global crypto
    assertEquals((await tun.call(crypto.randomUUID)).length, 36);
  },

  async "built-in objects in other values"(tun) {
    assertEquals(await tun.call((given) => given.max(1, 2), Math), 2);
    assertEquals(await tun.call(({ list }) => list[0]!.stringify([1]), { list: [JSON] }), "[1]");
    const table = { Math, console, Intl };
    assertEquals(
      await tun.call(() => [table.Math === Math, typeof table.console.log, table.Intl === Intl]),
      [true, "function", true],
    );
  },

  async "objects with symbols for keys"(tun) {
    const streaming = {
      async *[Symbol.asyncIterator](): AsyncGenerator<number> {
        yield port;
      },
    };
    assertEquals(
      await tun.call(async () => {
        for await (const value of streaming) return value;
      }),
      8080,
    );
    const list = {
      items: [1, 2],
      *[Symbol.iterator](): Generator<number> {
        yield* this.items;
      },
      [Symbol("unknown")]: new WeakRef({}),
    };
    const read = (): unknown => [...list];
    assertEquals(await tun.call(read), [1, 2]);
    assertEquals(await tun.call((given) => [...given], list), [1, 2]);
    assertEquals(await tun.call((given) => given === list && Object.keys(given), list), ["items"]);
    assertEquals(await tun.call<[Iterable<number>], number[]>(Array.from, list), [1, 2]);
    assertEquals(
      await tun.call(({ empty }) => [...empty], { empty: { *[Symbol.iterator]() {} } }),
      [],
    );
  },

  async "the namespace of a module, some of whose exports have no copy"(tun) {
    const namespace = await import("../fixture/no_copy.ts");
    assertEquals(await tun.call(() => namespace.double(4)), 8);
    assertEquals(await tun.call(({ list }) => list[0]!.double(4), { list: [namespace] }), 8);
    assertEquals(await tun.call(async () => await import("../fixture/even.ts") === null), false);
  },

  async "names that hide others, and those that nobody declares"(tun) {
    const name = "outer";
    const shadow = (port: number): unknown => {
      const name = "inner";
      {
        const name = port;
        if (name !== port) return;
      }
      return [name, port, (() => port + 1)()];
    };
    assertEquals(await tun.call(shadow, 1), ["inner", 1, 2]);
    assertEquals(await tun.call(() => name), "outer");
    // deno-lint-ignore no-explicit-any -- a name that is not there
    assertEquals(await tun.call(() => typeof (globalThis as any).nothingSuch), "undefined");
    const Math = { max: () => "mine" };
    assertEquals(await tun.call(() => Math.max()), "mine");
    const $ = 1, $m = 2, _ = 3;
    assertEquals(await tun.call(() => [$, $m, _]), [1, 2, 3]);
  },

  async "functions as arguments"(tun) {
    const apply = (fn: (n: number) => number, n: number): number => fn(n);
    assertEquals(await tun.call(apply, (n) => n + port, 1), 8081);
    assertEquals(await tun.call(apply, (n) => n * 2, 21), 42);
    assertEquals(await tun.call(apply, Math.sqrt, 9), 3);
    assertEquals(
      await tun.call(
        ({ steps, types }) => [steps.map((step) => step(2)), new types.Type(5).side],
        { steps: [(n: number) => n + 1, evenModule.double], types: { Type: Shape } },
      ),
      [[3, 4], 5],
    );
    // A function by reference, too, together with one by value.
    assertEquals(await tun.call(evenModule.apply<number>, (n) => n * port, 2), 16160);
    const remote = tun.module<typeof evenModule>(import.meta.resolve("../fixture/parity.ts"));
    assertEquals(await remote.apply((n) => n as number - port, 0), -8080);
  },

  async "the identity of functions"(tun) {
    const one = () => 1;
    assertEquals(await tun.call((a, b) => a === b && a === one, one, one), true);
    const holder = { one, list: [one] };
    assertEquals(await tun.call(() => holder.one === holder.list[0] && holder.one === one), true);
    assertEquals(
      await tun.call((type) => type === Shape && new type(1) instanceof Shape, Shape),
      true,
    );
    assertEquals(await tun.call((fn) => fn === evenModule.double, evenModule.double), true);
  },

  async "many calls at once, each with variables of its own"(tun) {
    const calls = Array.from({ length: 50 }, (_, i) => tun.call(() => [i, greet(String(i))]));
    const results = await Promise.all(calls);
    results.forEach(([i, text], index) => {
      assertStrictEquals(i, index);
      assertEquals(text, `hello ${index} at 8080`);
    });
  },

  async "numbers that JSON does not have, where only V8 has them"(tun) {
    class Counter {
      static #all: unknown[] = [];
      static #last: number | bigint = 0;
      static add(one: number | bigint): void {
        Counter.#all.push(Counter.#last = one);
      }
      static last(): unknown[] {
        return [typeof Counter.#last, String(Counter.#last), Object.is(Counter.#last, -0)];
      }
    }
    const type = function (this: unknown): unknown[] {
      "use strict";
      return [typeof this, String(this), Object.is(this, -0)];
    };
    for (const one of [12n, -5n, -0, NaN, -Infinity]) {
      Counter.add(one);
      assertEquals(await tun.call(() => Counter.last()), Counter.last());
      const bound = type.bind(one);
      assertEquals(await tun.call(bound), bound());
    }
  },

  async "what the script has put in the place of a built-in"(tun) {
    assertEquals(await tun.call(() => groupEnd()), groupEnd());
    assertEquals(await tun.call(groupEnd), groupEnd());
    assertEquals(await tun.call(() => typeof console.groupEnd()), "undefined");
  },

  async "what only the script, or this runtime, has"(tun) {
    Object.assign(String.prototype, { shout: () => "!" });
    Object.assign(Math, { half: (n: number) => n / 2 });
    const text = "a" as unknown as { shout(): string };
    const { half } = Math as unknown as { half(n: number): number };
    try {
      const shout = await assertRejects(() => tun.call(() => text.shout()), RemoteError);
      assertMatch(
        shout.message,
        /has added String\.prototype\.shout\(\), which is only here; add it/,
      );
      const fail = () => (Math as unknown as { half(n: number): number }).half(1);
      const halved = await assertRejects(() => tun.call(fail), RemoteError);
      assertMatch(halved.message, /has added Math\.half\(\), which is only here/);
      assertEquals(await tun.call(half, 4), 2);
      const other = () => (text as unknown as { quiet(): void }).quiet();
      const quiet = await assertRejects(() => tun.call(other), RemoteError);
      assertMatch(quiet.message, /is not a function$/);
    } finally {
      Reflect.deleteProperty(String.prototype, "shout");
      Reflect.deleteProperty(Math, "half");
    }
    const halves = new Float16Array([1.5]);
    const found = tun.call(([first]) => first, halves).catch(({ message }) => message);
    const has = await tun.call(() => "Float16Array" in globalThis);
    if (has) assertEquals(await found, 1.5);
    else assertMatch(await found, /: this runtime has no Float16Array$/);
  },
};

if (import.meta.main) await runCases(cases);
