import { typeError } from "../misuse.ts";
import { shown } from "./shown.ts";

/** @throws {TypeError} If `signal` is given and is not an `AbortSignal`. */
export function checkSignal(signal: unknown): void {
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw typeError(`signal is ${shown(signal)}: expected an AbortSignal`);
  }
}

/** @throws {TypeError} If `options` is not a plain object. */
export function checkPlain(options: unknown): void {
  if (typeof options === "object" && options !== null) {
    const prototype = Object.getPrototypeOf(options);
    if (prototype === null || prototype === Object.prototype) return;
  }
  throw typeError(`options is ${shown(options)}: expected a plain object`);
}

/**
 * Checks that `options` has only the keys in `known`. A key with the value `undefined` is ignored.
 *
 * @throws {TypeError} If there is another key, which may be misspelt.
 */
export function checkKeys(options: object, ...known: string[]): void {
  for (const [key, value] of Object.entries(options)) {
    if (value !== undefined && !known.includes(key)) throw unknownKey(key, known);
  }
}

/** The error for a key that options do not have. */
export function unknownKey(key: string, known: readonly string[]): TypeError {
  return typeError(`options has ${shown(key)}: expected one of ${known.join(", ")}`);
}

/** @throws {TypeError} If `value` is not a boolean: any text would count as true. */
export function checkBoolean(key: string, value: unknown): void {
  if (value === undefined || typeof value === "boolean") return;
  throw typeError(`${key} is ${shown(value)}: expected a boolean`);
}

/** @throws {TypeError} If `value` is given and is not a string that a command line can carry. */
export function checkText(key: string, value: unknown, mayBeEmpty = false): void {
  if (value === undefined) return;
  if (typeof value !== "string" || (value === "" && !mayBeEmpty)) {
    throw typeError(`${key} is ${shown(value)}: expected a string`);
  }
  if (value.includes("\0")) {
    throw typeError(`${key} has a NUL character: no command can carry it`);
  }
}

/** @throws {TypeError} If `value` is not an array of strings that a command line can carry. */
export function checkArgs(key: string, value: unknown): void {
  if (value === undefined) return;
  if (!Array.isArray(value)) {
    throw typeError(`${key} is ${shown(value)}: expected an array of strings`);
  }
  for (const [i, arg] of value.entries()) {
    if (typeof arg !== "string") {
      throw typeError(`${key}[${i}] is ${shown(arg)}: expected a string`);
    }
    checkText(`${key}[${i}]`, arg, true);
  }
}

/** @throws {TypeError} If `value` is given and is not a function. */
export function checkFunction(key: string, value: unknown, expected: string): void {
  if (value === undefined || typeof value === "function") return;
  throw typeError(`${key} is ${shown(value)}: expected ${expected}`);
}

/** @throws {TypeError} If `value` is given and is no password. The text does not show it. */
export function checkPassword(key: string, value: unknown): void {
  if (value === undefined || typeof value === "function") return;
  if (typeof value !== "string") {
    throw typeError(`${key} is of type ${typeof value}: expected a string or a function`);
  }
  if (/[\n\r\0]/.test(value)) {
    throw typeError(`${key} has a line break or a NUL character: expected one line`);
  }
}
