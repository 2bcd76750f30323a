import { checkMaxDepth } from "./depth.ts";
import { DecodeError } from "./decode_error.ts";
import { Decoder } from "./_decoder.ts";

/** Options of {@linkcode decode}. */
export interface DecodeOptions {
  /**
   * How many objects, arrays, maps … deep the value may be nested; deeper is a `DecodeError`.
   *
   * @default {500}
   */
  maxDepth?: number;
  /**
   * How long the input may be, in bytes; longer is a `DecodeError`.
   *
   * @default {Infinity}
   */
  maxSize?: number;
  /**
   * Asked for the value of each handle, given what `handle` of `EncodeOptions` gave for it. Without
   * it a handle is a `DecodeError`; what it throws is passed on as it is.
   */
  revive?: (data: unknown) => unknown;
}

/** The decoder of the last call; absent while a call uses it. */
let idle: Decoder | undefined;

/**
 * Decodes what {@linkcode encode} or another MessagePack library has encoded.
 *
 * The input is not trusted: it cannot run code, and what is allocated for it is in proportion to its
 * length, whatever lengths it claims. Nothing of the result refers to `bytes`.
 *
 * Integers become numbers if they are safe integers, else bigints. Keys of maps must be strings; of
 * several equal keys in a map the last counts. A timestamp becomes a `Date`, cut to milliseconds.
 *
 * @param bytes One encoded value, and no more.
 * @param options The limits, and what revives handles. Default: `{}`.
 * @returns The value.
 * @throws {DecodeError} If the bytes are not the encoding of a value, or pass a limit.
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
  // A hook of the caller's may decode something itself: then this one is in use.
  const decoder = idle ?? new Decoder();
  idle = undefined;
  const value = decoder.decode(bytes, maxDepth, options.revive);
  idle = decoder;
  return value;
}
