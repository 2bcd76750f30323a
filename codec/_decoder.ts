import {
  BIGINT,
  BINARIES,
  ERROR,
  ERRORS,
  FIRST_BINARY,
  HANDLE,
  INVALID_DATE,
  MAP,
  NULL_OBJECT,
  REFERENCE,
  REGEXP,
  SET,
  SPARSE_ARRAY,
  TIMESTAMP,
  UNDEFINED,
  URL_,
  UTF16,
} from "./extension.ts";
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
  INT_16,
  INT_32,
  INT_64,
  INT_8,
  MAP_16,
  NEGATIVE_FIXINT,
  NIL,
  STR_8,
  TRUE,
  UINT_16,
  UINT_32,
  UINT_64,
  UINT_8,
} from "./format.ts";
import { DecodeError } from "./decode_error.ts";
import { isStackOverflow } from "./depth.ts";
import { readKey } from "./_keys.ts";
import { readText } from "./_text.ts";

/** How many elements an array has room for before they are there. */
const ROOM = 1024;
/** Inputs below this length, in bytes, are read without a `DataView`. */
const SHORT = 256;
/** Up to this many objects are forgotten one by one, which keeps the memory of their list. */
const FEW = 64;
const UINT32 = 0x1_0000_0000;
/** The largest distance of a `Date` from the epoch, in milliseconds. */
const MAX_TIME = 8.64e15;

const { fromCharCode } = String;
const { isSafeInteger } = Number;

const float32 = new Float32Array(1);
const float32Word = new Uint32Array(float32.buffer);
const float64 = new Float64Array(1);
const float64Words = new Uint32Array(float64.buffer);

/** What a decoder holds between calls, instead of the last input. */
const EMPTY = new Uint8Array(0);

function define(object: object, key: string, value: unknown, enumerable = true): void {
  Object.defineProperty(object, key, { value, enumerable, writable: true, configurable: true });
}

/**
 * Reads one value, with all that it holds, at a time. One that has thrown is not to be used again.
 *
 * It is longer than most files since everything in it moves the one position in the input.
 */
export class Decoder {
  #bytes: Uint8Array = EMPTY;
  #view: DataView | undefined;
  #position = 0;
  /** Where the input, or the extension that is being read, ends. */
  #end = 0;
  /** Whether `#end` is that of an extension, whose length is wrong if it is met. */
  #enclosed = false;
  /** The objects so far, in order. */
  #objects: unknown[] = [];
  #count = 0;
  #maxDepth = 0;
  #revive: ((data: unknown) => unknown) | undefined;

  decode(
    bytes: Uint8Array,
    maxDepth: number,
    revive: ((data: unknown) => unknown) | undefined,
  ): unknown {
    // A copy of shared memory, which could change while it is read; and of a subclass its plain
    // view, since methods of a Node Buffer have other meanings.
    if (!(bytes.buffer instanceof ArrayBuffer)) bytes = new Uint8Array(bytes);
    else if (Object.getPrototypeOf(bytes) !== Uint8Array.prototype) {
      bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    }
    this.#bytes = bytes;
    this.#position = 0;
    this.#end = bytes.length;
    this.#maxDepth = maxDepth;
    this.#revive = revive;
    let value;
    try {
      value = this.read(0);
    } catch (error) {
      if (!isStackOverflow(error)) throw error;
      throw new DecodeError("it is nested deeper than the stack bears", this.#position);
    }
    if (this.#position < this.#end) {
      throw new DecodeError("more bytes follow the value", this.#position);
    }
    this.#bytes = EMPTY;
    this.#view = undefined;
    if (this.#count > FEW) this.#objects = [];
    else while (this.#count > 0) this.#objects[--this.#count] = undefined;
    this.#count = 0;
    this.#revive = undefined;
    return value;
  }

  /** Gives the error for what ends here, or is at `offset`. */
  private bad(problem: string, offset: number = this.#position): DecodeError {
    return new DecodeError(problem, offset);
  }

  /** Makes sure that `size` more bytes are there. */
  private need(size: number): void {
    if (size > this.#end - this.#position) {
      throw new DecodeError(
        this.#enclosed ? "it is longer than the extension around it" : "the input ends within it",
        this.#position,
        !this.#enclosed,
      );
    }
  }

  /** Reads an unsigned integer of 1, 2 or 4 bytes. */
  private uint(size: number): number {
    this.need(size);
    const bytes = this.#bytes;
    if (size === 1) return bytes[this.#position++]!;
    if (size === 2) return bytes[this.#position++]! << 8 | bytes[this.#position++]!;
    return this.uint32();
  }

  /** Reads 4 bytes that are known to be there. */
  private uint32(): number {
    const bytes = this.#bytes;
    const position = this.#position;
    this.#position = position + 4;
    return (bytes[position]! << 24 | bytes[position + 1]! << 16 | bytes[position + 2]! << 8 |
      bytes[position + 3]!) >>> 0;
  }

  private deeper(depth: number): number {
    if (depth < this.#maxDepth) return depth + 1;
    throw this.bad(`it is nested deeper than ${this.#maxDepth} levels`);
  }

  private read(depth: number): unknown {
    if (this.#position >= this.#end) this.need(1);
    const first = this.#bytes[this.#position++]!;
    if (first < FIX_MAP) return first;
    if (first >= NEGATIVE_FIXINT) return first - 0x100;
    if (first < FIX_ARRAY) return this.record(first - FIX_MAP, depth);
    if (first < FIX_STR) return this.array(first - FIX_ARRAY, depth);
    if (first < NIL) return this.string(first - FIX_STR);
    switch (first) {
      case NIL:
        return null;
      case FALSE:
        return false;
      case TRUE:
        return true;
      case BIN_8:
      case BIN_8 + 1:
      case BIN_8 + 2:
        return this.add(this.take(this.uint(1 << first - BIN_8)));
      case EXT_8:
      case EXT_8 + 1:
      case EXT_32: {
        const size = this.uint(1 << first - EXT_8);
        return this.extension(size, depth);
      }
      case FLOAT_32:
        float32Word[0] = this.uint(4);
        return float32[0];
      case FLOAT_64:
        this.need(8);
        return this.float64();
      case UINT_8:
        return this.uint(1);
      case UINT_16:
        return this.uint(2);
      case UINT_32:
        return this.uint(4);
      case UINT_64:
        return this.int64(false);
      case INT_8:
        return this.uint(1) << 24 >> 24;
      case INT_16:
        return this.uint(2) << 16 >> 16;
      case INT_32:
        return this.uint(4) | 0;
      case INT_64:
        return this.int64(true);
      case STR_8:
      case STR_8 + 1:
      case STR_8 + 2:
        return this.string(this.uint(1 << first - STR_8));
      case ARRAY_16:
        return this.array(this.uint(2), depth);
      case ARRAY_16 + 1:
        return this.array(this.uint(4), depth);
      case MAP_16:
        return this.record(this.uint(2), depth);
      case MAP_16 + 1:
        return this.record(this.uint(4), depth);
    }
    if (first >= FIX_EXT_1 && first < FIX_EXT_1 + 5) {
      return this.extension(1 << first - FIX_EXT_1, depth);
    }
    throw this.bad(`0x${first.toString(16)} begins no value`, this.#position - 1);
  }

  private float64(): number {
    const bytes = this.#bytes;
    if (bytes.length < SHORT) {
      // A view is the fastest way, but takes longer to make than a few numbers to read.
      float64Words[1] = this.uint32();
      float64Words[0] = this.uint32();
      return float64[0]!;
    }
    this.#view ??= new DataView(bytes.buffer, bytes.byteOffset);
    this.#position += 8;
    return this.#view.getFloat64(this.#position - 8);
  }

  private int64(signed: boolean): number | bigint {
    this.need(8);
    const first = this.uint32();
    const high = signed ? first | 0 : first;
    const low = this.uint32();
    const value = high * UINT32 + low;
    return isSafeInteger(value) ? value : BigInt(high) * BigInt(UINT32) + BigInt(low);
  }

  private string(size: number): string {
    this.need(size);
    const begin = this.#position;
    this.#position += size;
    try {
      return readText(this.#bytes, begin, this.#position);
    } catch {
      throw this.bad("it is not valid UTF-8, or too long for a string", begin);
    }
  }

  /** Gives `size` bytes, in memory of their own. */
  private take(size: number): Uint8Array<ArrayBuffer> {
    this.need(size);
    const bytes = new Uint8Array(size);
    bytes.set(this.#bytes.subarray(this.#position, this.#position += size));
    return bytes;
  }

  /** Reads a key, which must be a string. */
  private key(depth: number): string {
    const begin = this.#position;
    const size = this.#bytes[begin]! - FIX_STR;
    if (size >= 0 && size < 0x20 && begin + size < this.#end) {
      const key = readKey(this.#bytes, begin + 1, size);
      if (key !== undefined) {
        this.#position = begin + 1 + size;
        return key;
      }
    }
    return this.text(depth);
  }

  /** Reads a value that must be a string. */
  private text(depth: number): string {
    const begin = this.#position;
    const text = this.read(depth);
    if (typeof text !== "string") throw this.bad("it must be a string here", begin);
    return text;
  }

  private record(count: number, depth: number): Record<string, unknown> {
    depth = this.deeper(depth);
    this.need(count * 2);
    const record: Record<string, unknown> = {};
    this.#objects[this.#count++] = record;
    for (; count > 0; count--) {
      const key = this.key(depth);
      const value = this.read(depth);
      if (key === "__proto__") define(record, key, value);
      else record[key] = value;
    }
    return record;
  }

  private array(length: number, depth: number): unknown[] {
    depth = this.deeper(depth);
    this.need(length);
    // Arrays within arrays could claim the same bytes again and again, so the claim counts only up to
    // a bound; from there on the array grows with what is read.
    const array: unknown[] = new Array(length < ROOM ? length : ROOM);
    this.#objects[this.#count++] = array;
    for (let i = 0; i < length; i++) array[i] = this.read(depth);
    return array;
  }

  private extension(size: number, depth: number): unknown {
    const type = this.uint(1) << 24 >> 24;
    this.need(size);
    const end = this.#end;
    const enclosed = this.#enclosed;
    this.#end = this.#position + size;
    this.#enclosed = true;
    const value = this.content(type, size, depth);
    if (this.#position < this.#end) throw this.bad("its extension is longer than its content");
    this.#end = end;
    this.#enclosed = enclosed;
    return value;
  }

  /** Counts an object, before anything in it is read. */
  private add<T>(object: T): T {
    this.#objects[this.#count++] = object;
    return object;
  }

  /** Reads what an extension holds, all the way to `#end` if it is valid. */
  private content(type: number, size: number, depth: number): unknown {
    switch (type) {
      case UNDEFINED:
        if (size !== 1 || this.uint(1) !== 0) throw this.bad("undefined must be one zero byte");
        return undefined;
      case REFERENCE: {
        const place = size === 1 || size === 2 || size === 4 ? this.uint(size) : Infinity;
        if (place < this.#count) return this.#objects[place];
        throw this.bad("it refers to an object that is not there");
      }
      case BIGINT:
        return this.bigint(size);
      case UTF16: {
        if (size % 2 > 0) throw this.bad("its last UTF-16 unit is incomplete");
        const units = new Uint16Array(this.take(size).buffer);
        let text = "";
        for (let i = 0; i < units.length; i += 4096) {
          text += fromCharCode.apply(null, units.subarray(i, i + 4096) as never);
        }
        return text;
      }
      case TIMESTAMP:
        return this.add(this.date(size));
      case INVALID_DATE:
        return this.add(new Date(NaN));
      case REGEXP: {
        const source = this.text(depth);
        const flags = this.text(depth);
        return this.construct("regular expression", () => new RegExp(source, flags));
      }
      case URL_: {
        const href = this.text(depth);
        return this.construct("URL", () => new URL(href));
      }
      case HANDLE: {
        const data = this.read(this.deeper(depth));
        if (this.#revive === undefined) throw this.bad("nothing here revives handles");
        return this.add(this.#revive(data));
      }
      case MAP: {
        const map = this.add(new Map());
        depth = this.deeper(depth);
        while (this.#position < this.#end) map.set(this.read(depth), this.read(depth));
        return map;
      }
      case SET: {
        const set = this.add(new Set());
        depth = this.deeper(depth);
        while (this.#position < this.#end) set.add(this.read(depth));
        return set;
      }
      case SPARSE_ARRAY:
        return this.sparse(this.deeper(depth));
      case NULL_OBJECT:
        return this.properties(this.add(Object.create(null)), true, this.deeper(depth));
      case ERROR: {
        const errorClass = ERRORS.get(this.text(depth));
        if (errorClass === undefined) throw this.bad("this runtime has no such error class");
        // AggregateError wants a list. What they make of it goes, and so does the stack of this call.
        const error = this.add(new errorClass([] as never)) as unknown as Record<string, unknown>;
        for (const key of Object.getOwnPropertyNames(error)) delete error[key];
        return this.properties(error, false, this.deeper(depth));
      }
    }
    const binary = BINARIES[type - FIRST_BINARY];
    if (binary === undefined) throw this.bad(`extension type ${type} is unknown`);
    if (size % (binary.BYTES_PER_ELEMENT ?? 1) > 0) {
      throw this.bad("its last element is incomplete");
    }
    const { buffer } = this.take(size);
    return this.add(type === FIRST_BINARY ? buffer : new binary(buffer));
  }

  private construct<T>(what: string, make: () => T): T {
    let object;
    try {
      object = make();
    } catch {
      throw this.bad(`this runtime knows no such ${what}`);
    }
    return this.add(object);
  }

  private bigint(size: number): bigint {
    this.need(size > 0 ? size : 1);
    const flip = this.#bytes[this.#position]! > 0x7f ? 0xf : 0;
    // Through hexadecimal, since that takes linear time and shifting by words quadratic.
    const digits = new Uint8Array(size * 2);
    for (let i = 0; i < size * 2; i += 2) {
      const byte = this.#bytes[this.#position++]!;
      digits[i] = "0123456789abcdef".charCodeAt(byte >> 4 ^ flip);
      digits[i + 1] = "0123456789abcdef".charCodeAt(byte & 0xf ^ flip);
    }
    try {
      const value = BigInt("0x" + readText(digits, 0, size * 2));
      return flip ? ~value : value;
    } catch {
      throw this.bad("it is larger than this runtime's bigints");
    }
  }

  private date(size: number): Date {
    let nanoseconds = 0;
    let high = 0;
    if (size === 12) {
      nanoseconds = this.uint(4);
      high = this.uint(4) | 0;
    } else if (size === 8) {
      const both = this.uint(4);
      nanoseconds = both >>> 2;
      high = both & 3;
    } else if (size !== 4) throw this.bad("a timestamp has 4, 8 or 12 bytes");
    const seconds = high * UINT32 + this.uint(4);
    const time = seconds * 1000 + Math.floor(nanoseconds / 1_000_000);
    if (nanoseconds > 999_999_999 || Math.abs(time) > MAX_TIME) {
      throw this.bad("the timestamp is out of range");
    }
    return new Date(time);
  }

  /** Reads an integer below `limit` and not below `least`. */
  private index(least: number, limit: number): number {
    const index = this.read(this.#maxDepth);
    if (Number.isInteger(index) && index as number >= least && index as number < limit) {
      return index as number;
    }
    throw this.bad("it must be a greater index here, within the length");
  }

  private sparse(depth: number): unknown[] {
    const array: unknown[] = this.add([]);
    // An element at the very end makes V8 keep the array as a dictionary, for as long as that takes
    // less memory; else it would have room for all the elements that the length claims.
    array[UINT32 - 2] = 0;
    const length = this.index(0, UINT32);
    array.length = length;
    for (let least = 0; this.#position < this.#end;) {
      const index = this.index(least, length);
      array[index] = this.read(depth);
      least = index + 1;
    }
    return array;
  }

  /** Reads properties up to `#end`; those before `null` are not enumerable, unless all are. */
  private properties<T extends object>(object: T, enumerable: boolean, depth: number): T {
    while (this.#position < this.#end) {
      if (!enumerable && this.#bytes[this.#position] === NIL) {
        this.#position++;
        enumerable = true;
      } else define(object, this.key(depth), this.read(depth), enumerable);
    }
    return object;
  }
}
