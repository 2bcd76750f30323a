import type { DecodeOptions } from "../../codec/decode.ts";
import { encode } from "../../codec/encode.ts";
import { missingDeno } from "./missing_deno.ts";
import { portable } from "./portable.ts";
import { trimStack } from "./stack.ts";
import { decodeValue, encodeValue } from "./value.ts";

export { trimStack };

/** Describes a thrown value to the other end. */
export interface Failure {
  /** The error's name, or the type of a thrown value that is not an error. */
  readonly name: string;
  /** The error's message, or the thrown value as text. */
  readonly message: string;
  /**
   * The stack without the frames of the agent itself, or `null` if the thrown value has no stack.
   */
  readonly stack: string | null;
  /** The error's `code`, such as `ENOENT`, if it has one. */
  readonly code?: string;
  /** The thrown value. An error is copied as far as the codec can carry it. */
  readonly thrown?: unknown;
}

/** Describes a thrown value, for {@linkcode decodeFailure} at the other end. */
export function encodeFailure(thrown: unknown): Uint8Array {
  const failure = describe(thrown);
  const encodeWith = (thrown: unknown): Uint8Array => encodeValue({ ...failure, thrown });
  try {
    return encodeWith(thrown);
  } catch {
    // An error may be a proxy, which throws at any access.
    return isError(thrown) ? encodeWith(portable(thrown)) : encode(failure);
  }
}

/**
 * Reads the bytes of {@linkcode encodeFailure}. Throws an error if they are something else.
 *
 * @param options How to decode them, but for handles.
 */
export function decodeFailure(bytes: Uint8Array, options?: DecodeOptions): Failure {
  const failure = decodeValue(bytes, options) as Partial<Failure> | null;
  const { name, message, stack, code, ...rest } = failure ?? {};
  if (typeof name !== "string" || typeof message !== "string") {
    throw new TypeError("A failure without a name and a message");
  }
  const shown = typeof stack === "string" ? stack : null;
  return {
    name,
    message,
    stack: shown,
    ...typeof code === "string" && { code },
    ..."thrown" in rest && { thrown: rest.thrown },
  };
}

function describe(thrown: unknown): Failure {
  try {
    if (!(thrown instanceof Error)) {
      const name = thrown === null ? "null" : typeof thrown;
      return { name, message: String(thrown), stack: null };
    }
    const { stack } = thrown;
    const { code } = thrown as NodeJS.ErrnoException;
    return {
      name: String(thrown.name),
      message: missingDeno(thrown, String(thrown.message)),
      stack: typeof stack === "string" ? missingDeno(thrown, trimStack(stack)) : null,
      ...typeof code === "string" && { code },
    };
  } catch {
    return { name: "unknown", message: "The thrown value cannot be described", stack: null };
  }
}

function isError(thrown: unknown): boolean {
  try {
    return thrown instanceof Error;
  } catch {
    return false;
  }
}
