// deno-lint-ignore no-control-regex -- these are what it is about
const HIDDEN = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/**
 * `text` with its control characters made visible, but for tabs and line breaks:
 * what a far end says must not move the cursor, retitle the window or hide text.
 */
export function visible(text: string): string {
  return text.replace(HIDDEN, (char) => {
    const code = char.charCodeAt(0);
    return code < 0x100
      ? `\\x${code.toString(16).padStart(2, "0")}`
      : `\\u${code.toString(16).padStart(4, "0")}`;
  });
}

/** Makes an error's texts visible, and those of its causes. Changes the error, as far as it can be changed. */
export function visibleError(error: unknown, seen: Set<unknown> = new Set()): void {
  if (!(error instanceof Error) || seen.has(error)) return;
  seen.add(error);
  for (const key of ["message", "name", "stack"] as const) {
    const text = error[key];
    if (typeof text !== "string") continue;
    const shown = visible(text);
    // Some have getters without setters, which an own property hides.
    if (shown !== text) {
      Object.defineProperty(error, key, { value: shown, configurable: true, writable: true });
    }
  }
  visibleError(error.cause, seen);
  if (error instanceof AggregateError && Array.isArray(error.errors)) {
    for (const inner of error.errors) visibleError(inner, seen);
  }
}
