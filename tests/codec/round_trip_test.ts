import { assert, assertEquals, assertFalse, assertStrictEquals } from "@std/assert";
import { decode, encode } from "../../codec/mod.ts";
import { findDifference } from "./_same_graph.ts";
import { randomNumber, randomValue, seeded } from "./_random.ts";

function roundTrip<T>(value: T): T {
  return decode(encode(value)) as T;
}

function assertCarried(value: unknown): void {
  assertEquals(findDifference(roundTrip(value), value), undefined);
}

Deno.test("decode() gives back any graph of values that encode() was given", () => {
  for (let seed = 0; seed < 4000; seed++) {
    const value = randomValue(seeded(seed));
    const difference = findDifference(decode(encode(value)), value);
    assertEquals(difference, undefined, `seed ${seed}`);
  }
});

Deno.test("decode() gives back graphs with more objects than are searched one by one", () => {
  for (let seed = 0; seed < 100; seed++) {
    assertCarried(randomValue(seeded(seed), { size: 1500 }));
  }
});

Deno.test("encode() gives the same bytes for what decode() made of them", () => {
  for (let seed = 0; seed < 500; seed++) {
    const bytes = encode(randomValue(seeded(seed)));
    assertEquals(encode(decode(bytes)), bytes, `seed ${seed}`);
  }
});

Deno.test("encode() and decode() carry numbers exactly", () => {
  const edges = [0, 31, 32, 127, 128, 255, 256, 32_767, 32_768, 65_535, 65_536, 2 ** 31, 2 ** 32]
    .concat([2 ** 53 - 1, 2 ** 53, 2 ** 63, 2 ** 64, 0.5, 5e-324, 1.7e308, NaN, Infinity]);
  for (const edge of edges) {
    for (const value of [edge, edge - 1, edge + 1]) {
      assertStrictEquals(roundTrip(value), value);
      assertStrictEquals(roundTrip(-value), -value);
    }
  }
});

Deno.test("encode() and decode() keep bigints apart from numbers", () => {
  for (let bits = 0n; bits < 200n; bits++) {
    for (const value of [(1n << bits) - 1n, 1n << bits, (1n << bits) + 1n]) {
      assertStrictEquals(roundTrip(value), value);
      assertStrictEquals(roundTrip(-value), -value);
    }
  }
});

Deno.test("encode() and decode() take time in proportion to the size of a bigint", () => {
  // With a quadratic algorithm this takes minutes.
  const value = (1n << 8_000_000n) - 12345n;
  assert(roundTrip(value) === value);
  assert(roundTrip(-value) === -value);
});

Deno.test("encode() and decode() keep holes in arrays, and undefined elements beside them", () => {
  // deno-lint-ignore no-sparse-arrays
  const array = [, 1, undefined, , [,], ,];
  const result = roundTrip(array);
  assertEquals(Object.keys(result), ["1", "2", "4"]);
  assertEquals(result.length, 6);
  assertCarried(array);
  const end: unknown[] = [];
  end[4_294_967_294] = "end";
  assertCarried(end);
  assert(encode(end).length < 40);
  assertEquals(roundTrip(new Array(4_294_967_295)).length, 4_294_967_295);
  assertEquals(roundTrip([undefined]), [undefined]);
});

Deno.test("encode() and decode() keep all of the longest array there is", () => {
  const longest: unknown[] = new Array(4_294_967_295);
  assertEquals(Object.keys(roundTrip(longest)), []);
  longest[0] = "first";
  assertCarried(longest);
  longest[4_294_967_294] = "last";
  longest[7] = longest;
  assertCarried(Object.assign(longest, { name: "longest" }));
  assert(encode(longest).length < 100);
});

Deno.test("encode() and decode() keep properties of arrays that are not elements", () => {
  assertCarried("nginx/1.22".match(/(?<name>\w+)\/(?<version>[\d.]+)/d));
  assertCarried([..."a1b2".matchAll(/[a-z](\d)/g)]);
  assertCarried(Object.assign([], { only: 1 }));
  const odd = { index: 5, "01": 6, "-1": 7, "4294967295": 8, "1.5": 9, constructor: 10 };
  const sparse = Object.assign([1, 2], odd);
  assertCarried(sparse);
  delete sparse[0];
  assertCarried(sparse);
  // As many properties as if it had no hole, and no other.
  // deno-lint-ignore no-sparse-arrays
  assertCarried(Object.assign([1, , 3], { name: "x" }));
  const cyclic: unknown[] & { self?: unknown } = [];
  cyclic.self = cyclic;
  cyclic.push(cyclic, {}, [cyclic]);
  assertCarried(Object.defineProperty(cyclic, "__proto__", { value: cyclic, enumerable: true }));
  for (const length of [15, 16, 70_000]) {
    const long = Array.from({ length }, (_, i) => i / 2);
    assertCarried(Object.assign(long, { unit: "m" }));
  }
  const bytes = new Uint8Array(100_000).fill(1);
  assertCarried(Object.assign([bytes, 1], { bytes, more: new Uint8Array(70_000) }));
});

Deno.test("encode() makes an array of the arguments of a function", () => {
  function list(..._: unknown[]): IArguments {
    return arguments;
  }
  assertEquals(roundTrip([list(), list(1), list("a", [2])]) as unknown, [[], [1], ["a", [2]]]);
  const [a, b] = roundTrip(Array(2).fill(list(1)));
  assertStrictEquals(a, b);
  const like = { 0: "a", length: 1, [Symbol.iterator]: Array.prototype.values };
  assertEquals(roundTrip(like) as unknown, { 0: "a", length: 1 });
  const tagged = { 0: "a", [Symbol.iterator]: 1, [Symbol.toStringTag]: "Arguments" };
  assertEquals(roundTrip(tagged) as unknown, { 0: "a" });
});

Deno.test("decode() gives objects own properties only, whatever the keys are called", () => {
  const value = JSON.parse('{"__proto__": {"admin": true}, "constructor": 1, "toString": 2}');
  const result = roundTrip(value);
  assertStrictEquals(Object.getPrototypeOf(result), Object.prototype);
  assertStrictEquals(result.admin, undefined);
  assertEquals(Object.keys(result), ["__proto__", "constructor", "toString"]);
  assertCarried(Object.assign(Object.create(null), { toString: 1 }));
});

Deno.test("decode() gives equal keys of different shapes their own values", () => {
  // There are so many keys, of all lengths and in any order, that many share a slot of the decoder.
  const random = seeded(1);
  for (let round = 0; round < 50; round++) {
    const value: Record<string, number> = {};
    for (let i = 0; i < 300; i++) value["k".repeat(random(34)) + random(3000)] = i;
    assertCarried(value);
  }
});

Deno.test("encode() leaves out what someone added to all objects", () => {
  const prototype = Object.prototype as unknown as Record<string, unknown>;
  prototype["added"] = 1;
  try {
    assertFalse(Object.hasOwn(roundTrip({ own: 1 }), "added"));
    assertEquals(Object.keys(roundTrip({ own: 1 })), ["own"]);
  } finally {
    delete prototype["added"];
  }
});

Deno.test("encode() writes objects of any number of properties with bytes among them", () => {
  for (const count of [15, 16, 17, 65_535, 65_536]) {
    const value = Object.fromEntries(
      Array.from({ length: count }, (_, i) => [`${i}k`, i]),
    ) as Record<
      string,
      unknown
    >;
    value["0k"] = new Uint8Array(100_000).fill(1);
    value["9k"] = { inner: new Uint8Array(200_000).fill(2), rest: "x".repeat(70_000) };
    assertCarried([value, value, new Uint8Array(70_000)]);
  }
});

Deno.test("encode() and decode() keep who shares what with whom", () => {
  const shared = { bytes: new Uint8Array(3) };
  const value = { a: shared, b: [shared, shared.bytes], map: new Map<unknown, unknown>() };
  value.map.set(value.map, value);
  const result = roundTrip(value);
  assertStrictEquals(result.a, result.b[0]);
  assertStrictEquals(result.a.bytes, result.b[1]);
  assertStrictEquals(result.map.get(result.map), result);

  const error = new Error("circular");
  error.cause = new Set([error]);
  const [cause] = roundTrip(error).cause as Set<unknown>;
  assert(cause instanceof Error && (cause.cause as Set<unknown>).has(cause));
});

Deno.test("encode() knows each object again, however many there are", () => {
  for (let count = 1; count < 300; count += count < 20 || count > 120 && count < 140 ? 1 : 20) {
    const objects = Array.from({ length: count }, (_, i) => ({ i }));
    const result = roundTrip([...objects, ...objects, {}, objects[0]]);
    for (let i = 0; i < count; i++) assertStrictEquals(result[i], result[i + count]);
    assertEquals(new Set(result).size, count + 1);
  }
});

Deno.test("encode() numbers many objects and repetitions in linear time", () => {
  const objects = Array.from({ length: 100_000 }, (_, i) => ({ i }));
  const result = roundTrip([...objects, ...objects]);
  for (let i = 0; i < objects.length; i++) assert(result[i] === result[i + objects.length]);
  const pairs = roundTrip(objects.flatMap((object) => [object, object]));
  for (let i = 0; i < pairs.length; i += 2) assert(pairs[i] === pairs[i + 1]);
});

Deno.test("encode() and decode() keep errors of built-in classes", () => {
  const error = Object.assign(new TypeError("no", { cause: { code: 1 } }), { code: "ENOENT" });
  const result = roundTrip(error);
  assert(result instanceof TypeError);
  assertStrictEquals(Object.getPrototypeOf(result), TypeError.prototype);
  assertStrictEquals(result.stack, error.stack);
  assertEquals(Object.keys(result), ["code"]);
  assertCarried(error);
  assertFalse(Object.hasOwn(roundTrip(new Error()), "message"));
  assertFalse(Object.hasOwn(roundTrip(new Error("x")), "cause"));
  assert(Object.hasOwn(roundTrip(new Error("x", { cause: undefined })), "cause"));
  assertCarried(new AggregateError([new RangeError("a"), 2], "both"));
  assertCarried(Object.defineProperty(new Error("x"), "name", { value: "Named" }));
});

Deno.test("encode() leaves out a stack that is not text, and decode() gives none of its own", () => {
  const error = new Error("x");
  Object.defineProperty(error, "stack", { value: [() => {}], configurable: true });
  assertStrictEquals(roundTrip(error).stack, undefined);
});

Deno.test("encode() writes of a view only what it shows", () => {
  const pool = new ArrayBuffer(1_000_000);
  for (const view of [new Uint8Array(pool, 8, 4), new Float32Array(pool, 8, 1)]) {
    assert(encode(view).length < 10);
    assertStrictEquals(roundTrip(view).buffer.byteLength, 4);
  }
  assert(encode(new DataView(pool, 3, 4)).length < 10);
});

Deno.test("encode() copies shared memory, and Node's Buffer as the bytes it is", () => {
  const shared = new Uint8Array(new SharedArrayBuffer(4)).fill(5);
  assertEquals(roundTrip(shared), new Uint8Array([5, 5, 5, 5]));
  const { Buffer } = globalThis as unknown as { Buffer: { from(text: string): Uint8Array } };
  const result = roundTrip(Buffer.from("hi"));
  assertStrictEquals(Object.getPrototypeOf(result), Uint8Array.prototype);
  assertEquals(result, new Uint8Array([104, 105]));
  assertEquals(decode(Buffer.from("\xa2hi").subarray(1)), "hi");
});

Deno.test("decode() gives binaries memory of their own", () => {
  const bytes = encode([
    new Uint8Array([1, 2, 3]),
    new Float64Array([1, 2]),
    "a",
    new ArrayBuffer(2),
  ]);
  const result = decode(bytes) as [Uint8Array, Float64Array, string, ArrayBuffer];
  bytes.fill(0xff);
  assertEquals(result, [
    new Uint8Array([1, 2, 3]),
    new Float64Array([1, 2]),
    "a",
    new ArrayBuffer(2),
  ]);
  assertStrictEquals(result[0].buffer.byteLength, 3);
});

Deno.test("decode() aligns typed arrays wherever they are in the input", () => {
  for (let offset = 0; offset < 9; offset++) {
    assertCarried(["x".repeat(offset), new Float64Array([1.5, -2]), new BigInt64Array([-1n])]);
  }
});

Deno.test({
  name: "encode() and decode() carry Float16Array",
  ignore: !("Float16Array" in globalThis),
  fn() {
    assertCarried(new Float16Array([1.5, NaN, -0]));
  },
});

Deno.test("encode() gives bytes that later encodings leave alone", () => {
  const values = Array.from({ length: 3000 }, (_, i) => ({ i, text: "x".repeat(i % 200) }));
  const all = values.map((value) => encode(value));
  assertEquals(all.map((bytes) => decode(bytes)), values);
});

Deno.test("encode() writes a list as its elements one after the other, wherever they come to be", () => {
  const header = (length: number) => {
    const zeros = encode(new Array(length).fill(0));
    return zeros.subarray(0, zeros.length - length);
  };
  for (let seed = 0; seed < 600; seed++) {
    const random = seeded(seed);
    const only = random(3) > 0;
    const length = random(4) > 0 ? random(40) : 3000 + random(3000);
    const list = Array.from(
      { length },
      () => only || random(5) > 0 ? randomNumber(random) : "text",
    );
    const parts = [header(length), ...list.map((element) => encode(element))];
    const expected = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const part of parts) {
      expected.set(part, at);
      at += part.length;
    }
    assert(encode(list).every((byte, i) => byte === expected[i]), `seed ${seed}`);
    assertEquals(encode(list).length, expected.length);
  }
});

Deno.test("encode() can be called by what it calls", () => {
  let inner: Uint8Array | undefined;
  const value = {
    before: "a".repeat(5000),
    get now() {
      return (inner = encode({ n: [1, 2, { s: "b".repeat(10_000) }] })).length;
    },
    after: [new Uint8Array(70_000)],
  };
  const bytes = encode(value);
  assertEquals(decode(inner!), { n: [1, 2, { s: "b".repeat(10_000) }] });
  assertEquals(decode(bytes), { ...value });
});
