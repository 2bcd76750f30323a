import { withoutOwnFramesIfShort } from "./own_frames.ts";

/** A `TypeError` for whoever uses the library wrongly: its stack begins with their own line. */
export function typeError(message: string, options?: ErrorOptions): TypeError {
  return withoutOwnFramesIfShort(new TypeError(message, options));
}

/** A `RangeError` likewise. */
export function rangeError(message: string, options?: ErrorOptions): RangeError {
  return withoutOwnFramesIfShort(new RangeError(message, options));
}

/** The same misuse, said in the words of whoever was called. */
export function misuse(text: string, error: unknown): Error {
  const { message } = error as Error;
  return error instanceof RangeError ? rangeError(text + message) : typeError(text + message);
}
