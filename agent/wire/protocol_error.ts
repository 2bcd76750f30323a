/**
 * Thrown when the far end broke the protocol, for which the connection is closed.
 *
 * @example A stream that is not a stream of frames
 * ```ts
 * import { ProtocolError } from "@chopsticks/chopsticks";
 *
 * const error = new ProtocolError("Expected a frame, got 68 65 6c 6c 6f");
 * console.log(error.name, error.message);
 * ```
 */
export class ProtocolError extends Error {
  /** The name of the class. */
  override name = "ProtocolError";
}
