import { types } from "node:util";
import { integrityOf } from "../../agent/protocol/integrity.ts";
import { isEmptyPrototype } from "../../agent/protocol/is_empty_prototype.ts";
import { lostKeys } from "../../agent/protocol/lost_keys.ts";
import { namesOf } from "../../agent/protocol/has_names.ts";
import { type HasCopy, standIn } from "../../agent/protocol/stand_in.ts";
import { extensionOf, isIndex } from "../../codec/array_keys.ts";

/** A part of a value, with the step to it: `.name`, `[0]`. */
export interface Part {
  readonly value: unknown;
  readonly step: string;
}

/** A property of a plain object that is an accessor, has a symbol for its key, or is read-only. */
export interface OddProperty {
  readonly key: string | symbol;
  readonly descriptor: PropertyDescriptor;
}

/** What the codec makes of an object. */
export type Content =
  /** It is copied with its parts. */
  | { readonly kind: "parts"; readonly parts: Iterable<Part> }
  /** A plain object with properties that have no copy, and the object to copy instead. */
  | {
    readonly kind: "odd";
    readonly parts: Iterable<Part>;
    readonly properties: readonly OddProperty[];
    readonly copied: object;
    /** What it inherits from, if that is neither `Object.prototype` nor `null`. */
    readonly inherited?: object;
  }
  /** It is copied as a whole, or not at all. */
  | { readonly kind: "leaf" };

/**
 * What is in an object, as far as the codec looks into it. Getters are not run, but for those of
 * errors.
 *
 * @param hasCopy Asked of the parts of an error.
 */
export function contentOf(object: object, hasCopy: HasCopy = () => true): Content {
  if (ArrayBuffer.isView(object)) return { kind: "leaf" };
  const prototype = Object.getPrototypeOf(object);
  if (prototype === Object.prototype || prototype === null || isEmptyPrototype(prototype)) {
    return contentOfPlain(object);
  }
  // Bundlers make such an object of a CommonJS module that exports a function.
  if (prototype === Function.prototype) return contentOfPlain(object, prototype);
  if (prototype === Array.prototype && Array.isArray(object)) return contentOfArray(object);
  if (prototype === Map.prototype) {
    return { kind: "parts", parts: partsOfMap(object as Map<unknown, unknown>) };
  }
  if (prototype === Set.prototype) {
    const parts = [...object as Set<unknown>].map((value, i) => ({
      value,
      step: `.values()[${i}]`,
    }));
    return { kind: "parts", parts };
  }
  return object instanceof Error ? contentOfError(object, hasCopy) : { kind: "leaf" };
}

/** What is in an object that was put in the place of a function's `prototype`: all, as it is. */
export function contentOfPrototype(object: object): Content {
  const inherited = Object.getPrototypeOf(object);
  const properties = Reflect.ownKeys(object).map((key) => ({
    key,
    descriptor: Object.getOwnPropertyDescriptor(object, key)!,
  }));
  return {
    kind: "odd",
    parts: [],
    properties,
    copied: inherited === null ? Object.create(null) : {},
    ...inherited !== null && inherited !== Object.prototype && { inherited },
  };
}

function contentOfPlain(object: object, inherited?: object): Content {
  if (types.isArgumentsObject(object)) {
    const copied = Array.from(object as ArrayLike<unknown>);
    return { kind: "odd", parts: partsOfArray(copied), properties: [], copied };
  }
  const parts: Part[] = [];
  const properties: OddProperty[] = [];
  const keys = Reflect.ownKeys(object);
  // What is frozen or sealed is made so as a whole.
  const integrity = integrityOf(object);
  for (const key of keys) {
    const descriptor = Object.getOwnPropertyDescriptor(object, key)!;
    const isData = "value" in descriptor && descriptor.enumerable &&
      (descriptor.writable || integrity === 3) && (descriptor.configurable || integrity > 1);
    // Symbols that are not enumerable are for the internals of a library.
    if (typeof key === "symbol" && !descriptor.enumerable) continue;
    if (typeof key === "symbol" || !isData) properties.push({ key, descriptor });
    else parts.push({ value: descriptor.value, step: stepTo(key) });
  }
  const prototype = Object.getPrototypeOf(object);
  const isCopiedPlainly = properties.length === 0 && inherited === undefined;
  if (isCopiedPlainly && !isEmptyPrototype(prototype)) return { kind: "parts", parts };
  const isPlain = inherited !== undefined || prototype === Object.prototype;
  const copied = isPlain ? {} : Object.create(null);
  for (const key of keys) {
    const descriptor = Object.getOwnPropertyDescriptor(object, key)!;
    // Its place among the keys is kept for an accessor, which is defined there.
    if (typeof key === "string" && descriptor.enumerable) {
      Object.defineProperty(copied, key, {
        value: "value" in descriptor ? descriptor.value : null,
        enumerable: true,
        configurable: true,
        writable: true,
      });
    }
  }
  return { kind: "odd", parts, properties, copied, ...inherited !== undefined && { inherited } };
}

/** Elements of longer arrays are not looked at: that takes longer than to encode them. */
const LONG = 100;

/** An array is copied as it is, but for elements that are accessors or may not be changed. */
function contentOfArray(array: readonly unknown[]): Content {
  const properties = oddElements(array);
  const length = Object.getOwnPropertyDescriptor(array, "length")!;
  if (!length.writable && integrityOf(array) < 3) {
    properties.push({ key: "length", descriptor: length });
  }
  if (properties.length === 0) return { kind: "parts", parts: partsOfArray(array) };
  const odd = new Set(properties.map(({ key }) => key));
  const copied: unknown[] = [];
  copied.length = array.length;
  for (const key of Object.keys(array)) {
    // Its place among the keys is kept for what is defined there.
    Reflect.set(copied, key, odd.has(key) ? null : Reflect.get(array, key));
  }
  // The others that the codec leaves out go along.
  for (const key of lostKeys(array)) {
    if (odd.has(key)) continue;
    properties.push({ key, descriptor: Object.getOwnPropertyDescriptor(array, key)! });
  }
  return { kind: "odd", parts: partsOfArray(copied), properties, copied };
}

function oddElements(array: readonly unknown[]): OddProperty[] {
  const properties: OddProperty[] = [];
  let integrity: number | undefined;
  const look = (key: string | number): void => {
    const descriptor = Object.getOwnPropertyDescriptor(array, key);
    if (descriptor === undefined) return; // a hole
    const { enumerable, configurable, writable } = descriptor;
    if (enumerable && configurable && writable) return;
    // What is frozen or sealed is made so as a whole.
    integrity ??= integrityOf(array);
    const isPlain = enumerable && (configurable || integrity > 1) && (writable || integrity === 3);
    if (!isPlain) properties.push({ key: `${key}`, descriptor });
  };
  for (let i = 0; array.length <= LONG && i < array.length; i++) look(i);
  namesOf(array).forEach(look);
  return properties;
}

/** An error is copied without the properties that have no copy, and as one of a built-in class. */
function contentOfError(error: Error, hasCopy: HasCopy): Content {
  const copied = standIn(error, new Map(), hasCopy) as Error;
  const keys = new Set([...Object.keys(error), ...Object.getOwnPropertyNames(copied)]);
  const parts = partsOf(copied, [...keys]);
  // The stack is not looked at: it only differs in what nobody looks for.
  keys.delete("stack");
  const isSame = Object.getPrototypeOf(copied) === Object.getPrototypeOf(error) &&
    [...keys].every((key) => {
      const descriptor = Object.getOwnPropertyDescriptor(error, key);
      return descriptor !== undefined && "value" in descriptor &&
        descriptor.value === Object.getOwnPropertyDescriptor(copied, key)?.value;
    });
  return isSame ? { kind: "parts", parts } : { kind: "odd", parts, properties: [], copied };
}

function* partsOfArray(array: readonly unknown[]): Generator<Part> {
  if (extensionOf(array) !== undefined) {
    // It may be longer than there is time for.
    for (const [key, value] of Object.entries(array)) {
      yield { value, step: isIndex(key) ? `[${key}]` : stepTo(key) };
    }
    return;
  }
  for (const [i, value] of array.entries()) {
    if (typeof value === "object" || typeof value === "function" || typeof value === "symbol") {
      yield { value, step: `[${i}]` };
    }
  }
}

function* partsOfMap(map: ReadonlyMap<unknown, unknown>): Generator<Part> {
  let i = 0;
  for (const [key, value] of Map.prototype.entries.call(map)) {
    yield { value: key, step: `.keys()[${i}]` };
    const isReadable = typeof key === "string" || typeof key === "number";
    yield { value, step: isReadable ? `.get(${JSON.stringify(key)})` : `.values()[${i}]` };
    i++;
  }
}

function* partsOf(object: object, keys: readonly string[]): Generator<Part> {
  for (const key of keys) {
    const descriptor = Object.getOwnPropertyDescriptor(object, key);
    if (descriptor !== undefined && "value" in descriptor) {
      yield { value: descriptor.value, step: stepTo(key) };
    }
  }
}

/** Whether the codec copies an object that is neither plain data nor a collection. */
export function isCopied(value: object): boolean {
  return Array.isArray(value) || ArrayBuffer.isView(value) ||
    COPIED.some((one) => value instanceof one);
}

const COPIED = [Map, Set, Date, RegExp, URL, ArrayBuffer, Error];

/** How a program would write the step to a property. */
export function stepTo(key: string | symbol): string {
  if (typeof key === "symbol") return `[${String(key)}]`;
  return /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(key)
    ? `.${key}`
    : `[${JSON.stringify(key)}]`;
}
