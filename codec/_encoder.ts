import {
  BINARIES,
  ERROR,
  ERRORS,
  FIRST_BINARY,
  HANDLE,
  MAP,
  NULL_OBJECT,
  REFERENCE,
  REGEXP,
  SET,
  SPARSE_ARRAY,
  UNDEFINED,
  URL_,
} from "./extension.ts";
import { ARRAY_16, BIN_8, EXT_32, FALSE, FIX_ARRAY, FIX_MAP, NIL, TRUE } from "./format.ts";
import {
  entryStep,
  handleStep,
  indexStep,
  keyStep,
  memberStep,
  propertyStep,
  type Step,
  trace,
} from "./_path.ts";
import { Refusal, refusalOf } from "./_refusal.ts";
import { checkSize, Writer } from "./_writer.ts";

/** Up to this many objects a search in an array is faster than a `Set`. */
const FEW = 32;

const { getPrototypeOf, hasOwn } = Object;
const { isArray } = Array;
const objectPrototype = Object.prototype;
const arrayPrototype = Array.prototype;

/** The properties of errors that are not enumerable, and are carried nevertheless. */
const HIDDEN = ["message", "stack", "cause", "errors", "error", "suppressed"];

/** The prototypes of objects whose extension holds values. */
const COMPOSITES = new Map<number, object | null>([
  [MAP, Map.prototype],
  [SET, Set.prototype],
  [NULL_OBJECT, null],
  [REGEXP, RegExp.prototype],
  [URL_, URL.prototype],
]);

/** Writes one value, with all that it holds, at a time. One that has thrown is not to be used again. */
export class Encoder extends Writer {
  // The objects so far, in order: the first in an array, and all in a set once they are more. The
  // set gives no place; the map that does is only made, and only as far as needed, for a repetition.
  #few: unknown[] = new Array(FEW).fill(undefined);
  #many: Set<unknown> | undefined;
  #count = 0;
  #places: Map<unknown, number> | undefined;
  #unplaced: SetIterator<unknown> | undefined;

  #maxDepth = 0;
  #handle: ((value: unknown) => unknown) | undefined;
  #handling: unknown[] = [];
  // Whether a loop over a record also gives what someone has added to all objects.
  #polluted = false;

  encode(
    value: unknown,
    name = "value",
    maxDepth: number,
    handle: ((value: unknown) => unknown) | undefined,
  ): Uint8Array<ArrayBuffer> {
    this.#maxDepth = maxDepth;
    this.#handle = handle;
    this.#polluted = false;
    for (const _ in objectPrototype) this.#polluted = true;
    try {
      this.write(value, 0);
    } catch (error) {
      const refusal = trace(error);
      throw refusal instanceof Refusal ? refusal.toError(name) : refusal;
    }
    this.reset();
    return this.finish();
  }

  /** Lets go of the value. */
  private reset(): void {
    for (let i = this.#count < FEW ? this.#count : FEW; i-- > 0;) this.#few[i] = undefined;
    this.#count = 0;
    this.#many = undefined;
    this.#places = undefined;
    this.#unplaced = undefined;
    this.#handle = undefined;
  }

  private write(value: unknown, depth: number): void {
    // Enough for every value and header of a fixed size.
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

  /** Counts an object; one that was there before is written as a reference to it. */
  private repeat(value: unknown): boolean {
    const count = this.#count;
    let place: number;
    if (count < FEW) {
      const few = this.#few;
      for (place = 0; place < count; place++) if (few[place] === value) break;
      if (place === count) {
        few[count] = value;
        this.#count = count + 1;
        return false;
      }
    } else {
      const many = this.#many ??= new Set(this.#few);
      many.add(value);
      if (many.size > count) {
        this.#count = count + 1;
        return false;
      }
      place = this.place(value);
    }
    const size = place < 0x100 ? 1 : place < 0x1_0000 ? 2 : 4;
    this.extension(REFERENCE, size);
    for (let shift = size * 8; shift > 0;) {
      this.bytes[this.position++] = place >>> (shift -= 8);
    }
    return true;
  }

  private place(value: unknown): number {
    const places = this.#places ??= new Map();
    const rest = this.#unplaced ??= this.#many!.values();
    // The iterator goes on where it stopped, also over what has been added since, so all references
    // together take linear time. It cannot come to an end, since the value is in the set.
    while (!places.has(value)) places.set(rest.next().value, places.size);
    return places.get(value)!;
  }

  private object(value: object, depth: number): void {
    if (this.repeat(value)) return;
    depth = this.deeper(depth);
    const prototype = getPrototypeOf(value);
    if (prototype === objectPrototype) this.record(value as Record<string, unknown>, depth);
    else if (prototype === arrayPrototype && isArray(value)) this.array(value, depth);
    else this.special(value, prototype, depth);
  }

  private record(record: Record<string, unknown>, depth: number): void {
    // Counting the properties beforehand would take a second loop; few objects have as many as do
    // not fit into this byte.
    const at = this.position++ - this.start;
    let count = 0;
    let key = "";
    try {
      for (key in record) {
        if (this.#polluted && !hasOwn(record, key)) continue;
        count++;
        this.string(key);
        this.write(record[key], depth);
      }
    } catch (error) {
      throw trace(error, propertyStep, key, 0);
    }
    if (count === 0 && this.hasMore(record)) {
      this.position = this.start + at;
      return this.foreign(record, depth);
    }
    if (count < 16) this.bytes[this.start + at] = FIX_MAP | count;
    else this.widen(at, count);
  }

  /** Whether an object that looks empty has properties all the same, as `Math` has, and the caller carries them. */
  private hasMore(record: object): boolean {
    return Object.getOwnPropertySymbols(record).length > 0 && this.#handle?.(record) !== undefined;
  }

  private array(array: unknown[], depth: number): void {
    if (array.includes(undefined) && this.sparse(array)) {
      return this.composite(array, SPARSE_ARRAY, depth);
    }
    const length = array.length;
    if (length < 16) this.bytes[this.position++] = FIX_ARRAY | length;
    else if (length < 0x1_0000) {
      this.bytes[this.position] = ARRAY_16;
      this.view.setUint16(this.position + 1, length);
      this.position += 3;
    } else {
      this.bytes[this.position] = ARRAY_16 + 1;
      this.view.setUint32(this.position + 1, length);
      this.position += 5;
    }
    let i = 0;
    try {
      for (; i < length; i++) this.write(array[i], depth);
    } catch (error) {
      throw trace(error, indexStep, i, i);
    }
  }

  /** Whether `array` has holes, given that there is something undefined in it. */
  private sparse(array: unknown[]): boolean {
    let hole = 0;
    while (hole < array.length && hasOwn(array, hole)) hole++;
    return hole < array.length;
  }

  /** Writes an object that is neither a record nor a plain array. */
  private special(value: object, prototype: object | null, depth: number): void {
    if (ArrayBuffer.isView(value) || prototype === ArrayBuffer.prototype) {
      return this.binary(value as ArrayBufferView | ArrayBuffer, prototype, depth);
    }
    // A module's namespace may be more than a copy of it.
    if (prototype === null && isNamespace(value) && this.#handle?.(value) !== undefined) {
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

  /** Writes an extension that holds values, in one function, to take little of the stack. */
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
          // The indices come first, and in order; other properties are not carried.
          for (key of Object.keys(value as unknown[])) {
            index = Number(key) >>> 0;
            if (String(index) !== key || index >= length) break;
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
          const keys: (string | null)[] = Object.keys(value as object);
          if (type === ERROR) {
            // The class, hidden properties, null, and the others.
            const error = value as Error;
            const hidden = HIDDEN.filter((key) =>
              hasOwn(error, key) && !keys.includes(key) &&
              // A hook for stack traces may make it anything.
              (key !== "stack" || typeof error.stack === "string")
            );
            keys.unshift(...hidden, null);
            this.write(getPrototypeOf(error).constructor.name, depth);
          }
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

  /** Writes a binary, of which a view shows what belongs to it. */
  private binary(
    value: ArrayBufferView | ArrayBuffer,
    prototype: object | null,
    depth: number,
  ): void {
    let bytes;
    if (!ArrayBuffer.isView(value)) bytes = new Uint8Array(value);
    else if (
      prototype === Uint8Array.prototype ||
      // What Node gives for most bytes; there is no more to it than to any Uint8Array.
      prototype === (globalThis as { Buffer?: { prototype: object } }).Buffer?.prototype
    ) bytes = value as Uint8Array;
    else bytes = new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
    if (bytes === value) this.header(BIN_8, bytes.length);
    else {
      const kind = BINARIES.findIndex((binary) => binary?.prototype === prototype);
      if (kind < 0) return this.foreign(value, depth);
      this.extension(FIRST_BINARY + kind, bytes.length);
    }
    this.insert(bytes);
  }

  /** Writes what only the caller can carry; it counts as an object once its handle is complete. */
  private foreign(value: unknown, depth: number): void {
    if (this.#many === undefined) this.#few[this.#count - 1] = undefined;
    else this.#many.delete(value);
    this.#count--;
    if (this.#handling.includes(value)) throw new Refusal("its handle contains it", "cycle");
    const data = this.#handle?.(value);
    if (data === undefined) throw refusalOf(value);
    this.#handling.push(value);
    this.composite(data, HANDLE, depth);
    this.#handling.pop();
    this.repeat(value);
  }
}

function isNamespace(value: object): boolean {
  return (value as { [Symbol.toStringTag]?: unknown })[Symbol.toStringTag] === "Module";
}
