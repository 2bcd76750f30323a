/**
 * What random programs look at values with, here and at the far end.
 *
 * @module
 */

/** What a function may still do: each that is called takes one. */
export interface Fuel {
  left: number;
}

/** More than this of a text only tells whether it is the same. */
const MAX_LENGTH = 800;

/**
 * Tells all of a value that the far end has to have as well: data, properties with their
 * attributes, accessors, what is inherited, and which parts are the same object. Functions are
 * called.
 */
export function look(value: unknown, fuel: Fuel = { left: 5 }): string {
  const text = new Look(fuel).text(value);
  if (text.length <= MAX_LENGTH) return text;
  let sum = 0;
  for (let i = 0; i < text.length; i++) sum = (sum * 31 + text.charCodeAt(i)) | 0;
  return `${text.slice(0, MAX_LENGTH)}… ${text.length} ${sum}`;
}

/** The texts of engines differ, those of programs do not. */
export function errorText(error: unknown): string {
  if (!(error instanceof Error)) return `thrown ${String(error)}`;
  const { name, message } = error;
  return /^(Type|Reference|Syntax|Range)Error$/.test(name) ? name : `${name}: ${message}`;
}

// deno-lint-ignore ban-types -- any function
type AnyFunction = Function;

const KINDS: readonly [object | null, string][] = [
  [null, "null"],
  [Object.prototype, ""],
  [Array.prototype, "Array"],
  [Map.prototype, "Map"],
  [Set.prototype, "Set"],
  [Date.prototype, "Date"],
  [Error.prototype, "Error"],
  [Promise.prototype, "Promise"],
  [Function.prototype, "function"],
  [Object.getPrototypeOf(async function () {}), "async"],
  [Object.getPrototypeOf(function* () {}), "generator"],
  [Object.getPrototypeOf(async function* () {}), "async generator"],
];
/** What the objects that generators give inherit from, up to what generators share. */
const GENERATED = Object.getPrototypeOf(function* () {}).prototype;

/** Built-ins that a runtime has written in JavaScript, each in its own way. */
const OF_RUNTIME = new Set<unknown>([URL, structuredClone]);

const USUAL = new Set<PropertyKey>(["length", "name", "prototype", "arguments", "caller"]);

class Look {
  readonly #fuel: Fuel;
  readonly #seen = new Map<unknown, number>();

  constructor(fuel: Fuel) {
    this.#fuel = fuel;
  }

  text(value: unknown, self?: unknown): string {
    if (typeof value === "string") return `"${value}"`;
    if (typeof value === "bigint") return `${value}n`;
    if (Object.is(value, -0)) return "-0";
    if (typeof value !== "object" && typeof value !== "function" || value === null) {
      return String(value);
    }
    const seen = this.#seen.get(value);
    if (seen !== undefined) return `#${seen}`;
    this.#seen.set(value, this.#seen.size);
    return typeof value === "function" ? this.#function(value, self) : this.#object(value);
  }

  #function(fn: AnyFunction, self: unknown): string {
    if (OF_RUNTIME.has(fn)) return fn.name;
    const source = Function.prototype.toString.call(fn);
    if (/\{\s*\[native code\]\s*\}$/.test(source)) return `${fn.name}/${fn.length} native`;
    const isClass = /^class\b/.test(source);
    const own = Reflect.ownKeys(fn).filter((key) => !USUAL.has(key));
    const extensible = Object.isFrozen(fn)
      ? "frozen"
      : Object.isSealed(fn)
      ? "sealed"
      : Object.isExtensible(fn)
      ? ""
      : "closed";
    return [
      isClass ? "class " : "",
      `${this.text(attempt(() => fn.name))}/${this.text(attempt(() => fn.length))}`,
      extensible,
      this.#kind(Object.getPrototypeOf(fn), fn),
      this.#members(fn, own, fn),
      this.#prototype(fn),
      ` → ${this.#call(fn, self, isClass)}`,
    ].join("");
  }

  #prototype(fn: AnyFunction): string {
    const { prototype } = fn;
    if (typeof prototype !== "object" || prototype === null) return "";
    const seen = this.#seen.get(prototype);
    if (seen !== undefined) return ` proto #${seen}`;
    const keys = Reflect.ownKeys(prototype);
    const descriptor = Object.getOwnPropertyDescriptor(prototype, "constructor");
    const isUsual = keys.length === 1 && descriptor?.value === fn && !descriptor.enumerable;
    const inherited = Object.getPrototypeOf(prototype);
    if (isUsual && inherited === Object.prototype) return "";
    if (keys.length === 0 && inherited === GENERATED) return "";
    this.#seen.set(prototype, this.#seen.size);
    return ` proto{${this.#kind(inherited, prototype)}${
      this.#members(prototype, keys, undefined)
    }}`;
  }

  #call(fn: AnyFunction, self: unknown, isClass: boolean): string {
    if (--this.#fuel.left < 0) return "";
    try {
      if (isClass) return this.text(Reflect.construct(fn, [this.#fuel]));
      const result = Reflect.apply(fn, self, [this.#fuel]);
      if (typeof result?.next === "function" && typeof result[Symbol.iterator] === "function") {
        return this.text([...result]);
      }
      result?.catch?.(() => {});
      return this.text(result);
    } catch (error) {
      return errorText(error);
    }
  }

  #object(object: object): string {
    if (object instanceof Error) {
      return `${errorText(object)}${this.#members(object, Object.keys(object), object)}`;
    }
    if (object instanceof Date) return `Date ${object.getTime()}`;
    if (object instanceof Map) {
      const entries = [...object].map(([key, value]) => `${this.text(key)}=>${this.text(value)}`);
      return `${this.#kind(Object.getPrototypeOf(object), object)}(${entries})`;
    }
    if (object instanceof Set) {
      return `${this.#kind(Object.getPrototypeOf(object), object)}(${
        [...object].map((one) => this.text(one))
      })`;
    }
    const isArray = Array.isArray(object);
    const keys = Reflect.ownKeys(object).filter((key) =>
      Object.getOwnPropertyDescriptor(object, key)!.enumerable
    );
    return `${isArray ? object.length : ""}${this.#kind(Object.getPrototypeOf(object), object)}${
      this.#members(object, keys, object)
    }`;
  }

  /** What something inherits from. */
  #kind(prototype: object | null, receiver: unknown): string {
    const known = KINDS.find(([one]) => one === prototype);
    if (known !== undefined) return known[1];
    const seen = this.#seen.get(prototype);
    if (seen !== undefined) return ` from #${seen} `;
    if (typeof prototype === "function") return ` from ${this.text(prototype)} `;
    this.#seen.set(prototype, this.#seen.size);
    const { constructor } = prototype as object;
    const isNative = /\[native code\]/.test(Function.prototype.toString.call(constructor));
    if (isNative && Object.hasOwn(prototype!, "constructor")) return constructor.name;
    return ` from ${this.#kind(Object.getPrototypeOf(prototype), receiver)}${
      this.#members(prototype!, Reflect.ownKeys(prototype!), receiver)
    } `;
  }

  #members(object: object, keys: readonly PropertyKey[], receiver: unknown): string {
    const isPlain = typeof object !== "function";
    const parts = keys.flatMap((key) => {
      // A symbol of the program's own goes along where the program uses it.
      if (typeof key === "symbol" && Symbol.keyFor(key) === undefined && !isWellKnown(key)) {
        return [];
      }
      const descriptor = Object.getOwnPropertyDescriptor(object, key)!;
      const { value, get, set, enumerable, writable, configurable } = descriptor;
      const isAccessor = get !== undefined || set !== undefined;
      // Copies of data have the usual attributes.
      const attributes = [
        enumerable ? "" : "e",
        isPlain || writable || isAccessor ? "" : "w",
        isPlain || configurable ? "" : "c",
        get === undefined ? "" : " get",
        set === undefined ? "" : " set",
      ].join("");
      const text = isAccessor ? this.#get(get, receiver) : this.text(value, receiver ?? object);
      return [`${String(key)}${attributes}: ${text}`];
    });
    return parts.length === 0 ? "" : `{${parts.join(", ")}}`;
  }

  #get(get: (() => unknown) | undefined, receiver: unknown): string {
    if (get === undefined || receiver === undefined || --this.#fuel.left < 0) return "";
    try {
      return this.text(Reflect.apply(get, receiver, []));
    } catch (error) {
      return errorText(error);
    }
  }
}

function isWellKnown(symbol: symbol): boolean {
  return Object.values(Object.getOwnPropertyDescriptors(Symbol)).some(({ value }) =>
    value === symbol
  );
}

function attempt(get: () => unknown): unknown {
  try {
    return get();
  } catch (error) {
    return errorText(error);
  }
}
