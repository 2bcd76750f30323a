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
import { Memory, Time } from "./_cost.ts";
import { DecodeError } from "./decode_error.ts";
import { readKey } from "./_keys.ts";
import { Reader } from "./_reader.ts";

/** An array has room for at most so many elements before they have been read. */
const ROOM = 1024;
/** Room for so many elements of a record is cheap. */
const FEW_ELEMENTS = 8;
/** V8 does not make room for all elements up to this one, if there are few. */
const FAR_INDEX = 2 ** 24;

/** Adds a property, also one whose name is `__proto__`. */
export function define(object: object, key: string, value: unknown, enumerable = true): void {
  Object.defineProperty(object, key, { value, enumerable, writable: true, configurable: true });
}

/** Reads the values of MessagePack itself, with all that they hold, and numbers objects. */
export abstract class ValueReader extends Reader {
  /** The objects so far; the place of each is its number. */
  protected objects: unknown[] = [];
  protected count = 0;
  protected maxDepth = 0;

  /** Reads what an extension holds: all up to `end`, if it is valid. */
  protected abstract content(type: number, size: number, depth: number): unknown;

  protected deeper(depth: number): number {
    if (depth < this.maxDepth) return depth + 1;
    const problem = `it is nested deeper than ${this.maxDepth} levels`;
    throw new DecodeError(problem, this.position, false, "maxDepth");
  }

  /** Numbers an object, which must happen before anything in it is read. */
  protected add<T>(object: T): T {
    if ((this.memory -= Memory.OBJECT) < 0) this.refill();
    this.objects[this.count++] = object;
    return object;
  }

  protected read(depth: number): unknown {
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
        this.memory -= Memory.STRING;
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
  protected key(depth: number): string {
    const begin = this.position;
    const size = this.bytes[begin]! - FIX_STR;
    if (size >= 0 && size < 0x20 && begin + size < this.end) {
      const key = readKey(this.bytes, begin + 1, size, this);
      if (key !== undefined) {
        this.position = begin + 1 + size;
        return key;
      }
    }
    return this.text(depth);
  }

  /** Reads a value that must be a string. */
  protected text(depth: number): string {
    const begin = this.position;
    const text = this.read(depth);
    if (typeof text !== "string") throw this.bad("it must be a string here", begin);
    return text;
  }

  private record(count: number, depth: number): Record<string, unknown> {
    depth = this.deeper(depth);
    this.need(count * 2);
    if ((this.memory -= Memory.OBJECT + Memory.PROPERTY * count) < 0) this.refill();
    const record: Record<string, unknown> = {};
    this.objects[this.count++] = record;
    let isSparse = false;
    for (let i = 0; i < count; i++) {
      // An integer and `__proto__` begin so, or their byte is a small length, or its first half.
      const first = this.bytes[this.position + 1]!;
      const key = this.key(depth);
      const value = this.read(depth);
      if (first < 0x3a || first === 0x5f) {
        isSparse ||= this.makeSparse(record, key, i);
        if (key === "__proto__") {
          define(record, key, value);
          continue;
        }
      }
      record[key] = value;
    }
    return record;
  }

  /**
   * If a key is an integer, and larger than the count of properties explains, makes V8 keep the
   * elements of an object one by one. Otherwise it would make room for all elements before the key.
   * Returns whether it does so now.
   */
  protected makeSparse(object: object, key: string, count: number): boolean {
    if (!(Number(key) >= FEW_ELEMENTS + 4 * count)) return false;
    this.spend(Memory.SLOW_PROPERTY, Time.PROPERTY);
    const elements = object as Record<number, unknown>;
    elements[FAR_INDEX] = undefined;
    return delete elements[FAR_INDEX];
  }

  private array(length: number, depth: number): unknown[] {
    depth = this.deeper(depth);
    this.need(length);
    // Arrays within arrays could claim the same bytes again and again. So room for more elements
    // than this is only made as they are read.
    if ((this.memory -= Memory.OBJECT + Memory.ELEMENT * length) < 0) this.refill();
    const array: unknown[] = new Array(length < ROOM ? length : ROOM);
    this.objects[this.count++] = array;
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
}
