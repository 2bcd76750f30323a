import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import {
  decode,
  encode,
  type EncodeOptions,
  type EncodeRefusal,
  isEncodeRefusal,
} from "../../codec/mod.ts";
import { randomNumber, seeded } from "./_random.ts";

class Socket {}
class Rows extends Array {}
class Failure extends Error {}

/** Asserts how `encode()` refuses `value`. */
function assertRefused(value: unknown, message: string): void {
  const error = assertThrows(() => encode(value), TypeError);
  assertEquals(error.message, `Cannot encode ${message}`);
}

Deno.test("encode() refuses what it cannot carry, with the path to it", () => {
  const socket = new Socket();
  const problem = "Socket is not a plain object";
  assertRefused(socket, `value: ${problem}`);
  assertRefused({ rows: [0, 1, 2, { socket }] }, `value.rows[3].socket: ${problem}`);
  assertRefused({ "a b": { ä: socket } }, `value["a b"].ä: ${problem}`);
  assertRefused([new Map([["k", [socket]]])], `value[0].get("k")[0]: ${problem}`);
  assertRefused(new Map([[1, socket]]), `value.get(1): ${problem}`);
  assertRefused(new Map<unknown, unknown>([[1, 1], [{}, socket]]), `value.values()[1]: ${problem}`);
  assertRefused(new Map<unknown, unknown>([[1, 1], [socket, 1]]), `value.keys()[1]: ${problem}`);
  assertRefused(new Set([1, socket]), `value.values()[1]: ${problem}`);
  assertRefused(new Error("x", { cause: { socket } }), `value.cause.socket: ${problem}`);
  assertRefused(new AggregateError([socket]), `value.errors[0]: ${problem}`);
  assertRefused(Object.assign(new Error(), { socket }), `value.socket: ${problem}`);
  assertRefused(Object.assign(Object.create(null), { socket }), `value.socket: ${problem}`);
  // deno-lint-ignore no-sparse-arrays
  assertRefused([, socket], `value[1]: ${problem}`);
  assertRefused(Object.assign([socket], { a: 1 }), `value[0]: ${problem}`);
  assertRefused({ list: Object.assign([1], { socket }) }, `value.list.socket: ${problem}`);
});

Deno.test("encode() says why it refuses", () => {
  assertRefused([function run() {}], "value[0]: run is a function, which is not data");
  assertRefused([() => {}], "value[0]: an anonymous function is a function, which is not data");
  assertRefused({ s: Symbol("id") }, "value.s: Symbol(id) is a symbol, which has no copy");
  assertRefused(Promise.resolve(), "value: Promise is not a value yet; await it first");
  for (const weak of [new WeakMap(), new WeakSet(), new WeakRef({})]) {
    assertRefused(
      weak,
      `value: ${weak.constructor.name} holds its members weakly, so it has no copy`,
    );
  }
  assertRefused(new Rows(), "value: Rows is not a plain object");
  assertRefused(new Failure(), "value: Failure is not a plain object");
  assertRefused(
    new (class extends Uint8Array {})(1),
    "value: an anonymous class is not a plain object",
  );
  assertRefused(new Number(1), "value: Number is not a plain object");
  assertRefused(new SharedArrayBuffer(1), "value: SharedArrayBuffer is not a plain object");
  assertRefused(
    Object.create({}),
    "value: an object with a prototype of its own is not a plain object",
  );
  assertRefused(
    Object.create(Object.create(null)),
    "value: an anonymous class is not a plain object",
  );
});

Deno.test("encode() calls the root as it is told", () => {
  const error = assertThrows(() => encode([Symbol()], { name: "argument 1" }), TypeError);
  assertEquals(
    error.message,
    "Cannot encode argument 1[0]: Symbol() is a symbol, which has no copy",
  );
});

/** The data of the error by which `encode()` refuses `value`. */
function refusalOf(value: unknown, options: EncodeOptions = {}): Omit<EncodeRefusal, keyof Error> {
  const error = assertThrows(() => encode(value, options), Error);
  assert(isEncodeRefusal(error));
  const { message, problem, path, kind, className } = error;
  assertEquals(message, `Cannot encode ${path}: ${problem}`);
  assertEquals(Object.keys(error), []);
  return { problem, path, kind, className };
}

Deno.test("EncodeRefusal has what the message says as data", () => {
  assertEquals(refusalOf({ rows: [new Socket()] }, { name: "argument 1" }), {
    problem: "Socket is not a plain object",
    path: "argument 1.rows[0]",
    kind: "value",
    className: "Socket",
  });
  assertEquals(refusalOf([() => {}]), {
    problem: "an anonymous function is a function, which is not data",
    path: "value[0]",
    kind: "value",
    className: undefined,
  });
  for (
    const value of [Symbol(), Promise.resolve(), new WeakSet(), Object.create({}), new (class {})()]
  ) assertEquals(refusalOf(value).className, undefined);
  assertEquals(refusalOf([[]], { maxDepth: 1 }), {
    problem: "it is nested deeper than 1 levels",
    path: "value[0]",
    kind: "depth",
    className: undefined,
  });
  assertEquals(refusalOf([() => {}], { handle: (value) => [value] }), {
    problem: "its handle contains it",
    path: "value[0]<handle>[0]",
    kind: "cycle",
    className: undefined,
  });
});

Deno.test("EncodeRefusal names a class by its own name, whatever that is", () => {
  class Odd {
    static readonly name: unknown = 5;
  }
  assertEquals(refusalOf(new Odd()).className, "5");
});

Deno.test("isEncodeRefusal() knows the errors of others", () => {
  for (const other of [undefined, new Error("x"), new TypeError("x"), { problem: "", path: "" }]) {
    assert(!isEncodeRefusal(other));
  }
});

Deno.test("encode() passes on what a getter throws", () => {
  const thrown = new Error("from the getter");
  const value = {
    get bad() {
      throw thrown;
    },
  };
  assertStrictEquals(assertThrows(() => encode([value])), thrown);
});

Deno.test("encode() works after it has thrown", () => {
  const big = "x".repeat(100_000);
  for (let i = 0; i < 10; i++) {
    assertThrows(() => encode([big, {}, new Uint8Array(100_000), () => {}]));
    assertEquals(decode(encode([big, {}])), [big, {}]);
  }
});

/** Functions that nest a value, one for each container. */
const wrappers: Record<string, (inner: unknown) => unknown> = {
  object: (inner) => ({ next: inner }),
  "array with names": (inner) => Object.assign([inner], { a: 1 }),
  "property of an array": (inner) => Object.assign([], { inner }),
  "object without prototype": (inner) => Object.assign(Object.create(null), { next: inner }),
  array: (inner) => [inner],
  // deno-lint-ignore no-sparse-arrays
  "sparse array": (inner) => [, inner],
  "map value": (inner) => new Map([["next", inner]]),
  "map key": (inner) => new Map([[inner, 1]]),
  set: (inner) => new Set([inner]),
  cause: (inner) => withStack(new Error("x", { cause: inner })),
};

/** Has the stack made now: at the end of the stack, Deno would print that it has none to do so. */
function withStack(error: Error): Error {
  void error.stack;
  return error;
}

function nest(wrap: (inner: unknown) => unknown, depth: number): unknown {
  let value: unknown = 0;
  for (let i = 0; i < depth; i++) value = wrap(value);
  return value;
}

for (const [kind, wrap] of Object.entries(wrappers)) {
  Deno.test(`encode() refuses values nested too deeply: ${kind}`, () => {
    decode(encode(nest(wrap, 500)));
    const tooDeep = assertThrows(() => encode(nest(wrap, 501)), RangeError);
    assertEquals(
      /^Cannot encode value.{8,}…: it is nested deeper than 500 levels$/.test(tooDeep.message),
      true,
    );
    assertThrows(() => encode(nest(wrap, 3), { maxDepth: 2 }), RangeError);
    encode(nest(wrap, 3), { maxDepth: 3 });
    // This is deeper than any stack allows.
    const overflow = assertThrows(
      () => encode(nest(wrap, 30_000), { maxDepth: Infinity }),
      RangeError,
    );
    assertEquals(/nested deeper than the stack allows$/.test(overflow.message), true);
  });
}

Deno.test("encode() refuses limits that are not numbers from 0 on", () => {
  assertThrows(() => encode(1, { maxDepth: NaN }), RangeError, "maxDepth is NaN");
  assertThrows(() => encode(1, { maxDepth: -1 }), RangeError, "maxDepth is -1");
});

Deno.test("EncodeOptions.handle stands in for what has no encoding, with its identity", () => {
  const run = () => {};
  const socket = new Socket();
  const symbol = Symbol();
  const asked: unknown[] = [];
  const handle = (value: unknown) => {
    asked.push(value);
    return { place: asked.length - 1 };
  };
  const value = [run, { run }, socket, [socket], symbol, symbol, { plain: 1 }];
  const bytes = encode(value, { handle });
  assertEquals(asked, [run, socket, symbol]);
  const revive = (data: unknown) => asked[(data as { place: number }).place];
  assertEquals(decode(bytes, { revive }), value);
});

Deno.test("EncodeOptions.handle is asked for namespaces, and for what has nothing but symbols for keys", async () => {
  const namespace = await import("../../codec/format.ts");
  const value = [{}, namespace, [Math, namespace], { [Symbol.iterator]: 1 }, { JSON, a: [{}] }];
  const places = new Map<unknown, string>([[namespace, "format"], [Math, "Math"], [JSON, "JSON"]]);
  const names = new Map([...places].map(([value, name]) => [name as unknown, value]));
  const asked: unknown[] = [];
  const bytes = encode(value, {
    handle: (it) => {
      asked.push(it);
      return places.get(it);
    },
  });
  assertEquals(new Set(asked), new Set([...places.keys(), value[3]]));
  const decoded = decode(bytes, { revive: (name) => names.get(name) });
  assertEquals(decoded, [{}, namespace, [Math, namespace], {}, { JSON, a: [{}] }]);
  assertEquals(decode(encode([Math, namespace])), [{}, { ...namespace, __proto__: null }]);
});

Deno.test("EncodeOptions.handle keeps the numbers of objects right, however many there are", () => {
  for (const before of [0, 9, 10, 11, 12, 13, 125, 126, 127, 128, 129, 300]) {
    const objects = Array.from({ length: before }, (_, i) => ({ i }));
    const first = () => {};
    const second = () => {};
    const shared = {};
    const names = new Map<unknown, unknown>([[first, [shared, second]], [second, [shared]]]);
    const value = [...objects, first, shared, second, first, ...objects];
    const bytes = encode(value, { handle: (it) => names.get(it) });
    const revived: unknown[] = [];
    const result = decode(bytes, {
      revive(data) {
        revived.push(data);
        return { stands: data };
      },
    }) as unknown[];
    assertEquals(revived.length, 2);
    assertStrictEquals(result[before], result[before + 3]);
    const [inner, middle] = (result[before] as { stands: unknown[] }).stands;
    assertStrictEquals(inner, result[before + 1]);
    assertStrictEquals(middle, result[before + 2]);
    for (let i = 0; i < before; i++) assertStrictEquals(result[i], result[before + 4 + i]);
  }
});

Deno.test("EncodeOptions.handle that gives undefined refuses the value", () => {
  assertThrows(
    () => encode({ run() {} }, { handle: () => undefined }),
    TypeError,
    "Cannot encode value.run: run is a function, which is not data",
  );
});

Deno.test("EncodeOptions.handle cannot give what contains the value", () => {
  const run = () => {};
  assertThrows(
    () => encode([run], { handle: (value) => ({ self: value }) }),
    TypeError,
    "Cannot encode value[0]<handle>.self: its handle contains it",
  );
});

Deno.test("encode() writes keys that it knows as it writes them as text", () => {
  const texts = [
    "",
    "\ud800",
    "\ud800".repeat(20),
    "é".repeat(15),
    "é".repeat(16),
    "漢".repeat(11),
  ];
  for (let length = 1; length < 40; length++) texts.push("k".repeat(length));
  // There is no room for all of these at once, and some look alike.
  const random = seeded(1);
  for (let i = 0; i < 2000; i++) {
    texts.push(`k${i % 40}${i}y`, random(2 ** 32).toString(36).slice(random(7)));
  }
  // Of such a key, the buffer has only the header.
  texts.push("k".repeat(100_000));
  const keys = new Map(texts.map((text) => [text, [0x81, ...encode(text), 1]]));
  for (let round = 0; round < 40; round++) {
    for (const [key, bytes] of keys) {
      if (bytes.length > 100 && round % 10 > 0) continue;
      for (let i = 0; i < 3; i++) assert(isSame(encode({ [key]: 1 }), bytes), key);
    }
  }
  // With others before and after, each is followed by different ones.
  for (let seed = 0; seed < 2000; seed++) {
    const random = seeded(seed);
    const some = Array.from({ length: random(6) }, () => texts[random(seed % 2 ? 60 : 2000)]!);
    const record = Object.fromEntries(some.map((key) => [key, [{ [some[0]!]: key }]]));
    assertEquals(decode(encode(record)), record);
  }
});

function isSame(a: Uint8Array, b: readonly number[]): boolean {
  return a.length === b.length && b.every((byte, i) => byte === a[i]);
}

Deno.test("encode() writes many long strings, in more room than it keeps", () => {
  const strings = ["x", "é", "い", "😀"].map((one) => one.repeat(150_000));
  const value = [...strings, { long: "いろは".repeat(500_000) }, ...strings, strings.join("")];
  const bytes = encode(value);
  const copy = bytes.slice();
  assertEquals(decode(encode(strings.toReversed())), strings.toReversed());
  assertEquals(bytes, copy);
  assertEquals(decode(bytes), value);
});

Deno.test("encode() keeps the properties of short and long arrays, and their holes", () => {
  for (const length of [0, 1, 7, 8, 9, 100]) {
    const plain = Array.from({ length }, (_, i) => i);
    const named = Object.assign([...plain], { name: "x" });
    const holed = [...plain];
    holed[length + 1] = 1;
    for (const array of [plain, named, holed]) assertEquals(decode(encode(array)), array);
    assertEquals(0 in (decode(encode([, ...plain])) as unknown[]), false);
  }
});

Deno.test("encode() writes the numbers of arrays as it writes them alone", () => {
  const random = seeded(5);
  const odd = [-0, 0, -1, -32, -33, 127, 128, 255, 256, -128, -129, 2 ** 31, 2 ** 32, NaN, 0.5];
  for (let length = 16; length < 400; length += 13) {
    const numbers = Array.from({ length }, () => random(2) > 0 ? randomNumber(random) : random(99));
    const others = ["text", undefined, null, { x: -0 }, 1n, true];
    for (const more of [[], others, odd, [...odd, undefined, ...others, ...odd]]) {
      const array = [...numbers, ...more, ...numbers];
      const parts = array.map((one) => [...encode(one)]).flat();
      assertEquals([...encode(array)].slice(3), parts);
    }
  }
});

Deno.test("encode() finds a hole behind numbers where there are as many other properties", () => {
  for (const length of [3, 7, 8, 127, 128, 129, 300, 5000]) {
    for (const hole of [0, 1, length >> 1, length - 1]) {
      const array = Object.assign(Array.from({ length }, (_, i) => i % 200), { name: "x" });
      delete array[hole];
      const shared: unknown[] = [1, 2];
      const value = decode(encode([shared, array, shared, "end"])) as unknown[][];
      assertEquals(value, [shared, array, shared, "end"]);
      assertEquals(hole in value[1]!, false);
      assertStrictEquals(value[0], value[2]);
    }
  }
});

Deno.test("encode() writes as many elements as an array has at first", () => {
  for (const change of [-1, 1]) {
    const array: unknown[] = [1, 2, Socket, 3, 4];
    const handle = (): number => array.length += change;
    const bytes = encode([array, "end"], { handle });
    const [decoded, end] = decode(bytes, { revive: () => "handle" }) as [unknown[], string];
    assertEquals(decoded, [1, 2, "handle", 3, change < 0 ? undefined : 4]);
    assertEquals(end, "end");
  }
});
