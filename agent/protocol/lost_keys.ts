import { isIndex } from "../../codec/array_keys.ts";
import { ERROR_PROPERTIES } from "../../codec/error_properties.ts";
import { mayHaveNames } from "./has_names.ts";
import { integrityOf } from "./integrity.ts";
import { isEmptyPrototype } from "./is_empty_prototype.ts";
import { describeRuntimeObject } from "./runtime_object.ts";
import { hasFromRuntime } from "./runtime_symbols.ts";

const {
  getOwnPropertyDescriptor,
  getOwnPropertyNames,
  getOwnPropertySymbols,
  getPrototypeOf,
  keys,
} = Object;
const isEnumerable = Object.prototype.propertyIsEnumerable;

/** The prototypes of objects of which the codec copies what they hold, and no properties. */
const HOLDERS: ReadonlySet<object | null> = new Set<object>(
  [Map, Set, Date, RegExp, ArrayBuffer].map(({ prototype }) => prototype),
);

/** The prototypes of objects that are sent as a whole, though nothing describes their state. */
const WHOLE: ReadonlySet<object | null> = new Set<object>(
  [URL, AbortSignal, ReadableStream].map(({ prototype }) => prototype),
);

/**
 * The keys of the properties of an object that the codec leaves out, though it copies the object:
 * symbols, names that are not enumerable, and all names of collections and the like. Symbols that
 * are not enumerable are not among them: they are for the internals of a library.
 */
export function lostKeys(object: object): readonly (string | symbol)[] {
  const prototype = getPrototypeOf(object);
  const symbols = getOwnPropertySymbols(object);
  if (prototype === Object.prototype || prototype === null || isEmptyPrototype(prototype)) {
    const names = getOwnPropertyNames(object);
    const areAllKept = names.length === keys(object).length;
    if (symbols.length === 0 && areAllKept) return symbols;
    if (isArguments(object)) return [];
    return lost(
      object,
      areAllKept ? [] : names.filter((name) => !isEnumerable.call(object, name)),
      symbols,
    );
  }
  return isOfRuntime(object, prototype)
    ? keysOfRuntime(object, symbols)
    : lost(object, lostNames(object, prototype), symbols);
}

/**
 * The keys of the properties of a plain object that the codec leaves out, or copies as if they
 * could be changed. Large results have many objects, so this looks at each property once.
 *
 * @param integrity What `integrityOf()` gives for it: its copy is frozen or sealed as a whole.
 */
export function oddKeys(object: object, integrity: number): readonly (string | symbol)[] {
  const odd: (string | symbol)[] = [];
  for (const name of getOwnPropertyNames(object)) {
    const { enumerable, writable, configurable } = getOwnPropertyDescriptor(object, name)!;
    // An accessor becomes data.
    const isUsual = enumerable && (writable === undefined ||
      (writable || integrity === 3) && (configurable || integrity > 1));
    if (!isUsual) odd.push(name);
  }
  for (const symbol of getOwnPropertySymbols(object)) {
    if (isEnumerable.call(object, symbol)) odd.push(symbol);
  }
  return odd.length > 0 && isArguments(object) ? [] : odd;
}

/** Whether an object is of a class of the runtime, and is made anew from what describes it. */
export function isOfRuntime(
  object: object,
  prototype: object | null = getPrototypeOf(object),
): boolean {
  if (prototype === Array.prototype || HOLDERS.has(prototype) || ArrayBuffer.isView(object)) {
    return false;
  }
  return WHOLE.has(prototype) || isGenerator(object) || object instanceof DOMException ||
    prototype !== Object.prototype && prototype !== null &&
      describeRuntimeObject(object) !== undefined;
}

/** Whether an object was made by a generator function: it has nothing of its own by itself. */
function isGenerator(object: object): boolean {
  return /^\[object (Async)?Generator\]$/.test(Object.prototype.toString.call(object));
}

/** The keys that were given to an object of the runtime, as far as the runtime has none such. */
function keysOfRuntime(object: object, symbols: readonly symbol[]): (string | symbol)[] {
  const isException = object instanceof DOMException;
  const names = getOwnPropertyNames(object)
    .filter((name) =>
      !isException || name !== "stack" && (name !== "cause" || isOdd(object, name, false))
    );
  return [...names, ...symbols.filter((symbol) => !hasFromRuntime(object, symbol))];
}

function lost(
  object: object,
  names: readonly string[] | undefined,
  symbols: readonly symbol[],
): readonly (string | symbol)[] {
  if (names === undefined) return [];
  return [...names, ...symbols.filter((key) => isEnumerable.call(object, key))];
}

/** `undefined` if the codec does not copy the object. */
function lostNames(object: object, prototype: object | null): readonly string[] | undefined {
  if (prototype === Array.prototype) {
    if (!mayHaveNames(object as unknown[])) return [];
    return getOwnPropertyNames(object).filter((name) =>
      name !== "length" && !isIndex(name) && !isEnumerable.call(object, name)
    );
  }
  if (ArrayBuffer.isView(object)) {
    if (!mayHaveNames(object)) return [];
    return getOwnPropertyNames(object).filter((one) => !isIndex(one));
  }
  if (HOLDERS.has(prototype)) {
    return getOwnPropertyNames(object).filter((name) =>
      name !== "lastIndex" || (object as RegExp).lastIndex !== 0 ||
      isOdd(object, name, false, false)
    );
  }
  if (!(object instanceof Error) || object instanceof DOMException) return undefined;
  return getOwnPropertyNames(object).filter((name) => {
    if (!ERROR_PROPERTIES.includes(name)) return isOdd(object, name);
    // The codec carries whether it is enumerable. An engine may have made the stack an accessor.
    return name !== "stack" && isOdd(object, name, isEnumerable.call(object, name));
  });
}

/**
 * Whether a property differs from one that was assigned, for more than that its owner is fixed.
 *
 * @param usual Whether such a property is enumerable, if it is not odd.
 * @param canDelete Whether it can be deleted.
 */
export function isOdd(owner: object, key: string, usual = true, canDelete = true): boolean {
  const descriptor = getOwnPropertyDescriptor(owner, key)!;
  const { enumerable, writable, configurable } = descriptor;
  if (enumerable === usual && writable && configurable === canDelete) return false;
  // The copy of an object that is frozen or sealed is frozen or sealed as a whole.
  const integrity = integrityOf(owner);
  return enumerable !== usual || !writable && integrity < 3 ||
    canDelete && !configurable && integrity < 2;
}

function isArguments(object: object): boolean {
  return Object.prototype.toString.call(object) === "[object Arguments]" &&
    !(Symbol.toStringTag in object);
}
