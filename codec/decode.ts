import { checkMaxDepth } from "./depth.ts";
import { DecodeError } from "./decode_error.ts";
import { Decoder } from "./_decoder.ts";

/** Options of {@linkcode decode}. */
export interface DecodeOptions {
  /**
   * How many levels deep objects, arrays, maps and so on may be nested; deeper is a `DecodeError`.
   *
   * @default {500}
   */
  maxDepth?: number | undefined;
  /**
   * How long the input may be, in bytes; a longer one is a `DecodeError`.
   *
   * @default {Infinity}
   */
  maxSize?: number | undefined;
  /**
   * Called with the data of each handle, which is what `handle` of `EncodeOptions` gave for the
   * value; returns the value. What it throws, `decode()` throws. Without this option a handle is a
   * `DecodeError`.
   */
  revive?: ((data: unknown) => unknown) | undefined;
}

/** The decoder of the last call, or `undefined` while a call uses it. */
let idle: Decoder | undefined;

/**
 * Decodes a value that {@linkcode encode} or another MessagePack library has encoded.
 *
 * The input is not trusted: it cannot run code, and whatever lengths it claims, the memory that is
 * allocated is in proportion to the input's own length. The result shares no memory with `bytes`.
 *
 * Integers become numbers if they are safe integers, else bigints. Keys of maps must be strings; of
 * several equal keys in a map the last counts. A timestamp becomes a `Date`, cut to milliseconds.
 *
 * @param bytes One encoded value, and nothing after it.
 * @param options The limits, and how to revive handles. Default: `{}`.
 * @returns The value.
 * @throws {DecodeError} If the bytes are not the encoding of a value, or exceed a limit.
 *
 * @example Usage
 * ```ts
 * import { decode } from "@chopsticks/chopsticks/codec";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(decode(new Uint8Array([0x81, 0xa2, 0x6f, 0x6b, 0xc3])), { ok: true });
 * ```
 *
 * @example Functions, by a name that both ends know
 * ```ts
 * import { decode, encode } from "@chopsticks/chopsticks/codec";
 * import { assertStrictEquals } from "@std/assert";
 *
 * const functions = new Map<unknown, unknown>([["now", Date.now]]);
 * const bytes = encode({ clock: Date.now }, { handle: () => "now" });
 * const value = decode(bytes, { revive: (name) => functions.get(name) });
 * assertStrictEquals((value as { clock: unknown }).clock, Date.now);
 * ```
 */
export function decode(bytes: Uint8Array, options: DecodeOptions = {}): unknown {
  const maxDepth = checkMaxDepth(options.maxDepth);
  const { maxSize = Infinity } = options;
  if (!(maxSize >= 0)) throw new RangeError(`Cannot limit the size: maxSize is ${maxSize}`);
  if (bytes.length > maxSize) {
    throw new DecodeError(`the input has ${bytes.length} bytes, more than ${maxSize}`, 0);
  }
  // The caller's hook may call decode() itself, so the decoder is not idle meanwhile.
  const decoder = idle ?? new Decoder();
  idle = undefined;
  const value = decoder.decode(bytes, maxDepth, options.revive);
  idle = decoder;
  return value;
}
