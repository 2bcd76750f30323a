/**
 * Values that have more than their kind usually has, or less. The test imports this file; run as a
 * script it does the same with what is in an entry script.
 *
 * @module
 */
// deno-lint-ignore-file no-explicit-any -- what is odd has no type
import { assertEquals, assertRejects } from "@std/assert";
import { createRequire } from "node:module";
import { asks, isHidden, makeHidden } from "../fixture/hidden_error.ts";
import { ImportedError } from "../fixture/own_error.ts";
import { callback, RemoteError } from "../../../mod.ts";
import { type Cases, runCases } from "./_run_cases.ts";

const ofKey = Object.getOwnPropertyDescriptor;
const readOnly = (object: object, key: string): any =>
  Object.defineProperty(object, key, { writable: false });

/** A value, and what is told of it. */
type Example = readonly [make: () => any, describe: (value: any) => unknown];

/** Values that are the same as a result, as an argument and as a variable. */
const examples: Readonly<Record<string, Example>> = {
  "properties that are read-only, or cannot be deleted": [
    () => [
      readOnly({ a: 1, b: 2 }, "a"),
      readOnly(Object.assign(Object.create(null), { a: [1] }), "a"),
      readOnly(Object.assign([1, 2], { a: 1 }), "a"),
      readOnly([1, 2], "1"),
      readOnly([1, 2], "length"),
      readOnly(/a/g, "lastIndex"),
      Object.defineProperty({ a: 1 }, "a", { configurable: false }),
      Object.freeze({ a: 1 }),
      Object.seal([1]),
    ],
    (values) =>
      values.map((one: object) => [
        ...["a", "b", "1", "length", "lastIndex"].map((key) => ofKey(one, key)),
        Object.isFrozen(one),
      ]),
  ],
  "names that were given to objects of the runtime": [
    () =>
      [
        new URL("http://host/?a=1"),
        new URLSearchParams("a=1"),
        new Headers({ a: "1" }),
        new TextEncoder(),
        new Intl.ListFormat("en"),
        new DOMException("m", "AbortError"),
        new Uint8Array(1),
      ].map((one) => Object.assign(one, { own: { n: 1 } })),
    (values) => values.map(({ own }: any) => own),
  ],
  "what else was given to objects of the runtime": [
    () =>
      [new URL("http://host/"), new Headers(), new DOMException("m"), new Intl.ListFormat("en")]
        .map((one: any) => {
          one[Symbol.for("test.own")] = 1;
          return Object.defineProperty(one, "hidden", { value: 2 });
        }),
    (values) => values.map((one: any) => [one[Symbol.for("test.own")], ofKey(one, "hidden")]),
  ],
  "what is odd about the properties of an error": [
    () => {
      const error = Object.assign(new RangeError("m"), { plain: 1 });
      return Object.defineProperty(error, "fixed", { value: 2, enumerable: true });
    },
    (error) => [ofKey(error, "plain"), ofKey(error, "fixed"), error instanceof RangeError],
  ],
  "what long lists have beside their elements": [
    () => {
      const list = Array.from({ length: 20_000 }, (_, i) => i), holes = list.slice();
      delete holes[5];
      const named = [list, list.map(String), holes, [[]]].map((one) => {
        Object.defineProperty(one, "hidden", { value: 3 });
        return readOnly(Object.assign(one, { own: [1], fixed: 2 }), "fixed");
      });
      const views = [new Uint8Array(20_000), new Float64Array(2000), Buffer.alloc(2000)];
      return [...named, ...views.map((one) => Object.assign(one, { own: [1], fixed: 2 }))];
    },
    (lists) =>
      lists.map((one: any) => [
        ...["own", "fixed", "hidden"].map((key) => ofKey(one, key)),
        ...[one.length, one[1], one.at(-1), 5 in one, Object.keys(one).length],
      ]),
  ],
  "a read-only property among many": [
    () => [...Array.from({ length: 6000 }, (_, i) => ({ i, a: 1 })), readOnly({ b: 2 }, "b")],
    (list) => [list.length, ofKey(list.at(-1), "b"), ofKey(list[0], "i")],
  ],
  "whether what an error tells of itself may be changed": [
    () => {
      const error: any = new TypeError("m", { cause: [1] });
      error.name = "Own";
      readOnly(error, "message");
      Object.defineProperty(error, "cause", { configurable: false });
      return [
        Object.defineProperty(error, "code", { value: "EOWN", configurable: true }),
        Object.freeze(Object.assign(new Error("n"), { code: "E" })),
        Object.defineProperty(new Error("o"), "name", { value: "Fixed" }),
      ];
    },
    (errors) =>
      errors.map((one: Error) => [
        ...["message", "name", "code", "cause"].map((key) => ofKey(one, key)),
        Object.isFrozen(one),
      ]),
  ],
  "the symbols of using, which Node 18 calls otherwise": [
    () => ({ [Symbol.dispose]: 1, list: [Symbol.dispose, Symbol.asyncDispose] }),
    (value) => [
      ...[value[Symbol.dispose], value.list[0] === Symbol.dispose],
      value.list[1] === Symbol.asyncDispose,
    ],
  ],
  "formatters of which nothing was chosen": [
    () => [new Intl.PluralRules("en"), new Intl.PluralRules("en", { type: "ordinal" })],
    (values) => values.map((one: Intl.PluralRules) => one.select(2)),
  ],
};

export const cases: Cases = {
  ...Object.fromEntries(
    Object.entries(examples).map(([name, [make, describe]]): [string, Cases[string]] => [
      name,
      async (tun) => {
        const here = describe(make());
        assertEquals(describe(await tun.call(make)), here, "result");
        assertEquals(await tun.call(describe, make()), here, "argument");
        const value = make();
        assertEquals(await tun.call(() => describe(value)), here, "captured");
      },
    ]),
  ),

  async "names and symbols of streams and signals, and symbols that only the function knows"(tun) {
    const key = Symbol("key");
    const give = (one: any): any => Object.assign(one, { own: 1, [Symbol.for("test.own")]: 2 });
    const look = (one: any) => [one.own, one[Symbol.for("test.own")]];
    const { signal } = new AbortController();
    const values = [AbortSignal.abort(5), signal, new ReadableStream(), new Headers()].map(give);
    for (const one of values) {
      one[key] = 3;
      assertEquals(await tun.call(look, one), [1, 2]);
      // Reading a stream would end it here.
      if (one instanceof ReadableStream) continue;
      assertEquals(await tun.call(() => [...look(one), one[key]]), [1, 2, 3]);
    }
    const made = [(function* () {})(), (async function* () {})(), callback(() => 1)].map(give);
    for (const one of made) assertEquals(await tun.call(look, one), [1, 2]);
    const stream: any = await tun.call(() => give(new ReadableStream()));
    assertEquals(look(stream), [1, 2]);
    await stream.cancel();
  },

  async "what JSON.rawJSON() has made"(tun) {
    const { rawJSON } = JSON as any;
    const list = [rawJSON("1.0"), { a: rawJSON('"b"') }], text = JSON.stringify(list);
    if (!(await tun.call(() => "rawJSON" in JSON))) {
      await assertRejects(() => tun.call(() => list), RemoteError, "has no JSON.rawJSON");
      return;
    }
    assertEquals(await tun.call(() => JSON.stringify(list)), text);
    assertEquals(await tun.call((list) => JSON.stringify(list), list), text);
    assertEquals(JSON.stringify(await tun.call(() => list)), text);
  },

  async "a thrown error has what it has as a result"(tun) {
    const make = () => {
      const error = Object.assign(new Error("m"), { plain: 1, code: "E" });
      return Object.defineProperty(readOnly(error, "code"), "hidden", { value: 2 });
    };
    const look = (error: any) =>
      ["message", "plain", "code", "hidden"].map((key) => ofKey(error, key));
    const thrown = await assertRejects(
      () =>
        tun.call(() => {
          throw make();
        }),
      RemoteError,
    );
    assertEquals(look(thrown.cause), look(make()));
    const signal = AbortSignal.abort(make());
    assertEquals(await tun.call(() => look(signal.reason)), look(make()));
  },

  async "an accessor of an error, which is data in a result"(tun) {
    const make = (): any => {
      const get = function (this: Error): string {
        return `${this.message}!`;
      };
      return Object.defineProperty(new Error("m"), "loud", { get, enumerable: true });
    };
    const change = (error: any): string[] => [error.loud, (error.message = "n", error.loud)];
    assertEquals(await tun.call(change, make()), ["m!", "n!"]);
    const error = make();
    assertEquals(await tun.call(() => change(error)), ["m!", "n!"]);
    assertEquals(change(await tun.call(make)), ["m!", "m!"]);
  },

  async "bytes that are not there any more are refused"(tun) {
    const transferred = (make: (buffer: ArrayBuffer) => unknown) => {
      const buffer = new ArrayBuffer(8), value = make(buffer);
      structuredClone(buffer, { transfer: [buffer] });
      return value;
    };
    const shrunk = (make: (buffer: ArrayBuffer) => unknown) => {
      const buffer: any = new (ArrayBuffer as any)(8, { maxByteLength: 8 }), value = make(buffer);
      // Node 18 has no such buffers.
      if (buffer.resize === undefined) return transferred(make);
      buffer.resize(2);
      return value;
    };
    const makers = [
      (buffer: ArrayBuffer) => new Uint8Array(buffer, 4),
      (buffer: ArrayBuffer) => new Float32Array(buffer, 4, 1),
      (buffer: ArrayBuffer) => new DataView(buffer, 4, 4),
      (buffer: ArrayBuffer) => buffer,
    ];
    for (const make of makers) {
      await assertRejects(
        () => tun.call(() => [transferred(make)]),
        RemoteError,
        "Cannot encode result[0]: it has no bytes: its buffer was transferred; return a copy",
      );
    }
    for (const make of makers.slice(1, 3)) {
      const value = shrunk(make);
      const text = "it has no bytes: its buffer has become too short";
      await assertRejects(() => tun.call((it) => it, value), TypeError, `arguments[0]: ${text}`);
      await assertRejects(() => tun.call(() => value), TypeError, "variable value has no bytes");
      await assertRejects(() => tun.call(() => shrunk(make)), RemoteError, "it has no bytes");
    }
  },

  async "a URL and its searchParams beside it are refused in a result"(tun) {
    const make = () => {
      const url = new URL("http://host/?a=1");
      return [url, { a: 1 }, url.searchParams];
    };
    await assertRejects(() => tun.call(make), RemoteError, "along beside it; give one of the two");
  },

  async "errors whose classes other modules know"(tun) {
    assertEquals(await tun.call(asks, new ImportedError("m")), true);
    const error = new ImportedError("m");
    assertEquals(await tun.call(() => [asks(error), asks(new Error("m"))]), [true, false]);
    // Nothing that goes along could ask.
    assertEquals(await tun.call((it) => it.message, makeHidden()), "m");
    const text = "Cannot send an error of the class HiddenError: its module does not export it";
    await assertRejects(() => tun.call(isHidden, makeHidden()), TypeError, text);
    const hidden = makeHidden();
    await assertRejects(() => tun.call(() => isHidden(hidden)), TypeError, text);
  },

  async "iterators that a function uses are refused by name"(tun) {
    const list: unknown = [1, 2].values();
    const made: unknown = (function* () {
      yield 1;
    })();
    for (const uses of [() => list, () => made]) {
      await assertRejects(() => tun.call(uses), TypeError, "is an iterator, which has no copy");
    }
    const controller = new AbortController();
    await assertRejects(() => tun.call(() => controller), TypeError, "is an AbortController,");
  },

  async "a require() that the script has made is refused, and one of the function works"(tun) {
    const require = createRequire(import.meta.url);
    const remedy = "make it inside the function, as in const require = createRequire(";
    await assertRejects(() => tun.call(() => require("../fixture/data.json")), TypeError, remedy);
    const own = () => {
      const require = createRequire(import.meta.url);
      return require("../fixture/data.json");
    };
    assertEquals(await tun.call(own), own());
  },
  async "an async iterable that is more than its values, or begins anew with each loop"(tun) {
    const read = async (values: AsyncIterable<unknown>): Promise<unknown[]> => {
      const read: unknown[] = [];
      for await (const value of values) read.push(value);
      return read;
    };
    const literal = {
      list: [1],
      get size() {
        return this.list.length;
      },
      add(value: number) {
        this.list.push(value);
      },
      async *[Symbol.asyncIterator]() {
        yield* this.list;
      },
    };
    const use = async (it: typeof literal): Promise<unknown[]> => {
      it.add(2);
      return [it === literal, it.size, await read(it), await read(it)];
    };
    assertEquals(await tun.call(use, literal), [true, 2, [1, 2], [1, 2]]);
    assertEquals(await use(literal), [true, 2, [1, 2], [1, 2]]);
    class Lines {
      count = 2;
      last(): string {
        return "b";
      }
      async *[Symbol.asyncIterator](): AsyncGenerator<string> {
        yield* ["a", "b"];
      }
    }
    const lines = new Lines();
    const values = {
      async *[Symbol.asyncIterator]() {
        yield 1;
      },
    };
    const generator = values[Symbol.asyncIterator]();
    assertEquals(await tun.call(() => read(lines)), ["a", "b"]);
    assertEquals(await tun.call(async (all) => await Promise.all(all.map(read)), [lines, values]), [
      ["a", "b"],
      [1],
    ]);
    assertEquals(await tun.call(async () => [await read(generator), await read(generator)]), [
      ...[[1], []],
    ]);
    const lacking: [string, () => unknown][] = [
      ["There is no count here", () => lines.count],
      ["There is no last here", () => lines.last()],
      ["are sent once", async () => [await read(lines), await read(lines)]],
      ["are sent once", async () => [await read(values), await read({ ...values })]],
      ["There is no", () => ({ ...lines })],
    ];
    for (const [message, fn] of lacking) {
      await assertRejects(() => tun.call(fn), RemoteError, message);
    }
    for (const it of [values, lines]) {
      assertEquals((await read(await tun.call((one) => one, it))).length, it === lines ? 2 : 1);
    }
    const twice = async (it: AsyncIterable<unknown>) => [await read(it), await read(it)];
    await assertRejects(() => tun.call(twice, values), RemoteError, "are sent once");
    const result = () => ({ total: 1, ...values });
    await assertRejects(
      () => tun.call(result as () => unknown),
      RemoteError,
      "return it[Symbol.asyncIterator]()",
    );
  },
  async "what errors have of their classes, though no code names these"(tun) {
    class Base extends Error {
      status = 404;
      get isClient(): boolean {
        return this.status < 500;
      }
      override toString(): string {
        return `Base ${this.status}`;
      }
    }
    class Failed extends Base {
      again(): string {
        return `again: ${this.message}`;
      }
    }
    const failed = new Failed("x", { cause: new Base("y") });
    const all = new AggregateError([failed, 5], "all", { cause: failed });
    const look = (one: any) => [
      ...[one.isClient, String(one), one.again(), one.cause.isClient, one.message],
    ];
    assertEquals(await tun.call(() => look(failed)), look(failed));
    assertEquals(await tun.call((one) => look(one), failed), look(failed));
    const ofAll = () => [...look(all.errors[0]), all.errors[0] === all.cause];
    assertEquals(await tun.call(ofAll), ofAll());
    // An error goes without its class if that cannot.
    const pending = Promise.resolve();
    class Lost extends Error {
      from(): unknown {
        return pending;
      }
    }
    const lost = new Lost("gone");
    assertEquals(await tun.call(() => [lost.name, lost.message]), ["Error", "gone"]);
  },

  async "views of classes of one's own are refused where they are"(tun) {
    class Bytes extends Uint8Array {}
    class Memory extends ArrayBuffer {}
    const list = [new Bytes(2)], memory = new Memory(2);
    const reason = (name: string) => `${name}, which has no copy`;
    await assertRejects(
      () => tun.call(() => list),
      TypeError,
      reason("variable list[0] is a Bytes"),
    );
    await assertRejects(() => tun.call(() => memory), TypeError, reason("memory is a Memory"));
  },
};

if (import.meta.main) await runCases(cases);
