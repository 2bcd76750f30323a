import { isIndex } from "../../codec/array_keys.ts";
import { ERROR_PROPERTIES } from "../../codec/error_properties.ts";
import { isEmptyPrototype } from "./is_empty_prototype.ts";

/** In a longer list, only properties with symbols for keys are looked for: others take too long. */
const LONG = 1000;

const { getOwnPropertyNames, getOwnPropertySymbols, getPrototypeOf, keys } = Object;
const isEnumerable = Object.prototype.propertyIsEnumerable;

/** The prototypes of objects of which the codec copies what they hold, and no properties. */
const HOLDERS: ReadonlySet<object | null> = new Set<object>(
  [Map, Set, Date, RegExp, ArrayBuffer].map(({ prototype }) => prototype),
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
  return lost(object, lostNames(object, prototype), symbols);
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
    if ((object as unknown[]).length > LONG) return [];
    return getOwnPropertyNames(object).filter((name) =>
      name !== "length" && !isIndex(name) && !isEnumerable.call(object, name)
    );
  }
  if (ArrayBuffer.isView(object)) {
    const { length } = object as Partial<Uint8Array>;
    return (length ?? 0) > LONG ? [] : getOwnPropertyNames(object).filter((one) => !isIndex(one));
  }
  if (HOLDERS.has(prototype)) {
    return getOwnPropertyNames(object).filter((name) =>
      name !== "lastIndex" || (object as RegExp).lastIndex !== 0
    );
  }
  if (!(object instanceof Error) || object instanceof DOMException) return undefined;
  return getOwnPropertyNames(object).filter((name) =>
    name !== "code" && !ERROR_PROPERTIES.includes(name) && !isEnumerable.call(object, name)
  );
}

function isArguments(object: object): boolean {
  return Object.prototype.toString.call(object) === "[object Arguments]" &&
    !(Symbol.toStringTag in object);
}
