import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { inspect } from "node:util";
import { HandleKind } from "../../../agent/protocol/handle.ts";
import { setIntegrity } from "../../../agent/protocol/integrity.ts";
import { decodeValue } from "../../../agent/protocol/value.ts";
import { encode } from "../../../codec/mod.ts";
import "../../../mod.ts"; // it knows more handles
import { decodingOf } from "../../../tunnel/session/decoding.ts";

/** A handle with any data. */
class Forged {
  readonly data: readonly unknown[];

  constructor(...data: unknown[]) {
    this.data = data;
  }
}

/** Decodes what a far end may have encoded. */
function receive(value: unknown): unknown {
  const handle = (part: unknown): unknown => part instanceof Forged ? part.data : undefined;
  return decodeValue(encode(value, { handle }), decodingOf(256 * 1024 ** 2));
}

/** Arrays within arrays that are a few hundred bytes: a text of them would never end. */
const ENDLESS = Array.from({ length: 60 }).reduce<unknown>((inner) => [inner, inner], "x");

/** An array whose elements nobody could go through. */
const HOLES: unknown[] = [];
HOLES.length = 2 ** 32 - 1;

const ESCAPE = "\x1b]0;owned\x07\x9b31m";

const { RUNTIME_OBJECT, WITH_PROPERTIES, SYMBOL, SYMBOL_FOR, DOM_EXCEPTION, VIEW } = HandleKind;
const object = {};
const bytes = new Uint8Array(8);
const one = /a/;

/** What decodes to nothing, at once. */
const REFUSED: Readonly<Record<string, readonly unknown[]>> = {
  "a registered symbol": [SYMBOL_FOR, ENDLESS],
  "a well-known symbol": [SYMBOL, ENDLESS],
  "the message of a DOMException": [DOM_EXCEPTION, ENDLESS, "", null],
  "the name of a DOMException": [DOM_EXCEPTION, "", ENDLESS, null],
  "the place of a view": [VIEW, bytes.buffer, "Uint8Array", ENDLESS, 1],
  "the length of a view": [VIEW, bytes.buffer, "Buffer", 0, ENDLESS],
  "the name of a class": [RUNTIME_OBJECT, ENDLESS],
  ...Object.fromEntries(
    [
      ...["JSON.rawJSON", "URLSearchParams", "Headers", "TextDecoder", "Intl.Locale"],
      ...["Intl.NumberFormat", "Intl.Segmenter"],
    ].map((name) => [`a ${name}`, [RUNTIME_OBJECT, name, ENDLESS]]),
  ),
  "a header": [RUNTIME_OBJECT, "Headers", [["a", ENDLESS]]],
  "headers with holes": [RUNTIME_OBJECT, "Headers", HOLES],
  "a pair of headers with holes": [RUNTIME_OBJECT, "Headers", [HOLES]],
  "an option": [RUNTIME_OBJECT, "Intl.NumberFormat", "en", { style: ENDLESS }],
  "many locales": [RUNTIME_OBJECT, "Intl.NumberFormat", new Array(1000).fill("en")],
  "a long locale": [RUNTIME_OBJECT, "Intl.Locale", `en-x${"-abcdefg".repeat(100_000)}`],
  "a Buffer of a length": [RUNTIME_OBJECT, "Buffer", { buffer: { length: 2 ** 31 } }],
  "a Buffer of a number": [RUNTIME_OBJECT, "Buffer", { buffer: 2 ** 31 }],
  "many headers": [
    ...[RUNTIME_OBJECT, "Headers"],
    Array.from({ length: 50_000 }, (_, i) => [`name-${i}`, ""]),
  ],
  "a property": [WITH_PROPERTIES, object, [object, ENDLESS, 1, 7]],
  "the attributes of a property": [WITH_PROPERTIES, object, [object, "a", 1, ENDLESS]],
  "what is read-only": [WITH_PROPERTIES, object, [object, ENDLESS]],
  "the source of a RegExp": [WITH_PROPERTIES, one, [one, "source", ENDLESS, 7]],
  "the message of an ErrorResult": [HandleKind.ERROR_RESULT, ENDLESS, null],
  "a host": [HandleKind.GROUP_RESULT, [ENDLESS, 1]],
};

for (const [name, data] of Object.entries(REFUSED)) {
  Deno.test(`decodeValue() refuses a handle of what would never end: ${name}`, () => {
    assertThrows(() => receive(new Forged(...data)), TypeError);
  });
}

Deno.test("decodeValue() refuses a handle with more holes than bytes", () => {
  const forged = new Forged(SYMBOL_FOR, "a");
  Object.assign(forged.data, { length: HOLES.length });
  assertThrows(() => receive(forged), TypeError);
});

Deno.test("decodeValue() makes no more errors than a group has hosts", () => {
  const errors = (count: number, ...data: unknown[]): unknown[] =>
    Array.from({ length: count }, () => new Forged(...data));
  for (const data of [[DOM_EXCEPTION, "", "", null], [HandleKind.ERROR_RESULT, "", null]]) {
    assertEquals((receive(errors(10_000, ...data)) as unknown[]).length, 10_000);
    assertThrows(() => receive(errors(100_000, ...data)), TypeError, "too many objects");
  }
});

Deno.test("decodeValue() gives a DOMException without a stack no frames of the library", () => {
  const { stack = "" } = receive(new Forged(DOM_EXCEPTION, "m", "AbortError", null)) as Error;
  assertEquals(stack.includes(" at "), false, stack);
});

Deno.test("decodeValue() makes many headers if no list of them is long", () => {
  const headers = Array.from({ length: 20 }, (_, i) => [`name-${i}`, "a"] as [string, string]);
  const made = receive(
    new Array(500).fill(new Headers(headers)).map((one) =>
      new Forged(RUNTIME_OBJECT, "Headers", [...one])
    ),
  ) as Headers[];
  assertEquals([made.length, [...made[0]!].length], [500, 20]);
});

Deno.test("setIntegrity() makes what is told twice to be read-only so once", () => {
  let count = 0;
  const told = new Proxy({ a: 1 }, {
    ownKeys(target) {
      count++;
      return Reflect.ownKeys(target);
    },
  });
  for (const integrity of [2, 3]) setIntegrity(told, integrity);
  const before = count;
  for (const integrity of [3, 2, 1, 3]) setIntegrity(told, integrity);
  assertEquals([count, Object.isFrozen(told)], [before, true]);
});

Deno.test("a far end can name few registered symbols, which stay for ever", () => {
  const decoding = decodingOf(256 * 1024 ** 2);
  const name = (key: string): unknown => {
    const handle = (part: unknown): unknown => part instanceof Forged ? part.data : undefined;
    return decodeValue(encode(new Forged(SYMBOL_FOR, key), { handle }), decoding);
  };
  for (let i = 0; i < 100_000; i++) name("chopsticks.test");
  assertEquals(name("chopsticks.test"), Symbol.for("chopsticks.test"));
  const long = "x".repeat(1024 ** 2);
  for (let i = 0; i < 7; i++) name(long + i);
  assertThrows(() => name(`${long}8`), TypeError, "too many registered symbols");
});

Deno.test("decodeValue() makes the texts visible that are printed as they are", () => {
  const tag = new Forged(SYMBOL, "toStringTag");
  const map = new Map([[1, 2]]);
  const values: Readonly<Record<string, Forged>> = {
    "a tag": new Forged(WITH_PROPERTIES, object, [object, tag, ESCAPE, 7]),
    "a hidden tag": new Forged(WITH_PROPERTIES, object, [object, tag, ESCAPE, 2]),
    "the tag of a Map": new Forged(WITH_PROPERTIES, map, [map, tag, ESCAPE, 7]),
    "a source": new Forged(WITH_PROPERTIES, one, [one, "source", ESCAPE, 7]),
    "flags": new Forged(WITH_PROPERTIES, one, [one, "flags", ESCAPE, 7]),
  };
  for (const [name, value] of Object.entries(values)) {
    const made = receive(value);
    for (const text of [inspect(made), Deno.inspect(made), Deno.inspect([made])]) {
      // deno-lint-ignore no-control-regex -- a terminal obeys them
      assertEquals(/[\x00-\x09\x0b-\x1f\x7f-\x9f]/.exec(text), null, `${name}: ${inspect(text)}`);
      assertMatch(text, /\\x1b\]0;owned/, name);
    }
  }
});

Deno.test("decodeValue() leaves the other texts of a RegExp as they are", () => {
  const made = receive(new Forged(WITH_PROPERTIES, one, [one, "note", ESCAPE, 7])) as RegExp;
  assertEquals(Object.entries(made), [["note", ESCAPE]]);
  // deno-lint-ignore no-control-regex -- a terminal obeys them
  assertEquals(/[\x07\x1b\x9b]/.test(inspect(made) + Deno.inspect(made)), false);
});
