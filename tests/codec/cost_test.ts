import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { decode, DecodeError, encode } from "../../codec/mod.ts";
import { PATIENCE } from "../tunnel/_deadline.ts";

const MEGABYTE = 1_000_000;

/** An array whose elements have these bytes, as many as fit into `size` bytes. */
function arrayOf(element: readonly number[], size: number = MEGABYTE): Uint8Array {
  const count = Math.floor(size / element.length);
  const bytes = new Uint8Array(5 + count * element.length);
  bytes[0] = 0xdd;
  new DataView(bytes.buffer).setUint32(1, count);
  for (let at = 5; at < bytes.length; at += element.length) bytes.set(element, at);
  return bytes;
}

function text(characters: string): number[] {
  const bytes = [...new TextEncoder().encode(characters)];
  return [...bytes.length < 32 ? [0xa0 + bytes.length] : [0xd9, bytes.length], ...bytes];
}

function extension(type: number, content: readonly number[]): number[] {
  return [0xc7, content.length, type, ...content];
}

/** The bytes of a `RegExp`, whose source may be long. */
function regExp(source: string, flags: string): Uint8Array {
  return nested(9, [encode(source), encode(flags)]);
}

function nested(type: number, parts: readonly Uint8Array[]): Uint8Array {
  const size = parts.reduce((sum, { length }) => sum + length, 0);
  const bytes = new Uint8Array(6 + size);
  bytes[0] = 0xc9;
  new DataView(bytes.buffer).setUint32(1, size);
  bytes[5] = type;
  let at = 6;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function assertTooCostly(bytes: Uint8Array, name: string): void {
  const before = performance.now();
  const error = assertThrows(() => decode(bytes), DecodeError, "Cannot decode", name);
  assertEquals([error.exceeds, error.truncated], ["maxCost", false], `${name}: ${error.message}`);
  assert(performance.now() - before < PATIENCE, `${name} took ${performance.now() - before} ms`);
}

Deno.test("decode() refuses what takes many times more memory than its bytes", () => {
  const elements: Record<string, number[]> = {
    "maps": [0x80],
    "arrays": [0x90],
    "a Map": extension(6, []),
    "a Set": extension(7, []),
    "objects without prototype": extension(5, []),
    "sparse arrays": extension(4, [0]),
    "bytes": [0xc4, 0],
    "buffers": extension(16, []),
    "views": extension(28, []),
    "dates": extension(8, []),
    "references to nothing but numbers": [0x91, 1],
  };
  for (const [name, element] of Object.entries(elements)) {
    assertTooCostly(arrayOf(element, 16 * MEGABYTE), name);
  }
});

Deno.test("decode() refuses a megabyte that takes long", () => {
  const error = extension(11, text("Error"));
  assertTooCostly(arrayOf(error), "errors");
  assertTooCostly(arrayOf(extension(10, text("a:b"))), "URLs");
  assertTooCostly(arrayOf(extension(9, [...text("\\p{L}"), ...text("u")])), "properties");
  const descending = Array.from({ length: 60_000 }, (_, i) => String.fromCodePoint(0x1f000 - 2 * i))
    .filter((character) => character < "\ud800" || character > "\udfff").join("");
  const sources: [name: string, source: string, flags: string][] = [
    ["a class whose characters descend", `[${descending}]`, "u"],
    ["the same without the flag", `[${descending.replace(/[^\0-\ud7ff]/gu, "")}]`, ""],
    ["classes within one", `[${[...descending].join("[a]")}]`, "v"],
    ["emoji", "[\\p{RGI_Emoji}]".repeat(1000), "v"],
    ["properties", "\\p{L}".repeat(2000), "u"],
    ["names", Array.from({ length: 90_000 }, (_, i) => `(?<n${i}>)`).join("|"), ""],
  ];
  for (const [name, source, flags] of sources) assertTooCostly(regExp(source, flags), name);
});

Deno.test("decode() takes regular expressions that people write", () => {
  const words = Array.from({ length: 3000 }, (_, i) => `word${i}`).join("|");
  const ranges = Array.from({ length: 500 }, (_, i) => `\\u{${(0x1000 + 4 * i).toString(16)}}`);
  for (
    const one of [
      /^[\p{L}\p{N}_-]+@(?<host>[\w.-]+)$/iu,
      new RegExp(`\\b(?:${words})\\b`, "gi"),
      new RegExp(`[${ranges.join("")}]`, "u"),
      new RegExp("^(?:\\p{RGI_Emoji}|\\s)+$", "v"),
    ]
  ) assertEquals(decode(encode(one)), one);
});

/*
 * Members of a `Map` or `Set` that V8 finds one after the other.
 */

function hash32(key: number): number {
  let hash = ~key + (key << 15) | 0;
  hash ^= hash >>> 12;
  hash = hash + (hash << 2) | 0;
  hash ^= hash >>> 4;
  hash = Math.imul(hash, 2057);
  return hash ^ hash >>> 16;
}

const MASK = 2n ** 64n - 1n;

function hash64(key: bigint): number {
  let hash = (~key + (key << 18n)) & MASK;
  hash ^= hash >> 31n;
  hash = hash * 21n & MASK;
  hash ^= hash >> 11n;
  hash = hash + (hash << 6n) & MASK;
  hash ^= hash >> 22n;
  return Number(hash & 0x3fff_ffffn);
}

function collect<T>(count: number, make: (i: number) => T, counts: (one: T) => boolean): T[] {
  const found: T[] = [];
  for (let i = 0; found.length < count; i++) {
    const one = make(i);
    if (counts(one)) found.push(one);
  }
  return found;
}

const words = new DataView(new ArrayBuffer(8));

function bitsOf(number: number): bigint {
  words.setFloat64(0, number);
  return words.getBigUint64(0);
}

/** Members whose hashes end alike, and as many of the same kind that are not chosen. */
const ALIKE: Record<string, [alike: unknown[], others: unknown[]]> = {
  "integers": [
    collect(20_000, (i) => i, (i) => (hash32(i) & 0x3ff) === 0),
    collect(20_000, (i) => i * 1021, () => true),
  ],
  "numbers": [
    collect(9_000, (i) => i + 0.5, (number) => (hash64(bitsOf(number)) & 0x7f) === 0),
    collect(9_000, (i) => i / 7 + 0.01, () => true),
  ],
  "bigints": [
    collect(20_000, (i) => BigInt(i) << 64n, () => true),
    collect(20_000, (i) => BigInt(i) + 2n ** 70n, () => true),
  ],
  "array indexes": [
    collect(20_000, (i) => `${i * 2 ** 14}`, () => true),
    collect(20_000, (i) => `${i * 7}`, () => true),
  ],
};

Deno.test("decode() refuses members that V8 finds one after the other", () => {
  for (const [name, [alike, others]] of Object.entries(ALIKE)) {
    const members = alike.map((one) => encode(one).slice());
    // It takes too long to find enough numbers.
    if (name !== "numbers") {
      assertTooCostly(nested(7, members), `a Set of ${name}`);
      assertTooCostly(nested(6, members.flatMap((one) => [one, one])), `a Map of ${name}`);
    }
    const set = new Set(others);
    assertEquals((decode(encode(set)) as Set<unknown>).size, set.size, name);
  }
});

Deno.test("V8 finds members one after the other whose hashes end alike", () => {
  const timeOf = (members: unknown[]): number => {
    const times = [1, 2, 3].map(() => {
      const before = performance.now();
      new Set(members.slice(0, 6000));
      return performance.now() - before;
    });
    return Math.min(...times);
  };
  for (const [name, [alike, others]] of Object.entries(ALIKE)) {
    const [slow, fast] = [timeOf(alike), timeOf(others)];
    // If this fails, V8 has got other hashes, and _hash_chains.ts may go.
    assert(slow > 3 * fast, `${name}: ${slow} ms and ${fast} ms`);
  }
});

Deno.test("decode() makes no room for the elements before a key that is an integer", () => {
  // 40,000 objects with room for 1,000 elements each would take 160 MB.
  const elements = [[0x81, ...text("1000"), 1], extension(5, [...text("1000"), 1])];
  const code = `import { decode } from ${JSON.stringify(import.meta.resolve("../../codec/mod.ts"))};
    for (const element of ${JSON.stringify(elements)}) {
      const bytes = new Uint8Array(5 + 40_000 * element.length);
      bytes.set([0xdd, 0, 0, 0x9c, 0x40]);
      for (let at = 5; at < bytes.length; at += element.length) bytes.set(element, at);
      console.log(decode(bytes, { maxCost: Infinity }).length);
    }`;
  const args = ["eval", "--v8-flags=--max-old-space-size=64", code];
  const { stdout, stderr } = new Deno.Command(Deno.execPath(), { args }).outputSync();
  const said = new TextDecoder().decode(stdout);
  assertEquals(said, "40000\n40000\n", new TextDecoder().decode(stderr));
  const record = { 5: "a", 1000: "b", 70: "c", x: "d", 4294967294: "e", 4294967295: "f" };
  assertEquals(Object.entries(decode(encode(record)) as object), Object.entries(record));
  // The key in the long forms that another library may write.
  for (const header of [[0xd9, 4], [0xda, 0, 4], [0xdb, 0, 0, 0, 4]]) {
    const bytes = new Uint8Array([0x81, ...header, 0x31, 0x30, 0x30, 0x30, 7]);
    assertEquals(decode(bytes), { 1000: 7 });
  }
  for (const header of [[0xa9], [0xd9, 9], [0xda, 0, 9], [0xdb, 0, 0, 0, 9]]) {
    const name = [...new TextEncoder().encode("__proto__")];
    const value = decode(new Uint8Array([0x81, ...header, ...name, 0x80])) as object;
    assertEquals(Object.keys(value), ["__proto__"]);
    assertEquals(Object.getPrototypeOf(value), Object.prototype);
  }
});

Deno.test("decode() heeds maxCost", () => {
  const bytes = encode({ list: Array.from({ length: 1000 }, (_, i) => ({ i })) });
  const error = assertThrows(() => decode(bytes, { maxCost: 50_000 }), DecodeError);
  assertStringIncludes(error.message, "it takes more than 50000 bytes of memory");
  assertEquals(error.exceeds, "maxCost");
  decode(bytes, { maxCost: 200_000 });
  const large = encode(new Uint8Array(2 * MEGABYTE));
  assertThrows(() => decode(large, { maxCost: MEGABYTE }), DecodeError, "1000000 bytes of memory");
  assertThrows(() => decode(bytes, { maxCost: -1 }), RangeError, "maxCost is -1");
  assertThrows(() => decode(bytes, { maxCost: NaN }), RangeError, "maxCost is NaN");
  // What is trusted may cost anything.
  const errors = arrayOf(extension(11, text("Error")), 300_000);
  assertTooCostly(errors, "errors");
  assertEquals((decode(errors, { maxCost: Infinity }) as unknown[]).length, 33_333);
});

Deno.test("decode() says which limit is exceeded", () => {
  const deep = encode([[[[]]]]);
  const exceeds = (act: () => unknown): unknown => assertThrows(act, DecodeError).exceeds;
  assertEquals(exceeds(() => decode(deep, { maxDepth: 2 })), "maxDepth");
  assertEquals(exceeds(() => decode(deep, { maxSize: 2 })), "maxSize");
  assertEquals(exceeds(() => decode(deep.subarray(0, 2))), undefined);
});

Deno.test("decode() has errors and sources revised", () => {
  const error = new TypeError("one", { cause: new Error("two") });
  const seen: string[] = [];
  const value = decode(encode({ error, again: error, pattern: /a+/g }), {
    reviseError(one) {
      seen.push(one.message);
      one.message = one.message.toUpperCase();
    },
    reviseSource: (source) => source.replace("a", "b"),
  }) as { error: Error; again: Error; pattern: RegExp };
  assertEquals(seen, ["two", "one"]);
  assertEquals([value.error.message, (value.error.cause as Error).message], ["ONE", "TWO"]);
  assert(value.again === value.error);
  assertEquals(`${value.pattern}`, "/b+/g");
});
