import { types } from "node:util";
import type { AnyFunction } from "./any_function.ts";
import { symbolHandle } from "./symbol_handle.ts";

/** The properties that every class has. */
const EVERY = new Set<string | symbol>(["length", "name", "prototype"]);

/**
 * A property that comes neither with the code of a function or class nor with the copy of an
 * object.
 */
export interface OwnProperty {
  /** Whether it is a property of the function's `prototype`. */
  readonly isOfPrototype: boolean;
  readonly key: string | symbol;
  readonly descriptor: PropertyDescriptor;
}

/**
 * The properties that a function or class has besides its code: those that were assigned to it or
 * its `prototype`, and the static fields of a class.
 */
export function ownProperties(fn: AnyFunction): OwnProperty[] {
  const text = Function.prototype.toString.call(fn);
  const isClass = /^class\b/.test(text);
  const isOfCode = ({ descriptor }: OwnProperty): boolean => isClass && isOfText(descriptor, text);
  const found = propertiesOf(fn).filter((property) =>
    (property.descriptor.enumerable || isClass && !EVERY.has(property.key)) && !isOfCode(property)
  );
  const prototype = Object.getOwnPropertyDescriptor(fn, "prototype")?.value;
  if (typeof prototype !== "object" || prototype === null) return found;
  return found.concat(
    propertiesOf(prototype, undefined, true).filter((property) =>
      property.key !== "constructor" && !isOfCode(property)
    ),
  );
}

/**
 * Whether instances of `fn`, which is not a class, inherit from something that was not made with
 * it.
 */
export function hasOtherPrototype(fn: AnyFunction): boolean {
  const prototype = Object.getOwnPropertyDescriptor(fn, "prototype")?.value;
  if (typeof prototype !== "object" || prototype === null) return false;
  const kind = Object.getPrototypeOf(fn);
  // The prototype of a generator function's instances inherits from one more object.
  const usual = kind === Function.prototype ? Object.prototype : kind?.prototype;
  return typeof kind === "function" && kind !== Function.prototype ||
    Object.getPrototypeOf(prototype) !== usual;
}

/**
 * The properties that a plain object has by symbols that are the same everywhere. No code at the
 * far end could ask for those by other symbols.
 */
export function symbolProperties(value: unknown): OwnProperty[] {
  if (typeof value !== "object" || value === null) return [];
  const prototype = Object.getPrototypeOf(value);
  const isPlain = prototype === Object.prototype || prototype === null;
  if (!isPlain || types.isModuleNamespaceObject(value)) return [];
  return propertiesOf(value, Object.getOwnPropertySymbols(value))
    .filter(({ descriptor }) => descriptor.enumerable);
}

function propertiesOf(
  object: object,
  keys: (string | symbol)[] = Reflect.ownKeys(object),
  isOfPrototype = false,
): OwnProperty[] {
  return keys.filter((key) => typeof key === "string" || symbolHandle(key) !== undefined).map(
    (key) => ({ isOfPrototype, key, descriptor: Object.getOwnPropertyDescriptor(object, key)! }),
  );
}

/** Whether a property has only functions whose texts are in that of the class. */
function isOfText({ value, get, set }: PropertyDescriptor, text: string): boolean {
  const parts = [value, get, set].filter((one) => one !== undefined);
  return parts.length > 0 &&
    parts.every((one) =>
      typeof one === "function" && text.includes(Function.prototype.toString.call(one))
    );
}
