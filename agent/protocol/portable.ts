import { encode } from "../../codec/encode.ts";
import { ERROR_PROPERTIES } from "../../codec/error_properties.ts";
import { valueHandle } from "./handle.ts";

/** How many levels of causes are copied. The codec has a limit too. */
const MAX_DEPTH = 100;

/**
 * Gives a thrown value as far as the codec can carry it. An error of a class that the codec does
 * not know becomes an error of the nearest built-in class that it inherits from. It keeps its name
 * and its causes, but not the properties that have no encoding.
 */
export function portable(thrown: unknown): unknown {
  if (hasCopy(thrown)) return thrown;
  try {
    if (thrown instanceof Error) return copyError(thrown, new Map(), 0);
  } catch {
    // A proxy may throw at any access.
  }
  return new Error(textOf(thrown));
}

function copyError(error: Error, copies: Map<Error, Error>, depth: number): Error {
  const known = copies.get(error);
  if (known !== undefined) return known;
  let prototype = Object.getPrototypeOf(error);
  while (!hasCopy(Object.create(prototype))) prototype = Object.getPrototypeOf(prototype);
  // The copy is only encoded, so it need not have been constructed.
  const copy: Error = Object.create(prototype);
  copies.set(error, copy);

  const copyOf = (value: unknown, isReason: boolean): unknown => {
    if (value instanceof Error && !(value instanceof DOMException)) {
      return depth < MAX_DEPTH ? copyError(value, copies, depth + 1) : undefined;
    }
    if (hasCopy(value)) return value;
    return isReason ? textOf(value) : undefined;
  };
  const keys = Object.keys(error);
  for (const key of new Set([...ERROR_PROPERTIES, "name", "code", ...keys])) {
    const isHidden = ERROR_PROPERTIES.includes(key);
    const value = read(error, key);
    const part = key === "errors" && Array.isArray(value)
      ? value.map((one) => copyOf(one, true))
      : copyOf(value, isHidden);
    if (part === undefined || part === read(copy, key)) continue;
    Object.defineProperty(copy, key, { value: part, enumerable: !isHidden || keys.includes(key) });
  }
  return copy;
}

function hasCopy(value: unknown): boolean {
  try {
    encode(value, { handle: valueHandle });
    return true;
  } catch {
    return false;
  }
}

/** Reads a property whose getter may throw. */
function read(error: Error, key: string): unknown {
  try {
    return Reflect.get(error, key);
  } catch {
    return undefined;
  }
}

function textOf(value: unknown): string {
  try {
    return String(value);
  } catch {
    return "something that cannot be described";
  }
}
