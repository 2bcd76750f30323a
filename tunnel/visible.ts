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
 * import { visible } from "@chopsticks/chopsticks";
 *
 * console.log(visible("\x1b[2Jgone?")); // \x1b[2Jgone?
 * ```
 */
export function visible(text: string): string {
  const rest = text.length - MAX_LENGTH;
  const shown = rest > 0 ? text.slice(0, MAX_LENGTH) : text;
  const safe = shown.replace(HIDDEN, escapeOf);
  return rest > 0 ? `${safe}… (${rest} characters more)` : safe;
}

function escapeOf(char: string): string {
  const code = char.charCodeAt(0);
  return code < 0x100
    ? `\\x${code.toString(16).padStart(2, "0")}`
    : `\\u${code.toString(16).padStart(4, "0")}`;
}

/**
 * Makes the texts of an error visible, which are printed as they are. Changes it in place; not the
 * errors in it.
 */
export function showError(error: Error): void {
  for (const key of ["message", "name", "stack", "code"] as const) {
    const value: unknown = (error as NodeJS.ErrnoException)[key];
    if (value === undefined || key === "code" && typeof value !== "string") continue;
    const shown = visible(typeof value === "string" ? value : textOf(value));
    // An assignment would fail where the class has a getter without a setter.
    if (shown !== value) {
      const enumerable = Object.prototype.propertyIsEnumerable.call(error, key);
      Object.defineProperty(error, key, {
        value: shown,
        enumerable,
        configurable: true,
        writable: true,
      });
    }
  }
}

/** What is printed of a value that is not a string, in its place. */
function textOf(value: unknown): string {
  if (Object(value) !== value) return String(value);
  // Objects within objects could make a text that is endless.
  const isFlat = Array.isArray(value) && value.length < 100 &&
    value.every((part) => Object(part) !== part);
  return isFlat ? value.map(String).join() : Object.prototype.toString.call(value);
}

/** A backslash with what it escapes, or a character that is not visible. */
const SOURCE_PARTS = new RegExp(`\\\\[^]|${HIDDEN.source}`, "g");

/** Makes the source of a regular expression visible, so that it means the same. */
export function visibleSource(source: string): string {
  return source.replace(SOURCE_PARTS, (part) => {
    const char = part.at(-1)!;
    return char.replace(HIDDEN, "") === "" ? escapeOf(char) : part;
  });
}
