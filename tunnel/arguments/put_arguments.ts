import { pathOf } from "./local_path.ts";
import type { PutOptions, PutSource } from "../file_options.ts";

/**
 * Usual modes without their `0o`. Each of these numbers is beyond all modes, or one that nobody means: somebody else
 * may do what the owner may not, as with 644, which is 0o1204, or none may read the file (640). So 400, which is
 * 0o620, and 500, which is 0o764, are not among them.
 */
const NOT_OCTAL: readonly number[] = [
  ...[440, 444, 550, 555, 600, 640, 644, 660, 664, 666, 700, 710, 711, 750, 755, 770, 775, 777],
  ...[1777, 2750, 2755, 2770, 2775, 4711, 4750, 4755],
];

/**
 * Checks what does not depend on the host of a `put()`.
 *
 * @throws {TypeError} If the source is none.
 * @throws {RangeError} If the mode is none.
 */
export function checkPut(source: PutSource, { mode = 0o644 }: PutOptions): void {
  if (typeof mode !== "number") {
    const shown = typeof mode === "string" ? JSON.stringify(mode) : String(mode);
    throw new RangeError(`mode is ${shown}: expected a number such as 0o644`);
  }
  if (NOT_OCTAL.includes(mode)) throw new RangeError(`mode is ${mode}: did you mean 0o${mode}?`);
  if (!Number.isInteger(mode) || mode < 0 || mode > 0o7777) {
    throw new RangeError(`mode is ${mode}: expected permission bits, 0 to 0o7777`);
  }
  if (typeof source === "string" || source instanceof URL) {
    pathOf("source", source);
  } else if (
    !(source instanceof Uint8Array || source instanceof Blob || source instanceof ReadableStream) &&
    typeof source?.text !== "string"
  ) {
    throw new TypeError(
      `source is ${
        String(source)
      }: expected a path, a file: URL, a Uint8Array, a Blob, a ReadableStream or { text }`,
    );
  }
}
