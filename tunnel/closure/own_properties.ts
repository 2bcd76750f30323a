import { types } from "node:util";
import { symbolHandle } from "./symbol_handle.ts";

// deno-lint-ignore ban-types -- any function
type AnyFunction = Function;

/** What every class has. */
const EVERY = new Set<string | symbol>(["length", "name", "prototype"]);

/** A property that does not come with the code of a function or class, or the copy of an object. */
export interface OwnProperty {
  /** Whether it is one of the function's `prototype`. */
  readonly isOfPrototype: boolean;
  readonly key: string | symbol;
  readonly descriptor: PropertyDescriptor;
}

/**
 * What a function or class has of its own besides its code: what was assigned to it or its `prototype`,
 * and what is in the static fields of a class.
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

/** Whether instances of `fn`, which is no class, inherit from what was not made with it. */
export function hasOtherPrototype(fn: AnyFunction): boolean {
  const prototype = Object.getOwnPropertyDescriptor(fn, "prototype")?.value;
  if (typeof prototype !== "object" || prototype === null) return false;
  const kind = Object.getPrototypeOf(fn);
  // Those of generators have one in between.
  const usual = kind === Function.prototype ? Object.prototype : kind?.prototype;
  return typeof kind === "function" && kind !== Function.prototype ||
    Object.getPrototypeOf(prototype) !== usual;
}

/** What a plain object has by symbols that are the same everywhere; nobody could ask for others. */
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

/** Whether a property has nothing but functions that are written in the class. */
function isOfText({ value, get, set }: PropertyDescriptor, text: string): boolean {
  const parts = [value, get, set].filter((one) => one !== undefined);
  return parts.length > 0 &&
    parts.every((one) =>
      typeof one === "function" && text.includes(Function.prototype.toString.call(one))
    );
}
