/**
 * Checks of what handles are made of, which may have come from a far end. A conversion such as
 * `String()` would make an endless text of arrays within arrays.
 *
 * @module
 */

import { isNatural } from "./is_natural.ts";

/** Gives a value if it is a string. @throws {TypeError} If it is anything else. */
export function stringOf(value: unknown): string {
  if (typeof value === "string") return value;
  throw new TypeError("It has a handle without a text");
}

/** Gives a value if it is a whole number. @throws {TypeError} If it is anything else. */
export function naturalOf(value: unknown): number {
  if (isNatural(value)) return value;
  throw new TypeError("It has a handle without a number");
}
