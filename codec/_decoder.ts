import { isIndex } from "./array_keys.ts";
import {
  BIGINT,
  BINARIES,
  ERROR,
  type ErrorClass,
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
import { ARRAY_16, EXT_32, FIX_ARRAY, FIX_STR, NIL } from "./format.ts";
import { Memory, regExpTime, Time } from "./_cost.ts";
import { HashChains, nextGap } from "./_hash_chains.ts";
import { isStackOverflow } from "./depth.ts";
import { define, ValueReader } from "./_value_reader.ts";

/** Up to this many objects are forgotten one by one, which keeps the memory of their list. */
const FEW = 64;
const UINT32 = 0x1_0000_0000;

/** Up to so many members of a collection are found fast, whatever their hashes are. */
const FIRST_GAP = 32;

/** The functions of {@linkcode DecodeOptions}. */
export interface DecodeHooks {
  readonly revive?: ((data: unknown) => unknown) | undefined;
  readonly reviseError?: ((error: Error) => void) | undefined;
  readonly reviseSource?: ((source: string) => string) | undefined;
  readonly onCost?: ((memory: number) => void) | undefined;
}

const NO_HOOKS: DecodeHooks = {};

/**
 * Reads one value at a time, with all that it holds. After it has thrown it must not be used again.
 */
export class Decoder extends ValueReader {
  #hooks = NO_HOOKS;

  decode(bytes: Uint8Array, maxDepth: number, maxCost: number, hooks: DecodeHooks): unknown {
    this.open(bytes, maxCost);
    this.maxDepth = maxDepth;
    this.#hooks = hooks;
    let value;
    try {
      value = this.read(0);
    } catch (error) {
      if (!isStackOverflow(error)) throw error;
      throw this.bad("it is nested deeper than the stack allows");
    }
    if (this.position < this.end) throw this.bad("more bytes follow the value");
    hooks.onCost?.(this.cost);
    this.close();
    if (this.count > FEW) this.objects = [];
    else while (this.count > 0) this.objects[--this.count] = undefined;
    this.count = 0;
    this.#hooks = NO_HOOKS;
    return value;
  }

  /** Reads what an extension holds: all up to `end`, if it is valid. */
  protected override content(type: number, size: number, depth: number): unknown {
    switch (type) {
      case UNDEFINED:
        if (size !== 1 || this.uint(1) !== 0) throw this.bad("undefined must be one zero byte");
        return undefined;
      case REFERENCE: {
        const number = size === 1 || size === 2 || size === 4 ? this.uint(size) : Infinity;
        if (number < this.count) return this.objects[number];
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
        this.spend(Memory.REGEXP, regExpTime(source, flags));
        const revised = this.#hooks.reviseSource?.(source) ?? source;
        return this.construct("regular expression", () => new RegExp(revised, flags));
      }
      case URL_: {
        const href = this.text(depth);
        this.spend(Memory.URL, Time.URL);
        return this.construct("URL", () => new URL(href));
      }
      case HANDLE: {
        const data = this.read(this.deeper(depth));
        const { revive, reviseError } = this.#hooks;
        if (revive === undefined) throw this.bad("no option revives its handle");
        const value = revive(data);
        if (value instanceof Error) reviseError?.(value);
        return this.add(value);
      }
      case MAP: {
        this.spend(Memory.COLLECTION, Time.COLLECTION);
        const map = this.add(new Map());
        let chains: HashChains | undefined;
        let gap = FIRST_GAP;
        let left = gap;
        depth = this.deeper(depth);
        while (this.position < this.end) {
          const key = this.read(depth);
          map.set(key, this.read(depth));
          if (--left > 0) continue;
          chains ??= new HashChains(this.end - this.position);
          this.spend(Memory.MEMBER * gap, chains.add(key));
          left = gap = nextGap();
        }
        this.spend(Memory.MEMBER * (gap - left));
        return map;
      }
      case SET: {
        this.spend(Memory.COLLECTION, Time.COLLECTION);
        const set = this.add(new Set());
        let chains: HashChains | undefined;
        let gap = FIRST_GAP;
        let left = gap;
        depth = this.deeper(depth);
        while (this.position < this.end) {
          const member = this.read(depth);
          set.add(member);
          if (--left > 0) continue;
          chains ??= new HashChains(this.end - this.position);
          this.spend(Memory.MEMBER * gap, chains.add(member));
          left = gap = nextGap();
        }
        this.spend(Memory.MEMBER * (gap - left));
        return set;
      }
      case SPARSE_ARRAY:
        return this.sparse(this.deeper(depth));
      case NAMED_ARRAY:
        return this.namedArray(depth);
      case NULL_OBJECT:
        this.spend(Memory.COLLECTION, Time.COLLECTION);
        return this.properties(this.add(Object.create(null)), true, this.deeper(depth));
      case ERROR: {
        const errorClass = ERRORS.get(this.text(depth));
        if (errorClass === undefined) throw this.bad("this runtime has no such error class");
        this.spend(Memory.ERROR, Time.ERROR);
        const error = this.add(emptyError(errorClass)) as unknown as Record<string, unknown>;
        this.properties(error, false, this.deeper(depth));
        this.#hooks.reviseError?.(error as unknown as Error);
        return error;
      }
    }
    const binary = BINARIES[type - FIRST_BINARY];
    if (binary === undefined) {
      const isKnown = type - FIRST_BINARY in BINARIES;
      throw this.bad(
        isKnown ? "this runtime has no Float16Array" : `extension type ${type} is unknown`,
      );
    }
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
    const index = this.read(this.maxDepth);
    if (Number.isInteger(index) && index as number >= least && index as number < limit) {
      return index as number;
    }
    throw this.bad("it must be a greater index here, within the length");
  }

  private sparse(depth: number): unknown[] {
    this.spend(Memory.COLLECTION, Time.COLLECTION);
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
      this.spend(Memory.SLOW_PROPERTY);
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
      this.spend(Memory.SLOW_PROPERTY, Time.PROPERTY);
      const key = this.key(depth);
      if (key === "length" || isIndex(key)) throw this.bad("it must not be an element's key here");
      define(array, key, this.read(depth));
    }
    return array;
  }

  /** Reads properties up to `end`. Unless all are `enumerable`, those before a `null` are not. */
  private properties<T extends object>(object: T, enumerable: boolean, depth: number): T {
    let isSparse = false;
    for (let i = 0; this.position < this.end; i++) {
      if (!enumerable && this.bytes[this.position] === NIL) {
        this.position++;
        enumerable = true;
        continue;
      }
      this.spend(Memory.SLOW_PROPERTY, Time.PROPERTY);
      const key = this.key(depth);
      const value = this.read(depth);
      isSparse ||= this.makeSparse(object, key, i);
      define(object, key, value, enumerable);
    }
    return object;
  }
}

/**
 * An error that nothing has been said of. It has no properties of its own, such as those that the
 * constructors of some classes set, and no frames, which Deno would print though they are ours.
 */
function emptyError(errorClass: ErrorClass): Error {
  const limit = Error.stackTraceLimit;
  try {
    // Somebody may have frozen `Error`, so that an assignment would throw.
    Reflect.set(Error, "stackTraceLimit", 0);
    // AggregateError takes a list.
    const error = new errorClass([] as never);
    for (const key of Object.getOwnPropertyNames(error)) delete error[key as keyof Error];
    return error;
  } finally {
    Reflect.set(Error, "stackTraceLimit", limit);
  }
}
