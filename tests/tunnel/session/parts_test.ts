import {
  assertEquals,
  assertNotStrictEquals,
  assertStrictEquals,
  assertStringIncludes,
} from "@std/assert";
import { Local, type LocalOptions, ProtocolError } from "../../../mod.ts";
import { rejectsAs } from "../_deadline.ts";

const DENO: LocalOptions = { runtime: "deno", deno: Deno.execPath() };
const SIZES = [64 * 1024 - 1, 64 * 1024, 64 * 1024 + 1, 147_456, 1 << 20, 5_000_001];

/** Bytes that tell where they are. */
function bytesOf(size: number, seed = 0): Uint8Array<ArrayBuffer> {
  return new Uint8Array(size).map((_, i) => i * 7 + (i >>> 8) + seed);
}

function assertSame(actual: unknown, expected: Uint8Array): void {
  if (!(actual instanceof Uint8Array)) throw new Error(`It is ${Deno.inspect(actual)}`);
  assertEquals(actual.length, expected.length);
  assertEquals(actual.byteOffset, 0);
  assertEquals(actual.buffer.byteLength, expected.length);
  for (let i = 0; i < expected.length; i++) {
    if (actual[i] !== expected[i]) throw new Error(`Byte ${i} is ${actual[i]}, not ${expected[i]}`);
  }
}

Deno.test("call() carries large arrays of bytes both ways", async () => {
  await using tun = new Local("local", DENO);
  const suffix = 1;
  for (const size of SIZES) {
    const bytes = bytesOf(size);
    // A function without variables, and one with.
    assertSame(await tun.call((one: Uint8Array) => one, bytes), bytes);
    assertSame(await tun.call((one: Uint8Array) => suffix && one, bytes), bytes);
    assertEquals(await tun.call((one: Uint8Array) => one.buffer.byteLength, bytes), size);
  }
});

Deno.test("call() carries many large arrays at once, beside each other", async () => {
  await using tun = new Local("local", DENO);
  const all = SIZES.map((size, i) => bytesOf(size, i));
  const echoed = await Promise.all(all.map((one) => tun.call((bytes: Uint8Array) => bytes, one)));
  echoed.forEach((one, i) => assertSame(one, all[i]!));
  const list = await tun.call((...list: Uint8Array[]) => ({ list }), ...all);
  list.list.forEach((one, i) => assertSame(one, all[i]!));
});

Deno.test("call() keeps what is the same array, or shares memory with one", async () => {
  await using tun = new Local("local", DENO);
  const bytes = bytesOf(100_000);
  const [one, other, copy] = await tun.call(
    (a: Uint8Array, b: Uint8Array, c: Uint8Array) => [a, a === b ? b : undefined, a === c ? a : c],
    bytes,
    bytes,
    bytes.slice(),
  );
  assertStrictEquals(one, other);
  assertNotStrictEquals(one, copy);
  assertSame(copy, bytes);
  const [whole, half] = await tun.call(
    (a: Uint8Array, b: Uint8Array) => {
      a[50_000] = 1;
      return [a, b, b[0]] as const;
    },
    bytes,
    bytes.subarray(50_000),
  );
  assertStrictEquals(whole.buffer, half.buffer);
  assertEquals([whole.length, half.length, half[0]], [100_000, 50_000, 1]);
  const part = bytes.subarray(10, 90_000);
  assertSame(await tun.call((one: Uint8Array) => one, part), part.slice());
});

Deno.test("call() keeps the symbols of large arrays", async () => {
  await using tun = new Local("local", DENO);
  const unit = Symbol.for("unit");
  const bytes = Object.assign(bytesOf(100_000), { [unit]: "m" });
  const [there, back] = await tun.call(
    (one: Uint8Array) => [Reflect.get(one, Symbol.for("unit")), one] as const,
    bytes,
  );
  assertEquals([there, Reflect.get(back, unit), back.length], ["m", "m", 100_000]);
});

Deno.test("call() takes large arrays as they are when it is made, and when it returns", async () => {
  await using tun = new Local("local", DENO);
  await tun.connect();
  const bytes = bytesOf(3_000_000);
  const before = bytes.slice();
  const echoed = tun.call((one: Uint8Array) => {
    const result = one.slice();
    setTimeout(() => result.fill(0));
    return result;
  }, bytes);
  bytes.fill(1);
  assertSame(await echoed, before);
});

Deno.test("call() limits the memory of large arrays in results", async () => {
  await using tun = new Local("local", { ...DENO, maxResult: 1_000_000 });
  assertEquals((await tun.call((n: number) => new Uint8Array(n), 900_000)).length, 900_000);
  const text = "takes more than 1000000 bytes of memory; raise the option maxResult";
  const many = (n: number): Uint8Array[] => Array.from({ length: n }, () => new Uint8Array(70_000));
  const mixed = (): unknown => [new Uint8Array(900_000), new Array(10_000).fill("text")];
  for (const work of [() => new Uint8Array(1_000_000), () => many(100), mixed]) {
    const { message } = await rejectsAs(ProtocolError, tun.call(work));
    assertStringIncludes(message, work === mixed ? "raise the option maxResult" : text);
  }
});
