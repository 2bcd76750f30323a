/** A line of a stack in the code of this library, but not in its examples and tests. */
const ROOT = new URL("..", import.meta.url).href;
const FOLDERS = ["agent/", "codec/", "group/", "queue/", "tunnel/"].map((name) => ROOT + name);

/**
 * Takes the frames of this library out of the stacks of an error and of all errors in it: they say
 * nothing to somebody who reads why a host has failed. Changes the errors in place.
 */
export function withoutOwnFrames<E extends Error>(error: E): E {
  const errors = new Set<Error>([error]);
  for (const one of errors) { // it grows meanwhile
    trim(one);
    const inner = [one.cause, ...one instanceof AggregateError ? one.errors : []];
    for (const other of inner) if (other instanceof Error) errors.add(other);
  }
  return error;
}

/**
 * Does as {@linkcode withoutOwnFrames}, unless the message has several lines: of an error that
 * nobody catches, Deno would then print all lines but the first one twice.
 */
export function withoutOwnFramesIfShort<E extends Error>(error: E): E {
  return error.message.includes("\n") ? error : withoutOwnFrames(error);
}

function trim(error: Error): void {
  const limit = Error.stackTraceLimit;
  try {
    const { stack } = error;
    if (typeof stack !== "string") return;
    const lines = stack.split("\n");
    const kept = lines.filter((line) => !FOLDERS.some((folder) => line.includes(folder)));
    if (kept.length === lines.length) return;
    // Deno prints the frames that it has kept of an error as long as this does not replace them.
    Error.stackTraceLimit = 0;
    Error.captureStackTrace(error);
    void error.stack;
    error.stack = kept.join("\n");
  } catch {
    // The error is frozen, or has a stack of its own kind.
  } finally {
    Error.stackTraceLimit = limit;
  }
}
