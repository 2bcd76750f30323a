import { ERROR_PROPERTIES } from "../../codec/error_properties.ts";
import { encode } from "../../codec/encode.ts";
import { ERRORS } from "../../codec/extension.ts";
import { valueHandle } from "./handle.ts";
import { isEmptyPrototype } from "./is_empty_prototype.ts";
import { lostKeys } from "./lost_keys.ts";
import { missingDeno } from "./missing_deno.ts";
import { isBuffer, isRawJson } from "./runtime_object.ts";
import { trimStack } from "./stack.ts";

/** How many levels of causes are copied. The codec has a limit too. */
const MAX_DEPTH = 100;

const BUILT_IN: ReadonlySet<unknown> = new Set(
  [...ERRORS.values()].map((errorClass) => errorClass?.prototype),
);

/** Tells whether a part of an error has a copy. It is not asked of errors, which all have one. */
export type HasCopy = (value: unknown) => boolean;

/**
 * Gives what is encoded in the place of an object, for the codec's option `standIn`; `undefined` if
 * that is the object.
 *
 * An error becomes one of the nearest built-in class that it inherits from, with its name, and
 * without the properties that have no copy. Elsewhere, only the one thing changes that nobody sees:
 * a prototype that has nothing, as `querystring.parse()` gives, becomes none.
 *
 * @param levels How many errors each error is inside of, for one encoding.
 * @param hasCopy Asked of the parts of an error.
 */
export function standIn(
  value: object,
  levels: Map<object, number>,
  hasCopy: HasCopy = isEncodable,
): object | undefined {
  const prototype = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === Array.prototype) return undefined;
  if (value instanceof Error) {
    return value instanceof DOMException ? undefined : copyError(value, levels, hasCopy);
  }
  if (isBuffer(value) || prototype === null && isRawJson(value)) return value;
  return isEmptyPrototype(prototype) ? Object.assign(Object.create(null), value) : undefined;
}

function copyError(error: Error, levels: Map<object, number>, hasCopy: HasCopy): Error {
  const level = levels.get(error) ?? 0;
  let prototype = Object.getPrototypeOf(error);
  while (prototype !== null && !BUILT_IN.has(prototype)) {
    prototype = Object.getPrototypeOf(prototype);
  }
  // The copy is only encoded, so it need not have been constructed.
  const copy: Error = Object.create(prototype ?? Error.prototype);
  const copyOf = (value: unknown, isReason: boolean): unknown => {
    if (value instanceof Error) {
      if (level >= MAX_DEPTH) return undefined;
      levels.set(value, level + 1);
      return value;
    }
    if (hasCopy(value)) return value;
    return isReason ? textOf(value) : undefined;
  };
  const keys = Object.keys(error);
  for (const key of new Set([...ERROR_PROPERTIES, ...keys, "code"])) {
    const isHidden = ERROR_PROPERTIES.includes(key);
    const value = read(error, key);
    // A hook for stack traces may have made it something else.
    if (key === "stack" && typeof value !== "string") continue;
    let part: unknown;
    if (key === "errors" && Array.isArray(value)) {
      const parts = value.map((one) => copyOf(one, true));
      part = parts.every((one, i) => one === value[i]) ? value : parts;
    } else if (typeof value !== "string") part = copyOf(value, isHidden);
    else part = missingDeno(error, key === "stack" ? trimStack(value) : value);
    if (part === undefined ? !isOwnUndefined(error, key) : part === read(copy, key)) continue;
    const enumerable = !isHidden || keys.includes(key);
    Object.defineProperty(copy, key, {
      value: part,
      enumerable,
      writable: true,
      configurable: true,
    });
  }
  return copy;
}

/** Whether a value has a copy. */
export function isEncodable(value: unknown): boolean {
  try {
    encode(value, {
      handle: valueHandle,
      standIn(part) {
        for (const key of lostKeys(part)) {
          if (!isEncodable(key) || !isEncodable(Reflect.get(part, key))) throw new TypeError();
        }
        return part instanceof Error ? {} : standIn(part, new Map());
      },
    });
    return true;
  } catch {
    return false;
  }
}

function isOwnUndefined(error: Error, key: string): boolean {
  const descriptor = Object.getOwnPropertyDescriptor(error, key);
  return descriptor !== undefined && "value" in descriptor && descriptor.value === undefined;
}

/** Reads a property whose getter may throw. */
function read(error: Error, key: string): unknown {
  try {
    return Reflect.get(error, key);
  } catch {
    return undefined;
  }
}

/** A value as text, whatever it does. */
export function textOf(value: unknown): string {
  try {
    return String(value);
  } catch {
    return "something that cannot be described";
  }
}
