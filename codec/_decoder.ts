import { isIndex } from "./array_keys.ts";
import {
  BIGINT,
  BINARIES,
  ERROR,
  ERRORS,
  FIRST_BINARY,
  HANDLE,
  INVALID_DATE,
  MAP,
  NAMED_ARRAY,
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
import { isStackOverflow } from "./depth.ts";
import { readKey } from "./_keys.ts";
import { Reader } from "./_reader.ts";

/** An array has room for at most so many elements before they have been read. */
const ROOM = 1024;
/** Up to this many objects are forgotten one by one, which keeps the memory of their list. */
const FEW = 64;
const UINT32 = 0x1_0000_0000;

function define(object: object, key: string, value: unknown, enumerable = true): void {
  Object.defineProperty(object, key, { value, enumerable, writable: true, configurable: true });
}

/**
 * Reads one value at a time, with all that it holds. After it has thrown it must not be used again.
 */
export class Decoder extends Reader {
  /** The objects so far; the place of each is its number. */
  #objects: unknown[] = [];
  #count = 0;
  #maxDepth = 0;
  #revive: ((data: unknown) => unknown) | undefined;

  decode(
    bytes: Uint8Array,
    maxDepth: number,
    revive: ((data: unknown) => unknown) | undefined,
  ): unknown {
    this.open(bytes);
    this.#maxDepth = maxDepth;
    this.#revive = revive;
    let value;
    try {
      value = this.read(0);
    } catch (error) {
      if (!isStackOverflow(error)) throw error;
      throw this.bad("it is nested deeper than the stack allows");
    }
    if (this.position < this.end) throw this.bad("more bytes follow the value");
    this.close();
    if (this.#count > FEW) this.#objects = [];
    else while (this.#count > 0) this.#objects[--this.#count] = undefined;
    this.#count = 0;
    this.#revive = undefined;
    return value;
  }

  private deeper(depth: number): number {
    if (depth < this.#maxDepth) return depth + 1;
    throw this.bad(`it is nested deeper than ${this.#maxDepth} levels`);
  }

  private read(depth: number): unknown {
    if (this.position >= this.end) this.need(1);
    const first = this.bytes[this.position++]!;
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
        return this.float32();
      case FLOAT_64:
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
      case ARRAY_16 + 1:
        return this.array(this.uint(2 << first - ARRAY_16), depth);
      case MAP_16:
      case MAP_16 + 1:
        return this.record(this.uint(2 << first - MAP_16), depth);
    }
    if (first >= FIX_EXT_1 && first < FIX_EXT_1 + 5) {
      return this.extension(1 << first - FIX_EXT_1, depth);
    }
    throw this.bad(`format 0x${first.toString(16)} is unknown`, this.position - 1);
  }

  /** Reads a key, which must be a string. */
  private key(depth: number): string {
    const begin = this.position;
    const size = this.bytes[begin]! - FIX_STR;
    if (size >= 0 && size < 0x20 && begin + size < this.end) {
      const key = readKey(this.bytes, begin + 1, size);
      if (key !== undefined) {
        this.position = begin + 1 + size;
        return key;
      }
    }
    return this.text(depth);
  }

  /** Reads a value that must be a string. */
  private text(depth: number): string {
    const begin = this.position;
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
    // Arrays within arrays could claim the same bytes again: more room is made as they are read.
    const array: unknown[] = new Array(length < ROOM ? length : ROOM);
    this.#objects[this.#count++] = array;
    for (let i = 0; i < length; i++) array[i] = this.read(depth);
    return array;
  }

  private extension(size: number, depth: number): unknown {
    const type = this.uint(1) << 24 >> 24;
    this.need(size);
    const end = this.end;
    const enclosed = this.enclosed;
    this.end = this.position + size;
    this.enclosed = true;
    const value = this.content(type, size, depth);
    if (this.position < this.end) throw this.bad("its extension is longer than its content");
    this.end = end;
    this.enclosed = enclosed;
    return value;
  }

  /** Numbers an object, which must happen before anything in it is read. */
  private add<T>(object: T): T {
    this.#objects[this.#count++] = object;
    return object;
  }

  /** Reads what an extension holds: all up to `end`, if it is valid. */
  private content(type: number, size: number, depth: number): unknown {
    switch (type) {
      case UNDEFINED:
        if (size !== 1 || this.uint(1) !== 0) throw this.bad("undefined must be one zero byte");
        return undefined;
      case REFERENCE: {
        const number = size === 1 || size === 2 || size === 4 ? this.uint(size) : Infinity;
        if (number < this.#count) return this.#objects[number];
        throw this.bad("it refers to an object that is not there");
      }
      case BIGINT:
        return this.bigint(size);
      case UTF16:
        return this.utf16(size);
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
        if (this.#revive === undefined) {
          throw this.bad("no option revives its handle");
        }
        return this.add(this.#revive(data));
      }
      case MAP: {
        const map = this.add(new Map());
        depth = this.deeper(depth);
        while (this.position < this.end) map.set(this.read(depth), this.read(depth));
        return map;
      }
      case SET: {
        const set = this.add(new Set());
        depth = this.deeper(depth);
        while (this.position < this.end) set.add(this.read(depth));
        return set;
      }
      case SPARSE_ARRAY:
        return this.sparse(this.deeper(depth));
      case NAMED_ARRAY:
        return this.namedArray(depth);
      case NULL_OBJECT:
        return this.properties(this.add(Object.create(null)), true, this.deeper(depth));
      case ERROR: {
        const errorClass = ERRORS.get(this.text(depth));
        if (errorClass === undefined) throw this.bad("this runtime has no such error class");
        // AggregateError takes a list. The properties that the constructors set are deleted, among
        // them the stack of this call.
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
      throw this.bad(`this runtime does not accept the ${what}`);
    }
    return this.add(object);
  }

  /** Reads an integer that is at least `least` and below `limit`. */
  private index(least: number, limit: number): number {
    const index = this.read(this.#maxDepth);
    if (Number.isInteger(index) && index as number >= least && index as number < limit) {
      return index as number;
    }
    throw this.bad("it must be a greater index here, within the length");
  }

  private sparse(depth: number): unknown[] {
    const array: unknown[] = this.add([]);
    // An element at the very end makes V8 keep the array as a dictionary for as long as that takes
    // less memory. Otherwise V8 would make room for all the elements that the length claims.
    array[UINT32 - 2] = 0;
    const length = this.index(0, UINT32);
    array.length = length;
    delete array[UINT32 - 2];
    for (let least = 0; this.position < this.end;) {
      const index = this.index(least, length);
      array[index] = this.read(depth);
      least = index + 1;
    }
    return array;
  }

  private namedArray(depth: number): unknown[] {
    const first = this.bytes[this.position]!;
    // Nothing but an array that begins here gets properties: not one that a handle gives.
    const isArray = first >= FIX_ARRAY && first < FIX_STR || first >> 1 === ARRAY_16 >> 1 ||
      first === EXT_32 && this.bytes[this.position + 5] === SPARSE_ARRAY;
    if (!isArray) throw this.bad("it must be an array here");
    const array = this.read(depth) as unknown[];
    depth = this.deeper(depth);
    while (this.position < this.end) {
      const key = this.key(depth);
      if (key === "length" || isIndex(key)) throw this.bad("it must not be an element's key here");
      define(array, key, this.read(depth));
    }
    return array;
  }

  /** Reads properties up to `end`. Unless all are `enumerable`, those before a `null` are not. */
  private properties<T extends object>(object: T, enumerable: boolean, depth: number): T {
    while (this.position < this.end) {
      if (!enumerable && this.bytes[this.position] === NIL) {
        this.position++;
        enumerable = true;
      } else define(object, this.key(depth), this.read(depth), enumerable);
    }
    return object;
  }
}
