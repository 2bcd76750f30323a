import { assert, assertEquals, assertThrows } from "@std/assert";
import { Buffer } from "node:buffer";
import { HandleKind, reviveValue } from "../../../agent/protocol/handle.ts";
import { decodeValue, encodeValue } from "../../../agent/protocol/value.ts";

function travel<T>(value: T): T {
  return decodeValue(encodeValue(value)) as T;
}

/** Bytes in which each differs from its neighbours. */
function bytes(length: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, (_, i) => i + 1);
}

Deno.test("SharedViews keeps that views of several classes show the same memory", () => {
  const { buffer } = bytes(64);
  const values = {
    numbers: new Float64Array(buffer, 24, 2),
    odd: new Uint8Array(buffer, 13, 20),
    view: new DataView(buffer, 20, 8),
    big: new BigInt64Array(buffer, 8, 1),
    text: Buffer.from(buffer, 30, 9),
  };
  const made = travel(values);
  for (const [name, one] of Object.entries(values)) {
    const there = made[name as keyof typeof made];
    assertEquals(Object.getPrototypeOf(there), Object.getPrototypeOf(one), name);
    assertEquals(there.byteLength, one.byteLength, name);
    const show = ({ buffer, byteOffset, byteLength }: ArrayBufferView): number[] => [
      ...new Uint8Array(buffer, byteOffset, byteLength),
    ];
    assertEquals(show(there), show(one), name);
  }
  for (const { odd, view, text, numbers } of [values, made]) {
    odd[19] = 200;
    odd[7] = 100;
    assertEquals([text[2], view.getUint8(0)], [200, 100]);
    assert(odd.buffer === numbers.buffer);
  }
});

Deno.test("SharedViews keeps that views show a buffer that is there, too", () => {
  const { buffer } = bytes(8);
  const values = { buffer, list: [new Uint8Array(buffer, 4), new Uint8Array(buffer, 8)] };
  const { buffer: made, list } = travel(values);
  assertEquals(made, buffer);
  assert(list.every((one) => one.buffer === made));
  assertEquals(list.map(({ byteOffset, length }) => [byteOffset, length]), [[4, 4], [8, 0]]);
});

Deno.test("SharedViews sends of a buffer only what its views show", () => {
  const large = bytes(100_000);
  const parts = [0, 4, 50_000, 50_002].map((start) => large.subarray(start, start + 6));
  assert(encodeValue(parts).length < 200);
  const [a, b, c, d] = travel(parts);
  assert(a!.buffer === b!.buffer && c!.buffer === d!.buffer && a!.buffer !== c!.buffer);
  const secret = Buffer.from("secret");
  const pooled = [Buffer.from("one"), Buffer.from("two")];
  const encoded = Buffer.from(encodeValue([pooled, large.subarray(9, 12), large.subarray(9, 11)]));
  assert(!encoded.includes(secret));
  const odd = encodeValue([large.subarray(5, 7), large.subarray(5, 8)]);
  assert(!Buffer.from(odd).includes(Buffer.from([3, 4, 5])));
});

Deno.test("SharedViews leaves views alone that share nothing", () => {
  const { buffer } = bytes(8);
  const apart = [new Uint8Array(buffer, 0, 4), new Uint8Array(buffer, 4, 4)];
  const copies = apart.map((one) => one.slice());
  assertEquals(encodeValue(apart), encodeValue(copies));
  assertEquals(encodeValue([Buffer.from(buffer)]).length, encodeValue([Buffer.alloc(8)]).length);
});

Deno.test("SharedViews finds views in hidden properties and errors, with their properties", () => {
  const { buffer } = bytes(8);
  const named = Object.assign(new Uint8Array(buffer), { [Symbol.for("a")]: 1 });
  const error = Object.assign(new Error("e"), { bytes: new DataView(buffer, 2) });
  const value = { named, error, hidden: Object.freeze([new Uint16Array(buffer)]) };
  Object.defineProperty(value, "hidden", { enumerable: false });
  const made = travel(value);
  made.named[3] = 77;
  assertEquals(made.error.bytes.getUint8(1), 77);
  assertEquals(made.hidden[0]!.buffer, made.named.buffer);
  assertEquals(Reflect.get(made.named, Symbol.for("a")), 1);
  assert(Object.isFrozen(made.hidden));
});

Deno.test("SharedViews keeps what views of shared memory show", () => {
  const memory = new SharedArrayBuffer(8);
  const [all, part] = travel([new Uint8Array(memory), new Uint8Array(memory, 2, 2)]);
  all![2] = 5;
  assertEquals([part![0], part!.length], [5, 2]);
});

Deno.test("SharedViews accepts no view that goes beyond its buffer", () => {
  for (
    const data of [
      [new ArrayBuffer(8), "Uint8Array", 4, 5],
      [new ArrayBuffer(8), "Float64Array", 4, 0],
      [new ArrayBuffer(8), "Function", 0, 1],
      [8, "Uint8Array", 0, 2 ** 40],
      [{}, "Buffer", 0, 1],
    ]
  ) assertThrows(() => reviveValue([HandleKind.VIEW, ...data]));
});
