import { pathOf } from "./local_path.ts";
import type { PutOptions, PutSource } from "./file_options.ts";

/**
 * Checks what does not depend on the host of a `put()`.
 *
 * @throws {TypeError} If the source is none.
 * @throws {RangeError} If the mode is none.
 */
export function checkPut(source: PutSource, { mode = 0o644 }: PutOptions): void {
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
