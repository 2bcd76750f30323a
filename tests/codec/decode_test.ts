import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { decode, DecodeError, encode } from "../../codec/mod.ts";
import { slow } from "../services/services.ts";
import { attempt, fromHex } from "./_bytes.ts";
import { randomValue, seeded } from "./_random.ts";

function assertBad(hex: string, problem: string, truncated = false): void {
  const error = assertThrows(() => decode(fromHex(hex)), DecodeError, problem, hex);
  assertStrictEquals(error.truncated, truncated, hex);
  assertStrictEquals(error.name, "DecodeError");
  assert(error.message.includes(`offset ${error.offset}:`));
}

Deno.test("decode() asks for more bytes for every prefix of an encoding", () => {
  for (let seed = 0; seed < 300; seed++) {
    const bytes = encode(randomValue(seeded(seed), { size: 15 }));
    for (let length = 0; length < Math.min(bytes.length, 400); length++) {
      const error = assertThrows(() => decode(bytes.subarray(0, length)), DecodeError);
      assert(error.truncated, `seed ${seed}, length ${length}: ${error.message}`);
    }
  }
});

Deno.test(slow("decode() gives a value or a DecodeError for every flipped byte", () => {
  for (let seed = 0; seed < 150; seed++) {
    const bytes = encode(randomValue(seeded(seed), { size: 15 })).slice();
    for (let i = 0; i < Math.min(bytes.length, 400); i++) {
      const byte = bytes[i]!;
      for (const flipped of [byte ^ 0xff, byte ^ 1, byte ^ 0x80, byte + 1, 0xc9, 0xdd]) {
        bytes[i] = flipped;
        const result = attempt(() => decode(bytes));
        if ("error" in result) assert(result.error instanceof DecodeError, `seed ${seed}, at ${i}`);
      }
      bytes[i] = byte;
    }
  }
}));

Deno.test("decode() gives a value or a DecodeError for random bytes", () => {
  for (let seed = 0; seed < 30_000; seed++) {
    const random = seeded(seed);
    const bytes = Uint8Array.from({ length: random(40) }, () => random(4) > 0 ? random(256) : 0xc7);
    const result = attempt(() => decode(bytes, { revive: (data) => data }));
    if ("error" in result) assert(result.error instanceof DecodeError, `seed ${seed}`);
  }
});

Deno.test("decode() refuses more bytes than a value has", () => {
  assertBad("01 02", "more bytes follow the value");
  assertBad("c0 c0", "more bytes follow the value");
});

Deno.test("decode() tells what is missing from what is wrong", () => {
  assertBad("", "the input ends", true);
  assertBad("a5 61", "the input ends", true);
  assertBad("dc 00", "the input ends", true);
  assertBad("c7 05 06 01", "the input ends", true);
  // Within an extension, whose length is known, more bytes would not help.
  assertBad("c7 02 07 a5 61", "longer than the extension around it");
  assertBad("c7 02 06 01 a1", "longer than the extension around it");
  assertBad("c1", "format 0xc1 is unknown");
});

Deno.test("decode() refuses what is not a value", () => {
  assertBad("d4 2a 00", "extension type 42 is unknown");
  assertBad("d4 9c 00", "extension type -100 is unknown");
  assertBad("d4 00 01", "undefined must be one zero byte");
  assertBad("d5 00 00 00", "undefined must be one zero byte");
  assertBad("91 d4 01 01", "refers to an object that is not there");
  assertBad("d4 01 00", "refers to an object that is not there");
  assertBad("91 c7 03 01 00 00 00", "refers to an object that is not there");
  assertBad("c7 00 02", "longer than the extension around it");
  assertBad("c7 03 03 00 00 00", "its last UTF-16 unit is incomplete");
  assertBad("c7 01 08 00", "its extension is longer than its content");
  assertBad("c7 04 0a a3 78 78 78", "does not accept the URL");
  assertBad("c7 05 09 a1 61 a1 67 00", "its extension is longer than its content");
  assertBad("c7 03 09 a1 28 a0", "does not accept the regular expression");
  assertBad("c7 04 09 a1 78 a1 78", "does not accept the regular expression");
  assertBad("c7 02 09 01 a0", "it must be a string here");
  assertBad("c7 03 0b a2 6e 6f", "no such error class");
  assertBad("c7 09 0b a8 74 6f 53 74 72 69 6e 67", "no such error class");
  assertBad("c7 02 0c 01 02", "no option revives its handle");
  assertBad("c7 00 0d", "it must be an array here");
  assertBad("c7 01 0d 80", "it must be an array here");
  assertBad("91 c7 03 0d d4 01 00", "it must be an array here");
  assertBad("c7 05 0d c7 03 0c 91 01", "it must be an array here");
  assertBad("c7 01 0d 92", "longer than the extension around it");
  assertBad("c7 04 0d 90 01 02 03", "it must be a string here");
  assertBad("c7 02 0d 90 a0", "longer than the extension around it");
  assertBad("c7 04 0d 90 a1 30 01", "it must not be an element's key here");
  assertBad("c7 09 0d 90 a6 6c 65 6e 67 74 68 01", "it must not be an element's key here");
  assertBad("d6 1b 00 00 00 00 00", "more bytes follow the value");
  assertBad("c7 03 1b 00 00 00", "its last element is incomplete");
});

Deno.test("decode() refuses timestamps that are not a Date", () => {
  assertBad("c7 05 ff 00 00 00 00 00", "a timestamp has 4, 8 or 12 bytes");
  assertBad("d7 ff ff ff ff ff 00 00 00 00", "the timestamp is out of range");
  assertBad("c7 0c ff 00 00 00 00 7f ff ff ff ff ff ff ff", "the timestamp is out of range");
  assertBad("c7 0c ff 00 00 00 00 00 00 07 db a8 21 80 01", "the timestamp is out of range");
});

Deno.test("decode() refuses keys that are not strings", () => {
  for (const key of ["01", "c0", "90", "80", "c4 00", "d4 00 00"]) {
    assertBad(`81 ${key} 01`, "it must be a string here");
  }
});

Deno.test("decode() refuses invalid UTF-8 of any length", () => {
  const invalid = ["80", "bf", "c0 80", "c1 bf", "c2", "e0 9f bf", "ed a0 80", "ed bf bf", "e2 82"]
    .concat([
      "f0 8f bf bf",
      "f4 90 80 80",
      "f5 80 80 80",
      "f0 9f 98",
      "ff",
      "c2 c2 80",
      "e2 82 28",
    ]);
  for (const hex of invalid) {
    const bad = fromHex(hex);
    for (const padding of [0, 1, 5, 8, 20, 27, 28, 29, 31, 100, 300, 70_000]) {
      for (const before of [0, padding]) {
        const text = new Uint8Array(padding + bad.length).fill(0x61);
        text.set(bad, before);
        const bytes = new Uint8Array([0xdb, 0, 0, 0, 0, ...text]);
        new DataView(bytes.buffer).setUint32(1, text.length);
        assertThrows(() => decode(bytes), DecodeError, "UTF-8", `${hex} after ${before}`);
      }
    }
  }
});

Deno.test("decode() takes U+FFFD and a byte order mark for the characters they are", () => {
  for (
    const text of [
      "\ufffd",
      "\ufeff",
      "\ufeffx",
      "x".repeat(50) + "\ufffd",
      "\ufeff" + "ä".repeat(99),
    ]
  ) {
    assertStrictEquals(decode(encode(text)), text);
    assertEquals(decode(encode({ [text]: 1 })), { [text]: 1 });
  }
});

Deno.test("decode() refuses indices that do not ascend within the length", () => {
  assertEquals(
    decode(fromHex("c7 03 04 03 01 05")),
    decode(encode(Object.assign(new Array(3), { 1: 5 }))),
  );
  assertBad("c7 05 04 03 01 05 01 05", "it must be a greater index here");
  assertBad("c7 05 04 03 01 05 00 05", "it must be a greater index here");
  assertBad("c7 03 04 03 03 05", "it must be a greater index here");
  assertBad("c7 01 04 ff", "it must be a greater index here");
  assertBad("c7 0a 04 cf 00 00 00 01 00 00 00 00 c0", "it must be a greater index here");
  assertBad("c7 01 04 c0", "it must be a greater index here");
});

Deno.test("decode() does not recurse deeper than its limit", () => {
  const nested: Record<string, (depth: number) => number[]> = {
    arrays: (depth) => [...new Array(depth).fill(0x91), 0xc0],
    maps: (depth) => [...new Array(depth).fill([0x81, 0xa1, 0x61]).flat(), 0xc0],
  };
  for (const make of Object.values(nested)) {
    decode(new Uint8Array(make(500)));
    const error = assertThrows(() => decode(new Uint8Array(make(501))), DecodeError);
    assert(error.message.includes("deeper than 500 levels") && !error.truncated);
    decode(new Uint8Array(make(2)), { maxDepth: 2 });
    assertThrows(() => decode(new Uint8Array(make(3)), { maxDepth: 2 }), DecodeError);
    const deepest = new Uint8Array(make(100_000));
    assertThrows(() => decode(deepest, { maxDepth: Infinity }), DecodeError, "the stack allows");
  }
});

Deno.test("decode() stays within a stack that is nearly used up", () => {
  const bytes = encode(Array.from({ length: 450 }).reduce((inner) => [inner], 0));
  let converted = 0;
  const descend = (depth: number): void => {
    if (depth > 0) return descend(depth - 1);
    const result = attempt(() => decode(bytes));
    if ("error" in result) {
      assert(result.error instanceof DecodeError, String(result.error));
      converted++;
    }
  };
  // The possible depth differs among machines. The last steps leave no room even for the call.
  let deepest = 1000;
  while (!("error" in attempt(() => descend(deepest)))) deepest += 500;
  assert(converted > 0);
});

Deno.test("DecodeOptions.maxSize bounds the input", () => {
  const bytes = encode("x".repeat(9));
  assertStrictEquals(decode(bytes, { maxSize: 10 }), "x".repeat(9));
  assertThrows(() => decode(bytes, { maxSize: 9 }), DecodeError, "the input has 10 bytes");
  assertThrows(() => decode(bytes, { maxSize: NaN }), RangeError, "maxSize is NaN");
  assertThrows(() => decode(bytes, { maxDepth: NaN }), RangeError, "maxDepth is NaN");
});

Deno.test("DecodeOptions.revive may throw, and decode() works afterwards", () => {
  const bytes = encode([() => {}], { handle: () => 1 });
  const thrown = new Error("unknown handle");
  const error = assertThrows(() =>
    decode(bytes, {
      revive() {
        throw thrown;
      },
    })
  );
  assertStrictEquals(error, thrown);
  assertEquals(decode(bytes, { revive: (data) => decode(encode([data])) }), [[1]]);
});

/** Gives the number of bytes by which the process grew at most while `run` ran. */
function growth(run: () => void): number {
  const before = Deno.memoryUsage();
  run();
  const after = Deno.memoryUsage();
  return Math.max(0, after.heapTotal - before.heapTotal) +
    Math.max(0, after.external - before.external);
}

Deno.test("decode() allocates nothing for lengths that the input cannot cover", () => {
  const claims = ["dd ff ff ff ff", "df ff ff ff ff", "c6 ff ff ff ff", "db ff ff ff ff"]
    .concat(["c9 ff ff ff ff 06", "c9 ff ff ff ff 1c", "c9 ff ff ff ff 02", "c9 ff ff ff ff 03"]);
  for (const claim of claims) {
    const bytes = new Uint8Array(100);
    bytes.set(fromHex(claim));
    assert(
      growth(() => {
        for (let i = 0; i < 100; i++) assertThrows(() => decode(bytes), DecodeError);
      }) < 20_000_000,
      claim,
    );
  }
});

Deno.test("decode() does not count bytes twice for arrays within arrays", () => {
  // Each of 500 arrays claims the whole megabyte. Room for all of that would take gigabytes.
  const bytes = new Uint8Array(1_000_000).fill(0xc0);
  const header = new Uint8Array([0xdd, 0, 0x0f, 0, 0]);
  for (let i = 0; i < 500; i++) bytes.set(header, i * 5);
  assert(growth(() => assertThrows(() => decode(bytes), DecodeError)) < 100_000_000);
});

Deno.test("decode() gives sparse arrays of any length for next to nothing", () => {
  for (const length of ["00 00 03 ff", "00 10 00 00", "01 f0 00 00", "ff ff ff ff"]) {
    const one = fromHex(`c7 05 04 ce ${length}`);
    const count = 20_000;
    const bytes = new Uint8Array(5 + count * one.length);
    bytes.set(fromHex("dd 00 00 4e 20"));
    for (let i = 0; i < count; i++) bytes.set(one, 5 + i * one.length);
    let result: unknown;
    const grown = growth(() => result = decode(bytes));
    assert(grown < 40_000_000, `${length}: ${grown}`);
    const arrays = result as unknown[][];
    assertStrictEquals(arrays.length, count);
    assertStrictEquals(arrays[7]!.length, parseInt(length.replaceAll(" ", ""), 16));
  }
});
