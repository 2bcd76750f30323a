import { unknownKey } from "./check.ts";

/**
 * Copies options, so that each is read once and later changes do not count. An option may be
 * inherited or have a getter.
 *
 * @param options The options.
 * @param known Their names.
 * @returns An object that has only the options that are not `undefined`.
 * @throws {TypeError} If there is an option with another name, which may be misspelt.
 */
export function copyOptions<T extends object>(options: T, known: readonly (keyof T & string)[]): T {
  const copy: Partial<T> = {};
  for (const key of known) {
    const value = options[key];
    if (value !== undefined) copy[key] = value;
  }
  const names: readonly string[] = known;
  for (const key of Object.keys(options)) {
    if (names.includes(key) || options[key as keyof T] === undefined) continue;
    throw unknownKey(key, known);
  }
  return copy as T;
}
