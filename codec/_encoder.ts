import { extensionOf, hasHoles, isFull, isIndex, namedKeys } from "./array_keys.ts";
import { bytesProblem } from "./bytes_problem.ts";
import { ERROR_PROPERTIES } from "./error_properties.ts";
import {
  BINARIES,
  ERROR,
  ERRORS,
  FIRST_BINARY,
  HANDLE,
  MAP,
  NAMED_ARRAY,
  NULL_OBJECT,
  REFERENCE,
  REGEXP,
  SET,
  SPARSE_ARRAY,
  UNDEFINED,
  URL_,
} from "./extension.ts";
import { BIN_8, EXT_32, FALSE, FIX_MAP, NIL, TRUE } from "./format.ts";
import { ArrayWriter } from "./_array_writer.ts";
import { Identities } from "./_identities.ts";
import { remember, ROOM, writeKnown } from "./_known_keys.ts";
import {
  entryStep,
  handleStep,
  indexStep,
  keyStep,
  memberStep,
  noStep,
  propertyStep,
  type Step,
  trace,
} from "./_path.ts";
import { Refusal, refusalOf } from "./_refusal.ts";
import { checkSize } from "./_writer.ts";

/** The character code of the last digit. */
const NINE = 57;

const { getPrototypeOf, hasOwn } = Object;
const { isArray } = Array;
const objectPrototype = Object.prototype;
const arrayPrototype = Array.prototype;

/** The prototypes of objects whose extension holds values. */
const COMPOSITES = new Map<number, object | null>([
  [MAP, Map.prototype],
  [SET, Set.prototype],
  [NULL_OBJECT, null],
  [REGEXP, RegExp.prototype],
  [URL_, URL.prototype],
]);

/** The caller's hooks; see `EncodeOptions`. */
interface Hooks {
  readonly handle?: ((value: unknown) => unknown) | undefined;
  readonly standIn?: ((value: object) => unknown) | undefined;
}

/**
 * Writes one value at a time, with all that it holds. After it has thrown it must not be used
 * again.
 */
export class Encoder extends ArrayWriter {
  readonly #identities: Identities = new Identities();
  #maxDepth = 0;
  #hooks: Hooks = {};
  /** The values whose handles are being written. */
  #handling: unknown[] = [];
  /** Whether somebody has added properties to all objects, which a loop over a record gives too. */
  #polluted = false;

  encode(value: unknown, name = "value", maxDepth: number, hooks: Hooks): Uint8Array<ArrayBuffer> {
    this.#maxDepth = maxDepth;
    this.#hooks = hooks;
    this.#polluted = false;
    for (const _ in objectPrototype) this.#polluted = true;
    try {
      this.write(value, 0);
    } catch (error) {
      const refusal = trace(error);
      throw refusal instanceof Refusal ? refusal.toError(name) : refusal;
    }
    this.#identities.clear();
    this.#hooks = {};
    return this.finish();
  }

  private write(value: unknown, depth: number): void {
    // This is enough for every value and header of a fixed size.
    this.reserve(16);
    if (typeof value === "string") this.string(value);
    else if (typeof value === "number") this.number(value);
    else if (typeof value === "object") {
      if (value === null) this.bytes[this.position++] = NIL;
      else this.object(value, depth);
    } else if (typeof value === "boolean") this.bytes[this.position++] = value ? TRUE : FALSE;
    else if (value === undefined) {
      this.extension(UNDEFINED, 1);
      this.bytes[this.position++] = 0;
    } else if (typeof value === "bigint") this.bigint(value);
    else if (!this.repeat(value)) this.foreign(value, this.deeper(depth));
  }

  /** Enters the next level. */
  private deeper(depth: number): number {
    if (depth < this.#maxDepth) return depth + 1;
    throw new Refusal(`it is nested deeper than ${this.#maxDepth} levels`, "depth");
  }

  /** Numbers an object. Of an object that already has a number, writes a reference. */
  private repeat(value: unknown): boolean {
    const number = this.#identities.add(value);
    if (number < 0) return false;
    const size = number < 0x100 ? 1 : number < 0x1_0000 ? 2 : 4;
    this.extension(REFERENCE, size);
    for (let shift = size * 8; shift > 0;) {
      this.bytes[this.position++] = number >>> (shift -= 8);
    }
    return true;
  }

  private object(value: object, depth: number): void {
    if (this.repeat(value)) return;
    depth = this.deeper(depth);
    const standIn = this.#hooks.standIn?.(value);
    if (standIn === value) return this.foreign(value, depth);
    if (standIn !== undefined) value = standIn as object;
    const prototype = getPrototypeOf(value);
    if (prototype === objectPrototype) this.record(value as Record<string, unknown>, depth);
    else if (prototype === arrayPrototype && isArray(value)) this.array(value, depth);
    else this.special(value, prototype, depth);
  }

  /** Writes a key of an object. Returns whether its encoding was known. */
  private key(key: string): boolean {
    this.reserve(ROOM);
    const { position } = this;
    this.position += writeKnown(key, this.view, position);
    if (this.position > position) return true;
    const at = position - this.start;
    this.string(key);
    remember(key, this.bytes, this.start + at, this.position);
    return false;
  }

  private record(record: Record<string, unknown>, depth: number): void {
    // Counting the properties beforehand would take a second loop, and the count of almost every
    // object fits into this byte.
    const at = this.position++ - this.start;
    let count = 0;
    let known = true;
    let key = "";
    try {
      for (key in record) {
        if (this.#polluted && !hasOwn(record, key)) continue;
        if (count === 0 && key.charCodeAt(0) <= NINE && isArguments(record)) break;
        count++;
        // After a key that is new, as most of a dictionary are, others are not looked up.
        if (known) known = this.key(key);
        else this.string(key);
        const value = record[key];
        // `write()` would be another call.
        if (typeof value === "string") this.string(value);
        else this.write(value, depth);
      }
    } catch (error) {
      throw trace(error, propertyStep, key, 0);
    }
    if (count === 0 && Object.getOwnPropertySymbols(record).length > 0) {
      this.position = this.start + at;
      if (isArguments(record)) return this.array(Array.prototype.slice.call(record), depth);
      // An object whose keys are all symbols, like `Math`: the caller may have a handle for it.
      if (this.#hooks.handle?.(record) !== undefined) return this.foreign(record, depth);
      this.position++;
    }
    if (count < 16) this.bytes[this.start + at] = FIX_MAP | count;
    else this.widen(at, count);
  }

  private array(array: unknown[], depth: number): void {
    if (isFull(array)) {
      const { length } = array;
      const at = this.position - this.start;
      this.arrayHeader(length);
      // Numbers are no holes. They are written before the rest is searched for holes.
      const i = this.numbers(array, 0, length);
      if (i === length) return;
      if (!hasHoles(array, i)) return this.elements(array, i, length, depth);
      this.position = this.start + at;
    }
    const type = extensionOf(array);
    if (type !== undefined) return this.composite(array, type, depth);
    this.arrayHeader(array.length);
    this.elements(array, 0, array.length, depth);
  }

  private elements(array: unknown[], i: number, length: number, depth: number): void {
    try {
      for (; i < length; i++) {
        const value = array[i];
        if (typeof value === "string") this.string(value);
        else {
          this.write(value, depth);
          if (typeof value === "number") i = this.numbers(array, i + 1, length) - 1;
        }
      }
    } catch (error) {
      throw trace(error, indexStep, i, i);
    }
  }

  /** Writes an object that is neither a record nor a plain array. */
  private special(value: object, prototype: object | null, depth: number): void {
    if (ArrayBuffer.isView(value) || prototype === ArrayBuffer.prototype) {
      return this.binary(value as ArrayBufferView | ArrayBuffer, prototype, depth);
    }
    // A handle for a module's namespace may be better than a copy of the namespace.
    if (prototype === null && isNamespace(value) && this.#hooks.handle?.(value) !== undefined) {
      return this.foreign(value, depth);
    }
    if (prototype === Date.prototype) return this.date((value as Date).getTime());
    for (const type of COMPOSITES.keys()) {
      if (prototype === COMPOSITES.get(type)) return this.composite(value, type, depth);
    }
    for (const errorClass of ERRORS.values()) {
      if (prototype === errorClass?.prototype) return this.composite(value, ERROR, depth);
    }
    this.foreign(value, depth);
  }

  /**
   * Writes an extension that holds values. It is one function so that it takes little of the stack.
   */
  private composite(value: unknown, type: number, depth: number): void {
    this.bytes[this.position] = EXT_32;
    this.bytes[this.position + 5] = type;
    this.position += 6;
    const at = this.position - this.start;
    const inserted = this.inserted;
    let key: unknown;
    let index = 0;
    let step: Step = propertyStep;
    try {
      switch (type) {
        case MAP:
          for (const entry of value as Map<unknown, unknown>) {
            key = entry[0];
            step = keyStep;
            this.write(key, depth);
            step = entryStep;
            this.write(entry[1], depth);
            index++;
          }
          break;
        case SET:
          step = memberStep;
          for (const member of value as Set<unknown>) {
            this.write(member, depth);
            index++;
          }
          break;
        case SPARSE_ARRAY: {
          step = indexStep;
          const { length } = value as unknown[];
          this.number(length);
          for (key of Object.keys(value as unknown[])) {
            if (!isIndex(key as string)) break;
            index = Number(key);
            this.write(index, depth);
            this.write((value as unknown[])[index], depth);
          }
          break;
        }
        case REGEXP:
          this.write((value as RegExp).source, depth);
          this.write((value as RegExp).flags, depth);
          break;
        case URL_:
          this.write((value as URL).href, depth);
          break;
        case HANDLE:
          step = handleStep;
          this.write(value, depth);
          break;
        default: {
          if (type === NAMED_ARRAY) {
            step = noStep;
            this.reserve(16);
            const { length } = value as unknown[];
            if (hasHoles(value as unknown[])) this.composite(value, SPARSE_ARRAY, depth);
            else {
              this.arrayHeader(length);
              this.elements(value as unknown[], 0, length, depth);
            }
            step = propertyStep;
          } else if (type === ERROR) this.write(getPrototypeOf(value).constructor.name, depth);
          const keys = keysOf(value as object, type);
          for (key of keys) {
            this.write(key, depth);
            if (key !== null) {
              this.write((value as Record<string, unknown>)[key as string], depth);
            }
          }
        }
      }
    } catch (error) {
      throw trace(error, step, key, index);
    }
    const size = this.position - this.start - at + this.inserted - inserted;
    this.view.setUint32(this.start + at - 5, checkSize(size));
  }

  /** Writes a binary: of a view, the bytes that it shows. */
  private binary(
    value: ArrayBufferView | ArrayBuffer,
    prototype: object | null,
    depth: number,
  ): void {
    const problem = bytesProblem(value);
    if (problem !== undefined) throw new Refusal(problem);
    const bytes = bytesOf(value, prototype);
    if (bytes === value) this.header(BIN_8, bytes.length);
    else {
      const kind = BINARIES.findIndex((binary) => binary?.prototype === prototype);
      if (kind < 0) return this.foreign(value, depth);
      this.extension(FIRST_BINARY + kind, bytes.length);
    }
    this.insert(bytes);
  }

  /**
   * Writes the handle of a value that has no encoding. The value is numbered when its handle ends.
   */
  private foreign(value: unknown, depth: number): void {
    this.#identities.removeLast(value);
    if (this.#handling.includes(value)) throw new Refusal("its handle contains it", "cycle");
    const data = this.#hooks.handle?.(value);
    if (data === undefined) throw refusalOf(value);
    this.#handling.push(value);
    this.composite(data, HANDLE, depth);
    this.#handling.pop();
    this.repeat(value);
  }
}

/** The bytes of a binary: `value` itself if it is no more than bytes. */
function bytesOf(value: ArrayBufferView | ArrayBuffer, prototype: object | null): Uint8Array {
  if (!ArrayBuffer.isView(value)) return new Uint8Array(value);
  // A Buffer, which Node gives for most bytes, has no more data than any Uint8Array.
  const { Buffer } = globalThis as { Buffer?: { prototype: object } };
  if (prototype === Uint8Array.prototype || prototype === Buffer?.prototype) {
    return value as Uint8Array;
  }
  return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
}

/** Whether an object is the `arguments` of a call. */
function isArguments(value: object): boolean {
  return hasOwn(value, Symbol.iterator) && !(Symbol.toStringTag in value) &&
    objectPrototype.toString.call(value) === "[object Arguments]";
}

/** The keys of an object in an extension. Those before a `null` are not enumerable. */
function keysOf(value: object, type: number): (string | null)[] {
  if (type === NAMED_ARRAY) return namedKeys(value as unknown[]);
  const keys = Object.keys(value);
  return type === ERROR ? [...hiddenKeys(value as Error, keys), null, ...keys] : keys;
}

/** The properties of an error that are carried although they are not enumerable. */
function hiddenKeys(error: Error, keys: readonly unknown[]): string[] {
  return ERROR_PROPERTIES.filter((key) =>
    hasOwn(error, key) && !keys.includes(key) &&
    // A hook for stack traces may have made the stack something else.
    (key !== "stack" || typeof error.stack === "string")
  );
}

function isNamespace(value: object): boolean {
  return (value as { [Symbol.toStringTag]?: unknown })[Symbol.toStringTag] === "Module";
}
