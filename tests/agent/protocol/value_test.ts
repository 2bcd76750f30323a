import { assert, assertEquals, assertNotStrictEquals, assertThrows } from "@std/assert";
import { Buffer } from "node:buffer";
import { decodeValue, encodeValue } from "../../../agent/protocol/value.ts";

function travel<T>(value: T): T {
  return decodeValue(encodeValue(value, { name: "result" })) as T;
}

/** The descriptors of all own properties, and whether there may be others. */
function described(object: object): unknown {
  return [
    Object.isExtensible(object),
    ...Reflect.ownKeys(object).map((key) => [key, Object.getOwnPropertyDescriptor(object, key)]),
  ];
}

const hidden = { value: [1], enumerable: false, writable: false, configurable: false };
const tag = (strings: TemplateStringsArray): TemplateStringsArray => strings;
const lastIndex = Object.assign(/a/g, { lastIndex: 3 });

const kept: Readonly<Record<string, () => object>> = {
  "registered symbols for keys": () => ({ a: 1, [Symbol.for("b")]: { [Symbol.for("c")]: 2 } }),
  "nothing but symbols for keys": () => ({ [Symbol.toStringTag]: "Name" }),
  "symbols of an object without a prototype": () =>
    Object.assign(Object.create(null), { [Symbol.for("a")]: 1 }),
  "that an object is frozen": () => Object.freeze({ a: 1, [Symbol.for("b")]: 2 }),
  "that an object with nothing in it is frozen": () => Object.freeze({}),
  "that an object without a prototype is sealed": () =>
    Object.seal(Object.assign(Object.create(null), { a: 1 })),
  "that an array is frozen": () => Object.freeze([1, 2]),
  "that an array with holes is sealed": () => Object.seal([1, , 2]),
  "that an array is not extensible": () => Object.preventExtensions([1]),
  "that a Map is frozen": () => Object.freeze(new Map([[1, 2]])),
  "that bytes are not extensible": () => Object.preventExtensions(new Uint8Array(2)),
  "a property that is not enumerable": () => Object.defineProperty({ a: 1 }, "b", hidden),
  "__proto__ that is not enumerable": () => Object.defineProperty({}, "__proto__", hidden),
  "symbols of an array": () => Object.assign([1, , 2], { [Symbol.for("a")]: 1 }),
  "a property of an array that is not enumerable": () => Object.defineProperty([1], "a", hidden),
  "properties of a Map": () => Object.assign(new Map([[1, 2]]), { a: 1, [Symbol.for("b")]: 2 }),
  "properties of a Set": () => Object.assign(new Set([1]), { a: 1 }),
  "properties of a Date": () => Object.assign(new Date(5), { a: 1 }),
  "properties of an invalid Date": () => Object.assign(new Date(NaN), { a: 1 }),
  "properties of a RegExp": () => Object.assign(/a/g, { a: 1 }),
  "lastIndex of a RegExp": () => lastIndex,
  "properties of bytes": () => Object.assign(new Uint8Array(2), { a: 1 }),
  "properties of numbers": () => Object.assign(new Float64Array(2), { a: 1 }),
  "properties of an ArrayBuffer": () => Object.assign(new ArrayBuffer(2), { a: 1 }),
  "properties of a DataView": () => Object.assign(new DataView(new ArrayBuffer(2)), { a: 1 }),
};

for (const [name, make] of Object.entries(kept)) {
  Deno.test(`encodeValue() keeps ${name}`, () => {
    for (
      const [from, to] of [[make(), (made: unknown) => made], [
        { list: [make()] },
        (made: { list: unknown[] }) => made.list[0],
      ]] as [object, (made: unknown) => object][]
    ) {
      const made = to(travel(from));
      assertNotStrictEquals(made, to(from));
      assertEquals(described(made), described(to(from)));
      assertEquals(Object.getPrototypeOf(made), Object.getPrototypeOf(to(from)));
    }
  });
}

Deno.test("encodeValue() keeps the raw strings of a template", () => {
  const strings = travel(tag`a\n`);
  assertEquals([strings, strings.raw], [["a\n"], ["a\\n"]] as unknown as typeof strings[]);
  assertEquals(String.raw(strings), "a\\n");
});

Deno.test("encodeValue() keeps symbols of an object with an empty prototype of its own", () => {
  const prototype = Object.create(null);
  const made = travel(Object.assign(Object.create(prototype), { a: 1, [Symbol.for("b")]: [2] }));
  assertEquals(described(made), described({ a: 1, [Symbol.for("b")]: [2] }));
  const hidden = Object.defineProperty(Object.create(prototype), "c", { value: 3 });
  assertEquals(described(travel(hidden)), described(hidden));
});

Deno.test("encodeValue() keeps what is frozen in a cycle, and in hidden properties", () => {
  interface Node {
    readonly next: Node;
  }
  const node = { next: {} as Node };
  node.next = Object.freeze({ next: node, [Symbol.for("list")]: Object.freeze([node]) });
  const made = travel(node);
  const list = Reflect.get(made.next, Symbol.for("list"));
  assert(made.next.next === made && list[0] === made);
  assertEquals([made, made.next, list].map(Object.isFrozen), [false, true, true]);
});

Deno.test("encodeValue() keeps symbols that are the same everywhere", () => {
  const symbols = [Symbol.for("a"), Symbol.iterator, Symbol.for("a")];
  assertEquals(travel(symbols), symbols);
  assertEquals(travel(new Map([[Symbol.asyncIterator, 1]])), new Map([[Symbol.asyncIterator, 1]]));
});

Deno.test("encodeValue() keeps identity and cycles through such properties", () => {
  const key = Symbol.for("self");
  interface Node {
    [key]?: Node;
    next?: Node;
  }
  const node: Node = {};
  node[key] = node;
  node.next = { [key]: node };
  const made = travel([node, node]);
  assert(made[0] === made[1] && made[0]![key] === made[0]);
  assert(made[0]!.next![key] === made[0]);
});

Deno.test("encodeValue() keeps of an error as much as there is a copy of", () => {
  const error = Object.defineProperties(new Error("e"), {
    [Symbol.for("a")]: { value: 1, enumerable: true },
    [Symbol("own")]: { value: 1, enumerable: true },
    b: { value: 2 },
    c: { value: () => 3 },
  });
  const made = travel({ error: Object.assign(new Error("f"), { cause: error }) }).error.cause;
  assertEquals(Reflect.ownKeys(made as Error).filter((key) => key !== "stack"), [
    ...["message", "b", Symbol.for("a")],
  ]);
  const cause = { [Symbol.for("d")]: () => 4 };
  const { cause: left } = travel(new Error("g", { cause }));
  assertEquals(left, "[object Object]");
});

Deno.test("encodeValue() reads accessors, and leaves symbols that are not enumerable", () => {
  const object = Object.defineProperties({}, {
    a: { get: () => 1, enumerable: true },
    b: { get: () => 2 },
    [Symbol.for("c")]: { value: 3 },
  });
  const made = travel(object) as { a: number; b: number };
  assertEquals([made.a, made.b, Reflect.ownKeys(made)], [1, 2, ["a", "b"]]);
});

Deno.test("encodeValue() keeps nothing of `arguments` but its elements", () => {
  const made = travel((function (..._: number[]): IArguments {
    return arguments;
  })(1, 2));
  assertEquals(made as unknown, [1, 2]);
});

Deno.test("encodeValue() keeps that bytes are a Buffer, as often as there is one", () => {
  const [one, , again] = travel([Buffer.from("hi"), new Uint8Array(1), Buffer.alloc(0)]);
  assertEquals([Buffer.isBuffer(one), String(one), Buffer.isBuffer(again)], [true, "hi", true]);
  const many = travel(Array.from({ length: 2000 }, () => Buffer.from("a")));
  assertEquals(many.map(String).join(""), "a".repeat(2000));
  const shared = Buffer.from("b");
  const twice = travel([shared, shared]);
  assert(twice[0] === twice[1]);
});

/** A list that cannot be made as the lists of a runtime are. */
class Rows extends Uint8Array {
  constructor(size: number) {
    if (size !== 5000) throw new Error("There are 5000 rows");
    super(size);
  }
}

const refused: Readonly<Record<string, readonly [value: unknown, text: string]>> = {
  "a symbol of one's own for a key": [
    { rows: [{ [Symbol("mine")]: 1 }] },
    "Cannot encode result.rows[0][Symbol(mine)]: its key is a symbol that nothing there knows; use Symbol.for()",
  ],
  "a symbol of one's own": [
    Symbol("mine"),
    "Cannot encode result: Symbol(mine) is a symbol, which has no copy; return its description, or make it with Symbol.for()",
  ],
  "an iterable object": [
    { items: { *[Symbol.iterator]() {} } },
    "Cannot encode result.items[Symbol(Symbol.iterator)]: [Symbol.iterator] is a function, which is not data; return [...it]",
  ],
  "a function in a property that is not enumerable": [
    Object.defineProperty({}, "run", { value: { now: () => {} } }),
    "Cannot encode result.run.now: now is a function, which is not data; return its result, or let the function call a callback()",
  ],
  "a long list of a class of its own, of which no other is made": [
    new Rows(5000),
    "Cannot encode result: Rows is not a plain object; return a plain object, such as { ...it }",
  ],
  "what a Map has besides its entries": [
    [Object.assign(new Map(), { made: new (class Job {})() })],
    "Cannot encode result[0].made: Job is not a plain object; return a plain object, such as { ...it }",
  ],
};

for (const [name, [value, text]] of Object.entries(refused)) {
  Deno.test(`encodeValue() refuses ${name}`, () => {
    assertEquals(assertThrows(() => travel(value), TypeError).message, text);
  });
}
