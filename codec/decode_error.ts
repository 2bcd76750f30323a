/**
 * Thrown when bytes are not the encoding of a value, or not the whole encoding.
 *
 * @example What is wrong, and where
 * ```ts
 * import { decode, DecodeError } from "@chopsticks/chopsticks/codec";
 * import { assert, assertEquals, assertThrows } from "@std/assert";
 *
 * const error = assertThrows(() => decode(new Uint8Array([0x92, 1, 0xc1])), DecodeError);
 * assertEquals(error.message, "Cannot decode the input at offset 2: format 0xc1 is unknown");
 * assertEquals(error.offset, 2);
 * assert(!error.truncated);
 * ```
 */
export class DecodeError extends Error {
  /** How many bytes of the input could be read. */
  readonly offset: number;
  /** Whether the input ended too early, so that more bytes could make it valid. */
  readonly truncated: boolean;
  /** The option of `decode()` whose limit the input or the value exceeds, if that is wrong. */
  readonly exceeds: "maxDepth" | "maxSize" | "maxCost" | undefined;

  /**
   * Makes an error with a message that gives the offset.
   *
   * @param problem What is wrong, as the end of a sentence.
   * @param offset How many bytes of the input could be read.
   * @param truncated Whether more bytes could make the input valid.
   * @param exceeds The option whose limit is exceeded.
   */
  constructor(
    problem: string,
    offset: number,
    truncated = false,
    exceeds?: "maxDepth" | "maxSize" | "maxCost",
  ) {
    super(`Cannot decode the input at offset ${offset}: ${problem}`);
    this.name = "DecodeError";
    this.offset = offset;
    this.truncated = truncated;
    this.exceeds = exceeds;
  }
}
