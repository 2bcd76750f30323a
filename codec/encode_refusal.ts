/**
 * The error by which {@linkcode encode} refuses a value: a `TypeError`, or a `RangeError` for a
 * value that is nested too deeply. Its data is not enumerable, so the error is shown like any
 * other.
 *
 * @example What has no encoding, and where it is
 * ```ts
 * import { encode, isEncodeRefusal } from "@chopsticks/chopsticks/codec";
 * import { assertEquals } from "@std/assert";
 *
 * class Socket {}
 * try {
 *   encode({ rows: [1, { socket: new Socket() }] });
 * } catch (error) {
 *   if (!isEncodeRefusal(error)) throw error;
 *   assertEquals(error.path, "value.rows[1].socket");
 *   assertEquals(error.problem, "Socket is not a plain object");
 *   assertEquals(error.kind, "value");
 *   assertEquals(error.className, "Socket");
 * }
 * ```
 */
export interface EncodeRefusal extends Error {
  /** Why the value has no encoding, as the end of a sentence. */
  readonly problem: string;
  /** The way to the value, from the name of the root, as it would be written in a program. */
  readonly path: string;
  /**
   * What sort of problem it is: the `value` has no encoding; its handle contains it, which is a
   * `cycle`; or its `depth` exceeds the limit.
   */
  readonly kind: "value" | "cycle" | "depth";
  /** The name of the class, if the problem is that the value is an instance of one. */
  readonly className: string | undefined;
}

/**
 * Whether {@linkcode encode} threw `error` because it refused a value. A getter or a hook of the
 * caller may also have thrown it.
 *
 * @param error What was thrown.
 * @returns Whether it has the data of an {@linkcode EncodeRefusal}.
 *
 * @example Usage
 * ```ts
 * import { encode, isEncodeRefusal } from "@chopsticks/chopsticks/codec";
 * import { assert, assertThrows } from "@std/assert";
 *
 * assert(isEncodeRefusal(assertThrows(() => encode(Symbol()))));
 * assert(!isEncodeRefusal(new TypeError("another error")));
 * ```
 */
export function isEncodeRefusal(error: unknown): error is EncodeRefusal {
  return error instanceof Error && Object.hasOwn(error, "problem") && Object.hasOwn(error, "path");
}
