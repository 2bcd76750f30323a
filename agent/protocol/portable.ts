import { standIn, textOf } from "./stand_in.ts";
import { encodeValue } from "./value.ts";

/**
 * Gives a thrown value as far as it can be encoded: an error without its properties that have no
 * copy, and a text in an error for what has no copy at all.
 */
export function portable(thrown: unknown): unknown {
  try {
    const value = thrown instanceof Error ? standIn(thrown, new Map()) ?? thrown : thrown;
    encodeValue(value);
    return value;
  } catch {
    return new Error(textOf(thrown)); // a proxy may throw at any access
  }
}
