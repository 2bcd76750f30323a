import { checkMaxDepth } from "./depth.ts";
import { Encoder } from "./_encoder.ts";

/** Options of {@linkcode encode}. */
export interface EncodeOptions {
  /**
   * What the value is called at the start of the paths in error messages.
   *
   * @default {"value"}
   */
  name?: string;
  /**
   * How many objects, arrays, maps … deep the value may be nested; a deeper one is a `RangeError`.
   *
   * @default {500}
   */
  maxDepth?: number;
  /**
   * Asked for whatever has no encoding (functions, symbols, instances of classes …). What it gives
   * is encoded as a handle, for `revive` of `DecodeOptions`; `undefined` refuses the value. It is
   * asked once for each distinct value, whose identity is kept like that of an object. It is also asked
   * for namespaces of modules, and for plain objects that have nothing but symbols for keys, such as
   * `Math`; `undefined` leaves them to be copied.
   */
  handle?: (value: unknown) => unknown;
}

/** The encoder of the last call, for its buffers; absent while a call uses it. */
let idle: Encoder | undefined;

/**
 * Encodes a value as MessagePack.
 *
 * Carried are `null`, `undefined`, booleans, numbers, bigints, strings, arrays, plain objects, `Map`,
 * `Set`, `Date`, `RegExp`, `URL`, `ArrayBuffer`, `DataView`, typed arrays, and errors of built-in
 * classes, with shared references and cycles.
 *
 * The bytes are the caller's, but those of a short encoding are a part of a larger `ArrayBuffer`
 * (as those of a Node `Buffer` are): use the array rather than its `buffer`, and copy it before
 * transferring it.
 *
 * @param value What to encode.
 * @param options How the value is called in errors, and its limits. Default: `{}`.
 * @returns The bytes of the encoding.
 * @throws {TypeError} If the value holds something that has no encoding. The message gives the path,
 * and so does the error's data: see {@linkcode EncodeRefusal}.
 * @throws {RangeError} If the value is nested too deeply, with the same data.
 * @see https://github.com/msgpack/msgpack/blob/master/spec.md
 *
 * @example Plain data is MessagePack
 * ```ts
 * import { encode } from "@chopsticks/chopsticks/codec";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals([...encode({ ok: true })], [0x81, 0xa2, 0x6f, 0x6b, 0xc3]);
 * ```
 *
 * @example Errors give the path
 * ```ts
 * import { encode } from "@chopsticks/chopsticks/codec";
 * import { assertThrows } from "@std/assert";
 *
 * class Socket {}
 * assertThrows(
 *   () => encode({ rows: [1, { socket: new Socket() }] }),
 *   TypeError,
 *   "Cannot encode value.rows[1].socket: Socket is not a plain object",
 * );
 * ```
 */
export function encode(value: unknown, options: EncodeOptions = {}): Uint8Array<ArrayBuffer> {
  const maxDepth = checkMaxDepth(options.maxDepth);
  // A getter or a hook of the caller's may encode something itself: then this one is in use.
  const encoder = idle ?? new Encoder();
  idle = undefined;
  const bytes = encoder.encode(value, options.name, maxDepth, options.handle);
  idle = encoder;
  return bytes;
}
