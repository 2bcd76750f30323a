/** A line of a stack in the code of this library, but not in its examples and tests. */
const ROOT = new URL("..", import.meta.url).href;
const FOLDERS = ["agent/", "codec/", "group/", "queue/", "tunnel/"].map((name) => ROOT + name);

/**
 * An error without a message, whose stack begins where somebody called `method`, which is running.
 * V8 leaves out the frames above, so this does for messages of several lines, too.
 */
export function callerOf(method: CallableFunction): Error {
  const start = new Error();
  Error.captureStackTrace(start, method);
  return start;
}

/**
 * Takes the frames of this library out of the stacks of an error and of all errors in it: they say
 * nothing to somebody who reads why a host has failed. An error whose message has several lines
 * loses all frames if one was of this library. Changes the errors in place.
 */
export function withoutOwnFrames<E extends Error>(error: E): E {
  try {
    const errors = new Set<Error>([error]);
    for (const one of errors) { // it grows meanwhile
      trim(one);
      if (one.cause instanceof Error) errors.add(one.cause);
      // That of other code may be anything, also an array with billions of holes.
      const inner: unknown = one instanceof AggregateError ? one.errors : undefined;
      if (!Array.isArray(inner)) continue;
      for (const other of Object.values(inner)) if (other instanceof Error) errors.add(other);
    }
  } catch {
    // An error of other code may have a property that throws.
  }
  return error;
}

/**
 * Does as {@linkcode withoutOwnFrames}, unless the message has several lines: of an error that
 * nobody catches, Deno would then print all lines but the first one twice.
 */
export function withoutOwnFramesIfShort<E extends Error>(error: E): E {
  return isShort(error) ? withoutOwnFrames(error) : error;
}

/** Whether a message has one line. That of an error of other code may be of any type. */
function isShort({ message }: { readonly message: unknown }): boolean {
  return typeof message === "string" && !message.includes("\n");
}

/** The method that people call functions by. */
let calling: CallableFunction | undefined;

/** Says by which method people call functions. */
export function setCalling(method: CallableFunction): void {
  calling = method;
}

/**
 * Does as {@linkcode withoutOwnFrames} to an error that was made just now. One whose message has
 * several lines keeps the frames behind the call, as V8 leaves out the others.
 */
export function newWithoutOwnFrames<E extends Error>(error: E): E {
  if (isShort(error)) return withoutOwnFrames(error);
  // The stack of any other cause has been added to this one.
  if (calling !== undefined && error.cause instanceof Error) {
    Error.captureStackTrace(error, calling);
  }
  return error;
}

/**
 * Gives an error that this library made the frames of `start`, so that it names the caller's line,
 * and does as {@linkcode withoutOwnFrames}. Leaves alone what other code threw and, for the reason
 * of {@linkcode withoutOwnFramesIfShort}, an error whose message has several lines.
 *
 * @param start An error that was made when the caller began what has failed.
 */
export function calledFrom(error: unknown, start: Error): unknown {
  if (!(error instanceof Error) || !isShort(error)) return error;
  const { stack } = error;
  if (typeof stack !== "string") return error;
  const [head, ...frames] = splitStack(stack);
  if (frames.length > 0 && !isOwn(frames[0]!)) return error;
  setStack(error, [head, ...splitStack(`${start.stack}`).slice(1)].join("\n"));
  return withoutOwnFrames(error);
}

function trim(error: Error): void {
  const { stack } = error;
  if (typeof stack !== "string") return;
  const [head, ...frames] = splitStack(stack);
  if (!frames.some(isOwn)) return;
  // Deno would print the lines of a long message twice, if frames were left.
  const left = isShort(error) ? frames.filter((frame) => !isOwn(frame)) : [];
  // Such as `Array.map`, by which a function of this library was called.
  if (isOwn(frames[0]!)) { while (left[0]?.endsWith("(<anonymous>)")) left.shift(); }
  setStack(error, [head, ...left].join("\n"));
}

/** Whether a frame of a stack is in the code of this library. */
function isOwn(frame: string): boolean {
  return FOLDERS.some((folder) => frame.includes(folder));
}

/** The name and the message, and each frame. */
function splitStack(stack: string): string[] {
  return stack.split(/\n(?= +at )/);
}

function setStack(error: Error, stack: string): void {
  const limit = Error.stackTraceLimit;
  try {
    // Deno prints the frames that it has kept of an error as long as this does not replace them.
    // Somebody may have frozen `Error`, so that an assignment would throw.
    Reflect.set(Error, "stackTraceLimit", 0);
    Error.captureStackTrace(error);
    void error.stack;
    error.stack = stack;
  } catch {
    // The error is frozen, or has a stack of its own kind.
  } finally {
    Reflect.set(Error, "stackTraceLimit", limit);
  }
}
