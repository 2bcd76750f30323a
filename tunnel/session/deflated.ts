import { Buffer } from "node:buffer";
import { deflateRawSync } from "node:zlib";

/** The most bytes, before they are compressed, of a result that is kept. */
const MAX_KEPT = 256 * 1024;
/** How many results are kept. */
const KEPT = 4;

/** The last results, the newest at the end. */
const kept: { readonly bytes: Uint8Array; readonly result: Uint8Array }[] = [];

/**
 * Compresses bytes, which must not change afterwards, with raw deflate.
 *
 * Members of a group are sent the same modules one after the other. So the last results are kept:
 * to compress takes milliseconds, and memory that is freed late.
 */
export function deflated(bytes: Uint8Array): Uint8Array {
  if (bytes.length > MAX_KEPT) return deflateRawSync(bytes);
  const at = kept.findIndex((one) => Buffer.compare(one.bytes, bytes) === 0);
  const found = at === -1 ? { bytes, result: deflateRawSync(bytes) } : kept.splice(at, 1)[0]!;
  kept.push(found);
  if (kept.length > KEPT) kept.shift();
  return found.result;
}
