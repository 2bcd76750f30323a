import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { decode, encode } from "../../codec/mod.ts";
import { decodePlain, encodePlain, NOT_PLAIN } from "../../codec/plain.ts";
import { randomValue, seeded } from "./_random.ts";
import { findDifference } from "./_same_graph.ts";

/** What a function gives, or `undefined` if it takes something for not plain. */
function unlessOdd<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch (thrown) {
    assertStrictEquals(thrown, NOT_PLAIN);
    return undefined;
  }
}

Deno.test("encodePlain() writes what encode() writes, or nothing", () => {
  let count = 0;
  for (let seed = 0; seed < 4000; seed++) {
    const value = randomValue(seeded(seed));
    const bytes = unlessOdd(() => encodePlain(value));
    if (bytes === undefined) continue;
    assertEquals(bytes, encode(value), `seed ${seed}`);
    count++;
  }
  assert(count > 500, `${count}`);
});

Deno.test("decodePlain() reads what decode() reads, or nothing", () => {
  let count = 0;
  for (let seed = 0; seed < 4000; seed++) {
    const bytes = encode(randomValue(seeded(seed)));
    const read = unlessOdd(() => ({ value: decodePlain(bytes) }));
    if (read === undefined) continue;
    assertEquals(findDifference(read.value, decode(bytes)), undefined, `seed ${seed}`);
    count++;
  }
  assert(count > 500, `${count}`);
});

Deno.test("encodePlain() and decodePlain() carry plain values", () => {
  const shared = { a: 1 };
  const many = Array.from({ length: 70_000 }, (_, i) => ({ i }));
  const cycle: unknown[] = [];
  cycle.push({ cycle });
  const edges = [0, 31, 32, 127, 128, 255, 256, 32_767, 32_768, 65_535, 65_536, 2 ** 31, 2 ** 32];
  for (
    const value of [
      ...[null, undefined, true, false, -0, NaN, Infinity, 0.5, 2 ** 53, 5e-324],
      edges.flatMap((one) => [one - 1, one, one + 1, 1 - one, -one, -1 - one]),
      ...["", "a".repeat(31), "a".repeat(32), "ä".repeat(128), "😀", "\ufeffx".repeat(30_000)],
      ...[[], {}, [[]], JSON.parse('{ "__proto__": 2, "7": 8 }'), cycle, [shared, shared]],
      [...many, many[0], many[300], many[69_999]],
      Object.fromEntries(many.slice(0, 20).map((one, i) => [i, one])),
      new Map<unknown, unknown>([[1, shared], [shared, new Map([["x", []]])]]),
      ...[new Uint8Array(), new Uint8Array(300), [new Uint8Array(65_536).fill(1), 1]],
    ]
  ) {
    const bytes = encodePlain(value);
    assertEquals(bytes, encode(value));
    assertEquals(findDifference(decodePlain(bytes), value), undefined);
  }
  const day = 86_400_000;
  for (const time of [0, 1, -1, day, NaN, 2 ** 32 * 1000, 2 ** 34 * 1000 + 5, -8.64e15, 8.64e15]) {
    for (const value of [new Date(time), new Set([1, new Date(time)])]) {
      assertEquals(encodePlain(value), encode(value), `${time}`);
    }
  }
});

Deno.test("encodePlain() refuses what needs more than the codec, or would lose something", () => {
  const symbol = Symbol.for("x");
  const named = Object.assign([1, 2], { name: 1 });
  const long = Object.assign(new Array(2000).fill(0), { name: 1 });
  const holes = new Array(2000).fill(0);
  delete holes[7];
  const hidden = (object: object): object => Object.defineProperty(object, "x", { value: 1 });
  let deep: unknown = 1;
  for (let i = 0; i < 501; i++) deep = [deep];
  const values: Record<string, unknown> = {
    ...{ bigint: 5n, symbol, function: () => {}, lone: "\ud800", error: new Error("x") },
    ...{ frozen: Object.freeze({ a: 1 }), sealed: Object.seal([1]), keyed: { [symbol]: 1 } },
    ...{ named, long, holes, short: [1, , 2], hidden: hidden({}), hiddenInArray: hidden([1]) },
    ...{ hiddenInMap: hidden(new Map()), hiddenInBytes: hidden(new Uint8Array(3)), deep },
    ...{ none: Object.create(null), instance: new (class A {})(), math: Math },
    ...{
      buffer: new ArrayBuffer(1),
      regexp: /x/,
      url: new URL("a:b"),
      floats: new Float64Array(1),
    },
    ...{ readOnly: Object.defineProperty({ a: 1 }, "a", { writable: false }) },
    ...{ fixedList: Object.defineProperty([1], "length", { writable: false }) },
    ...{
      large: new Uint8Array(65_537),
      two: [new Uint8Array(1), new Uint8Array(1)],
      stream: (function* () {})(),
    },
    ...{ params: new URLSearchParams(), iterable: { async *[Symbol.asyncIterator]() {} } },
    arguments: (function (..._: unknown[]) {
      return arguments;
    })(1),
  };
  for (const [name, value] of Object.entries(values)) {
    assertEquals(unlessOdd(() => encodePlain([value])), undefined, name);
  }
});

Deno.test("decodePlain() makes the values of handles, which may be referred to", () => {
  const fn = (): void => {};
  const bytes = encode([fn, { fn }, [1]], { handle: () => [1, 0, "x"] });
  const made = (): void => {};
  const seen: unknown[] = [];
  const value = decodePlain(bytes, (data) => {
    seen.push(data);
    return made;
  });
  assertEquals(value, [made, { fn: made }, [1]]);
  assertEquals(seen, [[1, 0, "x"]]);
  assertEquals(unlessOdd(() => decodePlain(bytes)), undefined);
});
