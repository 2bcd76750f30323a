/**
 * How deep values may be nested when the options do not say. The default stack of Deno and Node bears
 * between 1000 and 1500 nested maps, and more of all else, of a caller who is not deep in calls.
 */
export const DEFAULT_MAX_DEPTH = 500;

/**
 * Whether `error` says that the stack is used up, which a caller deep in calls can meet before the
 * limit on the depth. V8 gives such an error no class or code of its own.
 */
export function isStackOverflow(error: unknown): boolean {
  return error instanceof RangeError && error.message.includes("call stack");
}

/** Gives `maxDepth`, or the default, once it is known to be a depth. */
export function checkMaxDepth(maxDepth: number = DEFAULT_MAX_DEPTH): number {
  if (!(maxDepth >= 0)) {
    throw new RangeError(`Cannot limit the depth: maxDepth is ${maxDepth}`);
  }
  return maxDepth;
}
