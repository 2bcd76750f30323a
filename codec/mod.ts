/**
 * Turns values into bytes and back, and keeps what JSON loses: `undefined`, `-0` and `NaN`,
 * bigints, dates, maps, sets, errors, bytes and typed arrays, shared references and cycles.
 *
 * Plain data is plain MessagePack, so any MessagePack library reads and writes it. `README.md` in
 * this folder lists the extension types that carry the rest. Decoding runs no code of the input and
 * trusts nothing in it. This folder imports nothing, and runs unchanged on Deno and Node.
 *
 * @example Round trip
 * ```ts
 * import { decode, encode } from "@chopsticks/chopsticks/codec";
 * import { assertEquals } from "@std/assert";
 *
 * const value = { seen: new Map([["web1", new Date(0)]]), size: 2n ** 70n };
 * assertEquals(decode(encode(value)), value);
 * ```
 *
 * @module
 */

export { decode, type DecodeOptions } from "./decode.ts";
export { DecodeError } from "./decode_error.ts";
export { encode, type EncodeOptions } from "./encode.ts";
export { type EncodeRefusal, isEncodeRefusal } from "./encode_refusal.ts";
