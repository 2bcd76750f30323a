/** Control characters, and characters that hide text or change its direction. */
const HIDDEN =
  // deno-lint-ignore no-control-regex -- the expression finds them
  /[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

/** A longer text is cut: nobody reads it, and it could cost much time and memory. */
const MAX_LENGTH = 64 * 1024;

/**
 * Makes the control characters in a text visible, except for tabs and line breaks. A text from a
 * far end must not move the cursor, change the window's title or hide other text.
 *
 * @param text Any text. Characters after the first 65,536 are only counted.
 * @returns The text, with `\x1b` and the like in place of control characters.
 *
 * @example
 * ```ts
 * import { visible } from "../mod.ts";
 *
 * console.log(visible("\x1b[2Jgone?")); // \x1b[2Jgone?
 * ```
 */
export function visible(text: string): string {
  const rest = text.length - MAX_LENGTH;
  const shown = rest > 0 ? text.slice(0, MAX_LENGTH) : text;
  const safe = shown.replace(HIDDEN, (char) => {
    const code = char.charCodeAt(0);
    return code < 0x100
      ? `\\x${code.toString(16).padStart(2, "0")}`
      : `\\u${code.toString(16).padStart(4, "0")}`;
  });
  return rest > 0 ? `${safe}… (${rest} characters more)` : safe;
}

/**
 * Makes the texts visible that are printed as they are when `value` is printed: the texts of all
 * errors in it, and regular expressions. Changes them in place.
 */
export function visibleErrors(value: unknown): void {
  const seen = new Set<unknown>();
  const stack = [value];
  while (stack.length > 0) {
    const next = stack.pop();
    if (typeof next !== "object" || next === null || seen.has(next) || ArrayBuffer.isView(next)) {
      continue;
    }
    seen.add(next);
    if (next instanceof Error) showError(next);
    // Each element of a map is a pair, an array.
    if (next instanceof Map || next instanceof Set) { for (const part of next) stack.push(part); }
    for (const key of Reflect.ownKeys(next)) {
      const part = (next as Record<PropertyKey, unknown>)[key];
      if (part instanceof RegExp) showRegExp(next, key, part);
      else stack.push(part);
    }
  }
}

function showError(error: Error): void {
  for (const key of ["message", "name", "stack"] as const) {
    const text = error[key];
    if (typeof text !== "string") continue;
    const shown = visible(text);
    // An assignment would fail where the class has a getter without a setter.
    if (shown !== text) define(error, key, shown);
  }
}

/** A visible character, such as `\x1b`, means the same in a regular expression. */
function showRegExp(owner: object, key: PropertyKey, { source, flags }: RegExp): void {
  const shown = visible(source);
  if (shown !== source) {
    define(owner, key, source.length > MAX_LENGTH ? shown : new RegExp(shown, flags));
  }
}

function define(owner: object, key: PropertyKey, value: unknown): void {
  Object.defineProperty(owner, key, { value, configurable: true, writable: true });
}
