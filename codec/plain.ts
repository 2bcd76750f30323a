/**
 * A codec for plain values. It writes the same bytes as the whole codec and is a sixth of its size,
 * but slower, and it checks nothing that it reads. An agent begins with it.
 *
 * @module
 */

import { DEFAULT_MAX_DEPTH } from "./depth.ts";
import { HANDLE, INVALID_DATE, MAP, REFERENCE, SET, TIMESTAMP, UNDEFINED } from "./extension.ts";
import {
  ARRAY_16,
  BIN_8,
  EXT_32,
  EXT_8,
  FALSE,
  FIX_ARRAY,
  FIX_EXT_1,
  FIX_MAP,
  FIX_STR,
  FLOAT_32,
  FLOAT_64,
  INT_8,
  MAP_16,
  NEGATIVE_FIXINT,
  NIL,
  STR_8,
  TRUE,
  UINT_8,
} from "./format.ts";

/**
 * Thrown for what only the whole codec can write or read. It is no error, as V8 would have to find
 * out where it comes from.
 */
export const NOT_PLAIN: unknown = { name: "NotPlain" };

/** Larger arrays of bytes may go by themselves. */
const MAX_BYTES = 64 * 1024;
/** Names are only looked through in arrays and bytes up to this length: V8 has to make them. */
const LONG = 1000;
/** Of so many properties it is asked whether they are read-only; see `KeptProperties`. */
const MAX_ASKED = 5000;
const UINT32 = 0x1_0000_0000;

const {
  getOwnPropertyDescriptor,
  getOwnPropertyNames,
  getOwnPropertySymbols,
  getPrototypeOf,
  isExtensible,
  keys,
  values,
} = Object;
const utf8 = new TextEncoder();
const text8 = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * Encodes a value.
 *
 * @throws {unknown} {@linkcode NOT_PLAIN} for a value that is or holds something else than `null`,
 * `undefined`, booleans, numbers, strings, arrays, plain objects, maps, sets, dates and bytes, or
 * of which the codec would not copy everything.
 */
export function encodePlain(value: unknown): Uint8Array<ArrayBuffer> {
  let bytes = new Uint8Array(256);
  let view = new DataView(bytes.buffer);
  let at = 0;
  let hasBytes = false;
  let asked = 0;
  const numbers = new Map<object, number>();

  const reserve = (size: number): void => {
    if (at + size <= bytes.length) return;
    const larger = new Uint8Array(Math.max(at + size, bytes.length * 2));
    larger.set(bytes);
    bytes = larger;
    view = new DataView(bytes.buffer);
  };
  const byte = (value: number): void => {
    reserve(1);
    bytes[at++] = value;
  };
  const uint = (value: number, size: number): void => {
    while (size-- > 0) byte(value >>> size * 8);
  };
  /** The size, in a power of two, of the number behind a header. */
  const header = (length: number, format: number, least: number): void => {
    if (length >= UINT32) throw NOT_PLAIN;
    const wide = length < 0x1_0000 ? least || length > 0xff ? 1 : 0 : 2;
    byte(format + wide - least);
    uint(length, 1 << wide);
  };
  const put = (some: Uint8Array): void => {
    reserve(some.length);
    bytes.set(some, at);
    at += some.length;
  };

  const write = (value: unknown, depth: number): void => {
    if (typeof value === "string") {
      // Node 18 has no such method.
      if (!(value.isWellFormed?.() ?? !/\p{Surrogate}/u.test(value))) throw NOT_PLAIN;
      const some = utf8.encode(value);
      if (some.length < 32) byte(FIX_STR + some.length);
      else header(some.length, STR_8, 0);
      put(some);
    } else if (typeof value === "number") {
      if (value !== (value < 0 ? value | 0 : value >>> 0) || Object.is(value, -0)) {
        byte(FLOAT_64);
        reserve(8);
        view.setFloat64(at, value);
        at += 8;
      } else if (value >= -32 && value < 128) byte(value);
      else {
        const size = value < 0 ? ~value * 2 : value;
        const wide = size < 0x100 ? 0 : size < 0x1_0000 ? 1 : 2;
        byte((value < 0 ? INT_8 : UINT_8) + wide);
        uint(value, 1 << wide);
      }
    } else if (typeof value === "boolean") byte(value ? TRUE : FALSE);
    else if (value === undefined) extension(UNDEFINED, [0]);
    else if (value === null) byte(NIL);
    else if (typeof value === "object") object(value, depth);
    else throw NOT_PLAIN;
  };

  /** Writes an extension of 0, 1, 2, 4 or more bytes. */
  const extension = (type: number, content: readonly number[]): void => {
    const { length } = content;
    const fixed = [1, 2, 4, 8].indexOf(length);
    if (fixed < 0) header(length, EXT_8, 0);
    else byte(FIX_EXT_1 + fixed);
    byte(type);
    content.forEach(byte);
  };

  const date = (time: number): void => {
    if (time !== time) return extension(INVALID_DATE, []);
    const seconds = Math.floor(time / 1000);
    const nanoseconds = (time - seconds * 1000) * 1_000_000;
    const high = Math.floor(seconds / UINT32);
    const words = high < 0 || high > 3
      ? [nanoseconds, high, seconds]
      : high + nanoseconds > 0
      ? [nanoseconds * 4 + high, seconds]
      : [seconds];
    extension(TIMESTAMP, words.flatMap((word) => [word >>> 24, word >>> 16, word >>> 8, word]));
  };

  const object = (value: object, depth: number): void => {
    const number = numbers.get(value);
    if (number !== undefined) {
      const content = [number >>> 24, number >>> 16, number >>> 8, number];
      return extension(REFERENCE, content.slice(number < 0x100 ? 3 : number < 0x1_0000 ? 2 : 0));
    }
    numbers.set(value, numbers.size);
    const prototype = getPrototypeOf(value);
    const isMap = prototype === Map.prototype;
    if (
      depth >= DEFAULT_MAX_DEPTH || !isExtensible(value) || getOwnPropertySymbols(value).length > 0
    ) throw NOT_PLAIN;
    const hasNames = (length: number): boolean => getOwnPropertyNames(value).length !== length;
    /** Whether some properties are not like those that are assigned. */
    const hasOdd = (names: readonly string[]): boolean =>
      (asked += names.length) <= MAX_ASKED && names.some((name) => {
        const { configurable, writable } = getOwnPropertyDescriptor(value, name)!;
        return writable === false || !configurable;
      });
    if (prototype === Object.prototype) {
      const own = keys(value);
      const { length } = own;
      if (hasNames(length) || hasOdd(own)) throw NOT_PLAIN;
      if (length < 16) byte(FIX_MAP + length);
      else header(length, MAP_16, 1);
      for (const key of own) {
        write(key, depth);
        write((value as Record<string, unknown>)[key], depth + 1);
      }
    } else if (prototype === Array.prototype && Array.isArray(value)) {
      const { length } = value;
      // A hole is `undefined`, too.
      if (
        length > LONG
          ? values(value).length !== length || value.includes(undefined)
          : hasNames(length + 1) || keys(value).some((key, i) => key !== `${i}`)
      ) throw NOT_PLAIN;
      if (
        length <= MAX_ASKED &&
        (hasOdd(keys(value)) || !getOwnPropertyDescriptor(value, "length")!.writable)
      ) throw NOT_PLAIN;
      if (length < 16) byte(FIX_ARRAY + length);
      else header(length, ARRAY_16, 1);
      for (const one of value) write(one, depth + 1);
    } else if (prototype === Uint8Array.prototype && ArrayBuffer.isView(value)) {
      const some = value as Uint8Array;
      // Others may share its memory.
      if (hasBytes || some.length > MAX_BYTES || some.length <= LONG && hasNames(some.length)) {
        throw NOT_PLAIN;
      }
      hasBytes = true;
      header(some.length, BIN_8, 0);
      put(some);
    } else if (hasNames(0)) throw NOT_PLAIN;
    else if (isMap || prototype === Set.prototype) {
      byte(EXT_32);
      const start = at;
      uint(0, 4);
      byte(isMap ? MAP : SET);
      const parts = [...value as Set<unknown>];
      for (const one of isMap ? parts.flat() : parts) write(one, depth + 1);
      if (at >= UINT32) throw NOT_PLAIN;
      view.setUint32(start, at - start - 5);
    } else if (prototype === Date.prototype) date((value as Date).getTime());
    else throw NOT_PLAIN;
  };

  write(value, 0);
  return bytes.subarray(0, at);
}

/**
 * Decodes what may be trusted.
 *
 * @param revive Makes the values of handles.
 * @throws {unknown} {@linkcode NOT_PLAIN} for an extension that it does not know.
 */
export function decodePlain(
  bytes: Uint8Array,
  revive: (data: unknown) => unknown = notPlain,
): unknown {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const objects: unknown[] = [];
  let at = 0;

  const add = <T>(object: T): T => {
    objects.push(object);
    return object;
  };
  const uint = (size: number): number => {
    let value = 0;
    while (size-- > 0) value = value * 0x100 + bytes[at++]!;
    return value;
  };
  const text = (size: number): string => text8.decode(bytes.subarray(at, at += size));
  const record = (count: number): unknown => {
    const object = add({});
    while (count-- > 0) {
      Object.defineProperty(object, read() as string, {
        value: read(),
        enumerable: true,
        writable: true,
        configurable: true,
      });
    }
    return object;
  };
  const array = (count: number): unknown => {
    const array: unknown[] = add([]);
    while (count-- > 0) array.push(read());
    return array;
  };
  const extension = (size: number): unknown => {
    const type = bytes[at++];
    const end = at + size;
    if (type === UNDEFINED) return void at++;
    if (type === REFERENCE) return objects[uint(size)];
    if (type === HANDLE) return add(revive(read()));
    if (type !== MAP) throw NOT_PLAIN;
    const map = add(new Map());
    while (at < end) map.set(read(), read());
    return map;
  };
  const read = (): unknown => {
    const first = bytes[at++]!;
    if (first < FIX_MAP) return first;
    if (first >= NEGATIVE_FIXINT) return first - 0x100;
    if (first < FIX_ARRAY) return record(first - FIX_MAP);
    if (first < FIX_STR) return array(first - FIX_ARRAY);
    if (first < NIL) return text(first - FIX_STR);
    if (first < BIN_8) return first === NIL ? null : first === TRUE;
    if (first < EXT_8) {
      const size = uint(1 << first - BIN_8);
      return add(new Uint8Array(bytes.subarray(at, at += size)));
    }
    if (first < FLOAT_32) return extension(uint(1 << first - EXT_8));
    if (first < UINT_8) {
      const size = first === FLOAT_32 ? 4 : 8;
      at += size;
      return size === 4 ? view.getFloat32(at - 4) : view.getFloat64(at - 8);
    }
    if (first < FIX_EXT_1) {
      const isSigned = first >= INT_8;
      const size = 1 << first - (isSigned ? INT_8 : UINT_8);
      if (size < 8) {
        const value = uint(size);
        return isSigned && value >= 2 ** (size * 8 - 1) ? value - 2 ** (size * 8) : value;
      }
      at += 8;
      const value = isSigned ? view.getBigInt64(at - 8) : view.getBigUint64(at - 8);
      return Number.isSafeInteger(Number(value)) ? Number(value) : value;
    }
    if (first < STR_8) return extension(1 << first - FIX_EXT_1);
    if (first < ARRAY_16) return text(uint(1 << first - STR_8));
    return first < MAP_16 ? array(uint(2 << first - ARRAY_16)) : record(uint(2 << first - MAP_16));
  };
  return read();
}

function notPlain(): never {
  throw NOT_PLAIN;
}
