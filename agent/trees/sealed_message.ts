/**
 * The messages of the transfer of a folder, each with its SHA-1 at its end. So whatever is made of
 * a message is what was sent: names, links and modes as well as the contents of files.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { decode } from "../../codec/decode.ts";
import { encode } from "../../codec/encode.ts";
import { BrokenTransfer } from "../files/byte_transfer.ts";

/** The size of a SHA-1, in bytes. */
const SIZE = 20;

/** Encodes a message, with its SHA-1. */
export function seal(message: unknown): Uint8Array {
  const bytes = encode(message);
  const sealed = new Uint8Array(bytes.length + SIZE);
  sealed.set(bytes);
  sealed.set(createHash("sha1").update(bytes).digest(), bytes.length);
  return sealed;
}

/**
 * Decodes what {@linkcode seal} gives.
 *
 * @throws {BrokenTransfer} If it is not what was sent.
 */
export function unseal(sealed: Uint8Array, maxCost: number): unknown {
  const end = Math.max(0, sealed.length - SIZE);
  const bytes = sealed.subarray(0, end);
  if (!isSame(createHash("sha1").update(bytes).digest(), sealed.subarray(end))) throw damaged();
  return decode(bytes, { maxCost });
}

/** Whether two SHA-1s are the same. The second one may be any value. */
export function isSame(expected: Uint8Array, told: unknown): boolean {
  return told instanceof Uint8Array && told.length === SIZE &&
    expected.every((byte, i) => byte === told[i]);
}

/** The error for bytes that changed on their way. */
export function damaged(): BrokenTransfer {
  return new BrokenTransfer("The received bytes differ from the sent ones: their SHA-1 is another");
}
