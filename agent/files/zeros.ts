import { Buffer } from "node:buffer";

/** The most bytes that {@linkcode isZeros} compares at once. */
const SIZE = 64 * 1024;

let zeros: Uint8Array | undefined;

/** Whether some bytes are all 0. A block that a file has no bytes for, a hole, is read as that. */
export function isZeros(bytes: Uint8Array): boolean {
  zeros ??= new Uint8Array(SIZE);
  for (let at = 0; at < bytes.length; at += SIZE) {
    const part = bytes.subarray(at, at + SIZE);
    // Faster than to look at each byte.
    if (Buffer.compare(part, zeros.subarray(0, part.length)) !== 0) return false;
  }
  return true;
}
