/**
 * What is kept of functions: which of them share a variable, and what each has besides its code.
 * The cases are small programs that random ones have led to. The test imports this file; run as a
 * script it does the same with what is in an entry script.
 *
 * @module
 */
import { assertEquals, assertRejects } from "@std/assert";
import { Buffer } from "node:buffer";
import { execSync, spawn } from "node:child_process";
import { callback } from "../../../mod.ts";
import * as symbols from "../fixture/symbols.ts";
import { find, Marked, own } from "../fixture/symbols.ts";
import { type Cases, runCases } from "./_run_cases.ts";

export const cases: Cases = {
  async "symbols that a module has made, in objects that are made here"(tun) {
    const object = { [own]: 1, [Marked.mark]: 2, list: [own] };
    const read = (given: typeof object): unknown => [
      given[own],
      given[symbols.Marked.mark],
      given.list[0] === symbols.own,
      Object.getOwnPropertySymbols(given).map(String),
    ];
    assertEquals(await tun.call(read, object), read(object), "argument");
    assertEquals(await tun.call(() => read(object)), read(object), "captured");
    assertEquals(await tun.call((key) => ({ [own]: 3 })[key as typeof own], own), 3, "itself");
    const bare = { [own]: 1 };
    assertEquals(await tun.call((given) => given[own], bare), 1, "key of an argument alone");
  },
  async "symbols of a module whose functions go by reference"(tun) {
    const given = { [own]: 1, [Marked.mark]: 2 };
    const hidden = symbols.hide();
    const found = [1, 2, undefined];
    for (let i = 0; i < 2; i++) assertEquals(await tun.call(symbols.find, given), found);
    assertEquals(await tun.call(() => find(given)), found, "imported");
    assertEquals(await tun.call(() => symbols.find(given)), found, "of a namespace");
    assertEquals(await tun.call((fn, it) => fn(it), find, given), found, "argument");
    for (const fn of [find, () => find(hidden), () => symbols.find(hidden)]) {
      await assertRejects(
        () => tun.call(fn as typeof find, hidden),
        TypeError,
        "its module makes Symbol(hidden) anew there, so it is not the symbol in the values",
      );
    }
    assertEquals(await tun.call((it) => Object.getOwnPropertySymbols(it).length, hidden), 1);
  },
  async "views of one buffer, in values that come and go"(tun) {
    const make = () => {
      const { buffer } = new Uint8Array(40);
      const text = Buffer.from("a text that is in Node's pool");
      return {
        bytes: new Uint8Array(buffer, 4, 12),
        view: new DataView(buffer, 8, 8),
        whole: { buffer: new ArrayBuffer(4), views: [] as Uint8Array[] },
        text,
        part: text.subarray(2, 6),
        last: new Uint8Array(text.buffer, text.byteOffset + 5, 2),
      };
    };
    const change = ({ bytes, view, whole, text, part, last }: ReturnType<typeof make>): unknown => {
      whole.views.push(new Uint8Array(whole.buffer, 1));
      bytes[5] = 65;
      view.setUint16(4, 0x4243);
      last[0] = 33;
      return [...bytes, view.getUint8(1), String(text), String(part), part.length, last.length];
    };
    const here = change(make());
    assertEquals(await tun.call(change, make()), here, "argument");
    assertEquals(change(await tun.call(make)), here, "result");
    const captured = make();
    const { bytes, view } = captured;
    assertEquals(await tun.call(() => change(captured)), here, "captured");
    assertEquals(await tun.call((given) => given.setInt8(0, 9) ?? bytes[4], view), 9, "both");
    const { buffer } = view;
    assertEquals(await tun.call(() => buffer === view.buffer && buffer === bytes.buffer), true);
    const echoed = await tun.call(
      (back) => back(make()),
      callback((back: ReturnType<typeof make>) => {
        assertEquals(change(back), here, "argument of a callback");
        return make();
      }),
    );
    assertEquals(change(echoed), here, "result of a callback");
    for await (
      const one of await tun.call(function* () {
        yield make();
      })
    ) assertEquals(change(one), here, "stream");
  },
  async "what may not be changed, in values that come and go"(tun) {
    const make = () => {
      const inner = Object.freeze({ list: Object.freeze([1]), free: { a: 1 } });
      return {
        inner,
        sealed: Object.seal({ a: 1 }),
        closed: Object.preventExtensions([inner]),
        map: Object.freeze(new Map([[1, Object.freeze(new Date(5))]])),
        error: Object.freeze(new Error("e")),
        others: [
          Object.preventExtensions(Buffer.from("a")),
          Object.freeze(new DOMException("a", "AbortError")),
        ],
      };
    };
    const readOnly = (): object =>
      Object.defineProperty({ b: 1 }, "a", { value: 1, enumerable: true });
    const describe = (
      { inner, sealed, closed, map, error, others }: ReturnType<typeof make>,
    ): unknown => {
      const all = [
        inner,
        inner.list,
        inner.free,
        sealed,
        closed,
        map,
        map.get(1)!,
        error,
        ...others,
      ];
      return [
        ...all.map((one) => [Object.isExtensible(one), Object.isSealed(one), Object.isFrozen(one)]),
        closed[0] === inner,
      ];
    };
    const values = make();
    const here = describe(values);
    assertEquals(describe(await tun.call(make)), here, "result");
    assertEquals(await tun.call(describe, values), here, "argument");
    assertEquals(await tun.call(() => describe(values)), here, "captured");
    assertEquals(
      await tun.call((given) => {
        try {
          return ++(given.sealed as Record<string, number>).b!;
        } catch (error) {
          return (error as Error).name;
        }
      }, values),
      "TypeError",
    );
    const descriptor = (one: object) => Object.getOwnPropertyDescriptor(one, "a");
    const given = readOnly();
    assertEquals(await tun.call(descriptor, given), descriptor(given));
    assertEquals(await tun.call(() => descriptor(given)), descriptor(given));
    const echoed = await tun.call(
      async (back) => await back(make()),
      callback((back: ReturnType<typeof make>) => {
        assertEquals(describe(back), here, "argument of a callback");
        return values;
      }),
    );
    assertEquals(describe(echoed), here, "result of a callback");
    const frozen = Object.freeze({ run: () => 1 });
    assertEquals(await tun.call((it) => [Object.isFrozen(it), it.run()], frozen), [true, 1]);
  },
  async "properties that the codec leaves out, in values that come and go"(tun) {
    const ours = Symbol("own");
    const hidden = { value: 3 };
    const make = (): object[] => [
      { [Symbol.for("a")]: 1, [Symbol.iterator]: 2 },
      Object.defineProperty([0], "hidden", hidden),
      Object.assign(new Map([[1, 2]]), { a: 1 }),
      Object.assign(new Set([1]), { a: 1 }),
      Object.assign(new Date(5), { a: 1 }),
      Object.assign(/a/g, { a: 1, lastIndex: 2 }),
      Object.assign(new Uint8Array(2), { a: 1 }),
      Object.defineProperty(new Error("e"), "hidden", hidden),
    ];
    const describe = (values: object[]): unknown[] =>
      values.map((value) =>
        Reflect.ownKeys(value).filter((key) => key !== "stack").map((
          key,
        ) => [String(key), Object.getOwnPropertyDescriptor(value, key)])
      );
    const values = make();
    const here = describe(values);
    assertEquals(describe(await tun.call(make)), here, "result");
    assertEquals(await tun.call(describe, values), here, "argument");
    assertEquals(await tun.call(() => describe(values)), here, "captured");
    const [echoed] = await tun.call(
      async (back) => [await back(make())],
      callback((back: object[]) => {
        assertEquals(describe(back), here, "argument of a callback");
        return values;
      }),
    );
    assertEquals(describe(echoed!), here, "result of a callback");
    const streamed: unknown[] = [];
    for await (
      const one of await tun.call(function* () {
        yield make();
      })
    ) streamed.push(describe(one as object[]));
    assertEquals(streamed, [here], "stream");
    const mine = { [ours]: 1 };
    assertEquals(
      await tun.call((given) => Object.getOwnPropertySymbols(given).map(String), mine),
      ["Symbol(own)"],
    );
    assertEquals(await tun.call(() => Object.getOwnPropertySymbols(mine).length), 1);
  },

  async "Buffers"(tun) {
    const hi = Buffer.from("hi");
    assertEquals(await tun.call(() => String(hi)), "hi");
    assertEquals(await tun.call(String, hi), "hi");
    assertEquals(String(await tun.call(() => execSync("echo hi"))), "hi\n");
    const lines: string[] = [];
    for await (const line of await tun.call(() => spawn("echo", ["hi"]).stdout)) {
      lines.push(String(line));
    }
    assertEquals(lines, ["hi\n"]);
    const there = await tun.call(async (tell) => await tell(hi), callback(String));
    assertEquals(there, "hi");
  },

  async "strings of a template"(tun) {
    const strings = ((strings: TemplateStringsArray): TemplateStringsArray => strings)`a\n`;
    assertEquals(await tun.call(String.raw, strings), "a\\n");
    assertEquals(await tun.call(() => String.raw(strings)), "a\\n");
  },

  async "variables of a function whose parameters have a scope of their own"(tun) {
    function outer(v = 0): { up: () => number; all: () => unknown[] } {
      let count = v;
      function inner(v = 5): { get: () => unknown[] } {
        let own = 0;
        return { get: () => [++own, count, v] };
      }
      const made = inner();
      return { up: () => ++count, all: () => [count, made.get()] };
    }
    const { up, all } = outer();
    assertEquals(await tun.call(() => [up(), up(), all()]), [1, 2, [2, [1, 2, 5]]]);
  },

  async "scopes that were told apart by calls before"(tun) {
    const make = () => {
      let n = 0;
      return { up: () => ++n, read: () => n };
    };
    const [a, b, c] = [make(), make(), make()];
    assertEquals(
      await Promise.all([
        tun.call(() => [a.up(), b.up(), a.read()]),
        tun.call(() => [b.read(), c.up(), c.read()]),
      ]),
      [[1, 1, 1], [0, 1, 1]],
    );
    assertEquals(await tun.call(() => [a.up(), b.up(), b.up(), b.read(), c.read()]), [
      ...[1, 1, 2, 2, 0],
    ]);
  },

  async "scopes around which V8 keeps more than it lists"(tun) {
    const make = () => {
      let n = 0;
      class Kind {
        #own(): number {
          return n;
        }
        read(): number {
          return this.#own();
        }
      }
      return { up: () => ++n, read: () => n, make: () => new Kind() };
    };
    const [a, b] = [make(), make()];
    assertEquals(await tun.call(() => [a.up(), a.make().read(), b.read(), b.make().read()]), [
      ...[1, 1, 0, 0],
    ]);
  },

  async "classes that inherit from something since they were made"(tun) {
    class Alone {}
    class Child extends Alone {}
    class Orphan extends Object {}
    Object.setPrototypeOf(Orphan, Function.prototype);
    Object.setPrototypeOf(Alone, { from: "an object" });
    Object.setPrototypeOf(Alone.prototype, { up: "there" });
    const found = () =>
      [Child, new Child()].map((one) => [Reflect.get(one, "from"), Reflect.get(one, "up")]);
    assertEquals(await tun.call(found), [["an object", undefined], [undefined, "there"]]);
    assertEquals(
      await tun.call(() => Orphan.prototype instanceof Object && Object.hasOwn(Orphan, "name")),
      true,
    );
  },

  async "a class whose parent has another name by now"(tun) {
    let Base = class {
      who(): string {
        return "first";
      }
    };
    class Child extends Base {
      again(): string {
        return new Base().who();
      }
    }
    Base = class {
      who(): string {
        return "second";
      }
    };
    assertEquals(
      await tun.call(
        (Kind, make) => [new Kind().who(), new Kind().again(), make().who()],
        Child,
        () => new Base(),
      ),
      ["first", "second", "second"],
    );
  },

  async "prototypes that were put there by hand"(tun) {
    type Old = (new () => object) & { prototype: object };
    const old = (prototype?: object): Old => {
      const made = function () {} as unknown as Old;
      if (prototype !== undefined) made.prototype = prototype;
      return made;
    };
    const shared = Object.defineProperty({ one: 1 }, "hidden", { value: 2 });
    const [A, B, Own] = [old(shared), old(shared), old()];
    const [AsOwn, AsArray, AsMap] = [Own.prototype, Array.prototype, new Map([[1, 2]])].map(old);
    const Closed = old(Object.freeze(Object.create(shared, { two: { value: 2 } })));
    const Child = class extends A {};
    const made = function* () {} as unknown as Generator & Old;
    made.prototype = shared;
    const arrow = Object.assign(() => {}, { prototype: shared });
    class Parent {}
    const Orphan = old(Object.create(Parent.prototype));
    const Grandchild = class extends Orphan {};
    const describe = (): unknown[] => [
      [A.prototype === shared, B.prototype === shared, new B() instanceof A],
      [Reflect.get(shared, "hidden"), Reflect.ownKeys(shared)],
      [AsOwn!.prototype === Own.prototype, Object.hasOwn(Own.prototype, "constructor")],
      [AsArray!.prototype === Array.prototype, (AsMap!.prototype as Map<1, 2>).get(1)],
      [
        Object.isFrozen(Closed.prototype),
        new Closed() instanceof A,
        Reflect.ownKeys(Closed.prototype),
      ],
      [Object.getPrototypeOf(Child.prototype) === shared, new Child() instanceof B],
      [made.prototype === shared, arrow.prototype === shared],
      [Object.getPrototypeOf(Grandchild.prototype) === Orphan.prototype],
      [new Grandchild() instanceof Parent, new Orphan() instanceof Grandchild],
    ];
    assertEquals(await tun.call(describe), describe());
    assertEquals(
      await tun.call((it, One) => [new One() instanceof A, One.prototype === it], shared, B),
      [true, true],
    );
  },

  async "functions in static fields"(tun) {
    class Steps {
      static first = (n: number): number => n + 1;
      static second = function (n: number): number {
        return n * 2;
      };
      static list = [Steps.first];
    }
    const Child = class extends (Object(Steps) as typeof Steps) {
      static third = (): string => "third";
    };
    assertEquals(
      await tun.call(() => [Steps.first(1), Steps.second(4), Steps.list[0] === Steps.first]),
      [2, 8, true],
    );
    assertEquals(await tun.call(() => [Child.third(), Child.first(2)]), ["third", 3]);
  },

  async "the name, length and constructor that a function was given"(tun) {
    function written(_a: number, _b = 1): void {}
    class Kind {}
    const { method } = { method() {} };
    Object.defineProperty(written, "name", { value: "other" });
    Object.defineProperty(Kind, "name", { value: "Other" });
    Object.defineProperty(method, "name", { value: "more" });
    Object.defineProperty(written, "length", { value: 7 });
    Object.defineProperty(Kind, "length", { value: 8 });
    const { late } = { late: () => late.name };
    const called = tun.call(late);
    Object.defineProperty(late, "name", { value: "later" });
    assertEquals(await called, "late");
    function Old(): void {}
    Old.prototype = { constructor: Old };
    assertEquals(
      await tun.call(() => [
        ...[written, Kind, method].map(({ name, length }) => [name, length]),
        Object.keys(Old.prototype),
      ]),
      [["other", 7], ["Other", 8], ["more", 0], ["constructor"]],
    );
  },
};

if (import.meta.main) await runCases(cases);
