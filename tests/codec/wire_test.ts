import * as std from "@std/msgpack";
import { assertEquals, assertStrictEquals } from "@std/assert";
import { decode, encode } from "../../codec/mod.ts";
import { slow } from "../services/services.ts";
import { fromHex, toHex } from "./_bytes.ts";
import { randomString, randomValue, seeded } from "./_random.ts";
import { findDifference } from "./_same_graph.ts";

type Plain = Parameters<typeof std.encode>[0];

function error<T extends Error>(make: T, properties: Record<string, unknown> = {}): T {
  make.stack = "at";
  return Object.assign(make, properties);
}

const again = {};

/** Bytes written by hand, from the tables in `codec/README.md`. */
const rows: [name: string, value: unknown, hex: string][] = [
  ["null", null, "c0"],
  ["false", false, "c2"],
  ["true", true, "c3"],
  ["integer", 127, "7f"],
  ["integer", -32, "e0"],
  ["integer", 128, "cc 80"],
  ["integer", 256, "cd 01 00"],
  ["integer", 65_536, "ce 00 01 00 00"],
  ["integer", 2 ** 32 - 1, "ce ff ff ff ff"],
  ["integer", 2 ** 32, "cb 41 f0 00 00 00 00 00 00"],
  ["integer", -33, "d0 df"],
  ["integer", -129, "d1 ff 7f"],
  ["integer", -32_769, "d2 ff ff 7f ff"],
  ["integer", -(2 ** 31) - 1, "cb c1 e0 00 00 00 20 00 00"],
  ["number", -0, "cb 80 00 00 00 00 00 00 00"],
  ["number", 1.5, "cb 3f f8 00 00 00 00 00 00"],
  ["number", 2 ** 53, "cb 43 40 00 00 00 00 00 00"],
  ["number", Infinity, "cb 7f f0 00 00 00 00 00 00"],
  ["bigint of 64 bits", 2n ** 53n, "d3 00 20 00 00 00 00 00 00"],
  ["bigint of 64 bits", -(2n ** 63n), "d3 80 00 00 00 00 00 00 00"],
  ["bigint of 64 bits", 2n ** 64n - 1n, "cf ff ff ff ff ff ff ff ff"],
  ["string", "é", "a2 c3 a9"],
  ["string", "x".repeat(32), `d9 20 ${"78".repeat(32)}`],
  ["string", "x".repeat(256), `da 01 00 ${"78".repeat(256)}`],
  ["Uint8Array", new Uint8Array([1, 2]), "c4 02 01 02"],
  ["array", [1, []], "92 01 90"],
  ["array", new Array(16).fill(0), `dc 00 10 ${"00".repeat(16)}`],
  ["object", { a: { "": 1 } }, "81 a1 61 81 a0 01"],
  ["Date", new Date(1000), "d6 ff 00 00 00 01"],
  ["Date", new Date(1001), "d7 ff 00 3d 09 00 00 00 00 01"],
  ["Date", new Date(2 ** 32 * 1000), "d7 ff 00 00 00 01 00 00 00 00"],
  ["Date", new Date(-1), "c7 0c ff 3b 8b 87 c0 ff ff ff ff ff ff ff ff"],
  ["0 undefined", undefined, "d4 00 00"],
  ["1 reference", [again, again, []], "93 80 d4 01 01 90"],
  ["2 bigint", 0n, "d4 02 00"],
  ["2 bigint", -1n, "d4 02 ff"],
  ["2 bigint", 127n, "d4 02 7f"],
  ["2 bigint", 128n, "d5 02 00 80"],
  ["2 bigint", -129n, "d5 02 ff 7f"],
  ["2 bigint", 2n ** 64n, "c7 09 02 01 00 00 00 00 00 00 00 00"],
  ["3 string of UTF-16", "\udc00a", "d6 03 00 dc 61 00"],
  ["3 string of UTF-16 as key", { "\ud800": 1 }, "81 d5 03 00 d8 01"],
  // deno-lint-ignore no-sparse-arrays
  ["4 sparse array", [, 7, ,], "c9 00 00 00 03 04 03 01 07"],
  [
    "5 object without prototype",
    Object.assign(Object.create(null), { a: 1 }),
    "c9 00 00 00 03 05 a1 61 01",
  ],
  ["6 Map", new Map<unknown, unknown>([[1, "a"], [null, 2]]), "c9 00 00 00 05 06 01 a1 61 c0 02"],
  ["7 Set", new Set([1, 2]), "c9 00 00 00 02 07 01 02"],
  ["8 invalid Date", new Date(NaN), "c7 00 08"],
  ["9 RegExp", /a/g, "c9 00 00 00 04 09 a1 61 a1 67"],
  ["10 URL", new URL("a:b"), "c9 00 00 00 04 0a a3 61 3a 62"],
  [
    "11 error",
    error(new Error("no", { cause: 1 }), { code: 2 }),
    "c9 00 00 00 28 0b a5 45 72 72 6f 72 a7 6d 65 73 73 61 67 65 a2 6e 6f" +
    "a5 73 74 61 63 6b a2 61 74 a5 63 61 75 73 65 01 c0 a4 63 6f 64 65 02",
  ],
  [
    "13 array with names",
    Object.assign([7], { a: 1 }),
    "c9 00 00 00 05 0d 91 07 a1 61 01",
  ],
  [
    "13 array with names",
    // deno-lint-ignore no-sparse-arrays
    Object.assign([,], { a: 1 }),
    "c9 00 00 00 0a 0d c9 00 00 00 01 04 01 a1 61 01",
  ],
  ["16 ArrayBuffer", new Uint8Array([1, 2]).buffer, "d5 10 01 02"],
  ["17 DataView", new DataView(new Uint8Array([1, 2]).buffer), "d5 11 01 02"],
  ["18 Int8Array", new Int8Array([-1]), "d4 12 ff"],
  ["19 Uint8ClampedArray", new Uint8ClampedArray([255, 1, 2]), "c7 03 13 ff 01 02"],
  ["20 Int16Array", new Int16Array([-2]), "d5 14 fe ff"],
  ["21 Uint16Array", new Uint16Array([258]), "d5 15 02 01"],
  ["22 Int32Array", new Int32Array([-2]), "d6 16 fe ff ff ff"],
  ["23 Uint32Array", new Uint32Array([1]), "d6 17 01 00 00 00"],
  ["24 BigInt64Array", new BigInt64Array([-2n]), "d7 18 fe ff ff ff ff ff ff ff"],
  ["25 BigUint64Array", new BigUint64Array([1n]), "d7 19 01 00 00 00 00 00 00 00"],
  ["27 Float32Array", new Float32Array([1]), "d6 1b 00 00 80 3f"],
  ["28 Float64Array", new Float64Array([1]), "d7 1c 00 00 00 00 00 00 f0 3f"],
];
if ("Float16Array" in globalThis) {
  rows.push(["26 Float16Array", new Float16Array([1]), "d5 1a 00 3c"]);
}

for (const [name, value, hex] of rows) {
  Deno.test(`encode() and decode() agree with the README: ${name} as ${hex.slice(0, 40)}`, () => {
    assertEquals(toHex(encode(value)), hex.replaceAll(" ", ""));
    assertEquals(findDifference(decode(fromHex(hex)), value), undefined);
  });
}

Deno.test("encode() and decode() agree with the README: 12 handle", () => {
  const run = () => {};
  const handle = () => [1];
  assertEquals(toHex(encode([run, run], { handle })), "92c9000000020c9101d40102");
  assertEquals(decode(fromHex("92 c9 00 00 00 02 0c 91 01 d4 01 02"), { revive: () => run }), [
    run,
    run,
  ]);
});

Deno.test("decode() reads every format of MessagePack", () => {
  const formats: [unknown, string][] = [
    [0.5, "ca 3f 00 00 00"],
    [1, "d3 00 00 00 00 00 00 00 01"],
    [1, "cf 00 00 00 00 00 00 00 01"],
    [1, "ce 00 00 00 01"],
    [200, "d1 00 c8"],
    [2n ** 53n, "cf 00 20 00 00 00 00 00 00"],
    [-(2n ** 53n), "d3 ff e0 00 00 00 00 00 00"],
    [2n ** 64n - 1n, "cf ff ff ff ff ff ff ff ff"],
    ["a", "d9 01 61"],
    ["a", "da 00 01 61"],
    ["a", "db 00 00 00 01 61"],
    [new Uint8Array([1]), "c5 00 01 01"],
    [new Uint8Array([1]), "c6 00 00 00 01 01"],
    [[1], "dc 00 01 01"],
    [[1], "dd 00 00 00 01 01"],
    [{ a: 1 }, "de 00 01 a1 61 01"],
    [{ a: 1 }, "df 00 00 00 01 d9 01 61 01"],
    [{ a: 2 }, "82 a1 61 01 a1 61 02"],
    [new Set([1]), "c7 01 07 01"],
    [new Set([1]), "c8 00 01 07 01"],
    [new Set([1]), "d4 07 01"],
    [new Date(1500), "c7 0c ff 1d cd 65 00 00 00 00 00 00 00 00 01"],
    [new Date(1), "d7 ff 00 3d 0b f4 00 00 00 00"],
  ];
  for (const [value, hex] of formats) {
    assertEquals(findDifference(decode(fromHex(hex)), value), undefined, hex);
  }
});

Deno.test(slow("encode() writes plain data as @std/msgpack does, which reads it", () => {
  for (let seed = 0; seed < 200; seed++) {
    const value = randomValue(seeded(seed), { plain: true });
    assertStrictEquals(toHex(encode(value)), toHex(std.encode(value as Plain)), `seed ${seed}`);
    const theirs = std.decode(encode(value).slice());
    assertEquals(findDifference(theirs, value), undefined, `seed ${seed}`);
  }
}));

Deno.test("decode() reads plain data that @std/msgpack has written", () => {
  for (let seed = 0; seed < 200; seed++) {
    const value = randomValue(seeded(seed), { plain: true });
    const ours = decode(std.encode(value as Plain));
    assertEquals(findDifference(ours, value), undefined, `seed ${seed}`);
  }
});

/** Encodes a string in the simplest way, to check the fast ones. */
function naive(text: string): string {
  const bytes = new TextEncoder().encode(text);
  const size = (digits: number) => bytes.length.toString(16).padStart(digits, "0");
  const header = bytes.length < 32
    ? (0xa0 + bytes.length).toString(16)
    : bytes.length < 0x100
    ? `d9${size(2)}`
    : bytes.length < 0x1_0000
    ? `da${size(4)}`
    : `db${size(8)}`;
  return header + toHex(bytes);
}

Deno.test(
  slow("encode() and decode() treat strings of all lengths as a plain algorithm does", () => {
    for (const character of ["a", "é", "漢", "😀"]) {
      for (let length = 0; length < 350; length++) {
        for (const text of [character.repeat(length), "a".repeat(length) + character]) {
          assertStrictEquals(toHex(encode(text)), naive(text));
          assertStrictEquals(decode(encode(text)), text);
        }
      }
      for (let length = 16_370; length < 16_400; length++) {
        assertStrictEquals(
          toHex(encode(character.repeat(length))),
          naive(character.repeat(length)),
        );
      }
      for (let length = 21_840; length < 21_850; length++) {
        assertStrictEquals(
          toHex(encode(character.repeat(length))),
          naive(character.repeat(length)),
        );
      }
      for (let length = 65_530; length < 65_540; length++) {
        assertStrictEquals(
          toHex(encode(character.repeat(length))),
          naive(character.repeat(length)),
        );
      }
    }
    for (let seed = 0; seed < 5000; seed++) {
      const text = randomString(seeded(seed));
      if (text.isWellFormed()) assertStrictEquals(toHex(encode(text)), naive(text));
      assertStrictEquals(decode(encode(text)), text);
    }
  }),
);
