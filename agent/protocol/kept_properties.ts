import { namedKeys } from "../../codec/array_keys.ts";
import { encode } from "../../codec/encode.ts";
import { type EncodeRefusal, isEncodeRefusal } from "../../codec/encode_refusal.ts";
import { Attribute, type Handle, HandleKind } from "./handle.ts";
import { mayHaveNames } from "./has_names.ts";
import { integrityOf } from "./integrity.ts";
import { LinkedUrls } from "./linked_urls.ts";
import { isOdd, lostKeys, oddKeys } from "./lost_keys.ts";
import { isEncodable } from "./stand_in.ts";

/**
 * Of so many elements of arrays in a value it is asked whether they are read-only, which takes a
 * millisecond. For all of them it would take longer than to encode them.
 */
const MAX_ELEMENTS = 5000;

/** The path and the problem of a refusal, in terms of the value. */
type Explanation = Pick<EncodeRefusal, "path" | "problem">;

/**
 * The properties of the objects in a value that the codec does not copy, and which objects may not
 * be changed. They are found while the value is encoded; if there are any, this object is encoded
 * in its place, with a handle.
 */
export class KeptProperties {
  readonly #value: unknown;
  readonly #handle: (value: unknown) => unknown;
  readonly #seen = new Set<object>();
  readonly #properties: [
    owner: object,
    key: string | symbol,
    value: unknown,
    attributes: number,
  ][] = [];
  readonly #integrity: [owner: object, integrity: number][] = [];
  readonly #urls = new LinkedUrls();
  #elements = 0;

  /** `handle` gives the handles of values that have no encoding. */
  constructor(value: unknown, handle: (value: unknown) => unknown) {
    this.#value = value;
    this.#handle = handle;
  }

  /** How much has been found. */
  get count(): number {
    return this.#properties.length + this.#integrity.length;
  }

  /** The handle of this object; `undefined` for any other value. */
  handleOf(part: unknown): Handle | undefined {
    if (part !== this) return undefined;
    // An object that is frozen gets no more properties.
    return [HandleKind.WITH_PROPERTIES, this.#value, ...this.#properties, ...this.#integrity];
  }

  /**
   * Looks for properties of an object.
   *
   * @throws {TypeError} If it cannot be with what else there is.
   */
  look(object: object): void {
    const linked = this.#urls.look(object);
    if (linked !== undefined) {
      throw new TypeError(`Cannot encode all of it: something ${linked}; give one of the two`);
    }
    const integrity = integrityOf(object);
    const keys = isPlain(object)
      ? oddKeys(object, integrity)
      : Object.getPrototypeOf(object) === Array.prototype
      ? this.#oddKeysOfArray(object as unknown[], integrity)
      : lostKeys(object);
    if (keys.length === 0 && integrity === 0 || this.#seen.has(object)) return;
    this.#seen.add(object);
    // The codec asks for a handle for an object that has nothing else.
    const [kind] = Object.keys(object).length === 0 ? this.#handle(object) as Handle ?? [] : [];
    // A stream is another object there, which has to change.
    if (integrity > 0 && kind !== HandleKind.STREAM) this.#integrity.push([object, integrity]);
    if (kind !== undefined && isPlain(object)) return;
    for (const key of keys) {
      const { enumerable, writable, configurable } = Object.getOwnPropertyDescriptor(object, key)!;
      // Of an error, as much is sent as there is a copy of.
      if (object instanceof Error && !hasEncodable(object, key)) continue;
      const value = Reflect.get(object, key);
      const attributes = (enumerable ? Attribute.ENUMERABLE : 0) +
        // A getter becomes data.
        (writable === false ? 0 : Attribute.WRITABLE) +
        (configurable ? Attribute.CONFIGURABLE : 0);
      this.#properties.push([object, key, value, attributes]);
    }
  }

  /** The same as `oddKeys()` for an array, with elements as long as there are not too many. */
  #oddKeysOfArray(array: readonly unknown[], integrity: number): readonly (string | symbol)[] {
    const hasMore = mayHaveNames(array) || Object.getOwnPropertySymbols(array).length > 0;
    const lost = hasMore ? lostKeys(array) : [];
    if (integrity === 3) return lost;
    const isAsked = this.#elements + array.length <= MAX_ELEMENTS;
    if (isAsked) this.#elements += array.length;
    const keys = isAsked ? Object.keys(array) : hasMore ? namedKeys(array) : [];
    const found = keys.filter((key) => isOdd(array, key) && isData(array, key));
    if (!Object.getOwnPropertyDescriptor(array, "length")!.writable) found.push("length");
    return [...lost, ...found];
  }

  /** Says what a refusal is about, in the value rather than in the handle of this object. */
  explain({ path, problem }: EncodeRefusal, name: string): Explanation {
    const inHandle = /^<handle>\[(\d+)\](?:\[(\d)\])?(.*)$/s.exec(path.slice(name.length));
    if (inHandle === null) return { path, problem };
    const [, index, part, rest] = inHandle;
    const [owner, key] = this.#properties[Number(index) - 2]!;
    const step = typeof key === "string" ? `.${key}` : `[${String(key)}]`;
    const at = `${this.#pathTo(owner, name)}${step}`;
    if (part !== "1") return { path: `${at}${rest}`, problem };
    return { path: at, problem: "its key is a symbol that nothing there knows; use Symbol.for()" };
  }

  /** The path to an object; the name of the value if it is only in one of the properties. */
  #pathTo(owner: object, name: string): string {
    try {
      encode(this.#value, {
        name,
        handle: (part) => part === owner ? undefined : this.#handle(part),
        standIn: (part) => part === owner ? part : undefined,
      });
      return name;
    } catch (error) {
      return isEncodeRefusal(error) ? error.path : name;
    }
  }
}

function isData(object: object, key: string): boolean {
  return "value" in Object.getOwnPropertyDescriptor(object, key)!;
}

/** Whether a property has a copy; its getter may throw. */
function hasEncodable(object: object, key: string | symbol): boolean {
  try {
    return isEncodable(key) && isEncodable(Reflect.get(object, key));
  } catch {
    return false;
  }
}

function isPlain(object: object): boolean {
  const prototype = Object.getPrototypeOf(object);
  return prototype === Object.prototype || prototype === null;
}
