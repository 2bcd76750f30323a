import { checkMaxDepth } from "./depth.ts";
import { DEFAULT_MAX_COST } from "./_cost.ts";
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
   * How much memory the value may take, in bytes, about: a few bytes of input can be an object. The
   * time that it takes is limited too, to 50 ms and 50 ns for each byte of the input, and to more
   * if this is more than the default. A value beyond that is a `DecodeError`. `Infinity`: no limit.
   *
   * @default {268435456}
   */
  maxCost?: number | undefined;
  /**
   * Called with how much memory the value takes, in bytes, about, unless `maxCost` is `Infinity`.
   */
  onCost?: ((memory: number) => void) | undefined;
  /**
   * Called with the data of each handle, which is what `handle` of `EncodeOptions` gave for the
   * value; returns the value. What it throws, `decode()` throws. Without this option a handle is a
   * `DecodeError`.
   */
  revive?: ((data: unknown) => unknown) | undefined;
  /**
   * Called with each error when it is complete, also if `revive` gave it, and may change it. An
   * error is printed with its texts as they are, which may hold control characters.
   */
  reviseError?: ((error: Error) => void) | undefined;
  /**
   * Called with the source of each regular expression, which is printed as it is; returns the
   * source to take. What it throws, `decode()` throws.
   */
  reviseSource?: ((source: string) => string) | undefined;
}

/** The decoder of the last call, or `undefined` while a call uses it. */
let idle: Decoder | undefined;

/**
 * Decodes a value that {@linkcode encode} or another MessagePack library has encoded.
 *
 * The input is not trusted: it cannot run code, and whatever it claims or is made of, the memory
 * and the time that it takes are limited. The result shares no memory with `bytes`.
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
  const { maxSize = Infinity, maxCost = DEFAULT_MAX_COST } = options;
  if (!(maxSize >= 0)) throw new RangeError(`Cannot limit the size: maxSize is ${maxSize}`);
  if (bytes.length > maxSize) {
    const problem = `the input has ${bytes.length} bytes, more than ${maxSize}`;
    throw new DecodeError(problem, 0, false, "maxSize");
  }
  if (!(maxCost >= 0)) throw new RangeError(`Cannot limit the cost: maxCost is ${maxCost}`);
  // The caller's hook may call decode() itself, so the decoder is not idle meanwhile.
  const decoder = idle ?? new Decoder();
  idle = undefined;
  const value = decoder.decode(bytes, maxDepth, maxCost, options);
  idle = decoder;
  return value;
}
