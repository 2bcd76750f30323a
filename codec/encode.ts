import { checkMaxDepth } from "./depth.ts";
import { Encoder } from "./_encoder.ts";

/** Options of {@linkcode encode}. */
export interface EncodeOptions {
  /**
   * The name of the value, with which the paths in error messages begin.
   *
   * @default {"value"}
   */
  name?: string | undefined;
  /**
   * How many levels deep objects, arrays, maps and so on may be nested; deeper is a `RangeError`.
   *
   * @default {500}
   */
  maxDepth?: number | undefined;
  /**
   * Called with each value that has no encoding (functions, symbols, instances of classes and so
   * on). The data that it returns is encoded as a handle, for `revive` of `DecodeOptions`;
   * `undefined` refuses the value. It is called once for each distinct value, whose identity is
   * kept like that of an object. It is also called with namespaces of modules, and with plain
   * objects all of whose keys are symbols, such as `Math`; `undefined` leaves these to be copied.
   */
  handle?: ((value: unknown) => unknown) | undefined;
  /**
   * Called for each object, arrays included. Its result is encoded in the place of the object,
   * under the identity of the object; if it is the object itself, `handle` is called for it;
   * `undefined` changes nothing.
   */
  standIn?: ((value: object) => unknown) | undefined;
}

/** The encoder of the last call, kept for its buffers, or `undefined` while a call uses it. */
let idle: Encoder | undefined;

/**
 * Encodes a value as MessagePack.
 *
 * It carries `null`, `undefined`, booleans, numbers, bigints, strings, arrays, plain objects,
 * `Map`, `Set`, `Date`, `RegExp`, `URL`, `ArrayBuffer`, `DataView`, typed arrays, and errors of
 * built-in classes, with shared references and cycles.
 *
 * The bytes belong to the caller. A short encoding is a part of a larger `ArrayBuffer`, as a Node
 * `Buffer` is: use the array rather than its `buffer`, and copy it before transferring it.
 *
 * @param value The value to encode.
 * @param options The value's name in errors, the limits, and how to make handles. Default: `{}`.
 * @returns The bytes of the encoding.
 * @throws {TypeError} If the value holds something that has no encoding. The message gives the
 * path, and so does the error's data: see {@linkcode EncodeRefusal}.
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
  // The caller's getters and hook may call encode() themselves, so the encoder is not idle
  // meanwhile.
  const encoder = idle ?? new Encoder();
  idle = undefined;
  const bytes = encoder.encode(value, options.name, maxDepth, options);
  idle = encoder;
  return bytes;
}
