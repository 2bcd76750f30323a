/**
 * How deep values may be nested when the options do not say. The default stack of Deno and Node has
 * room for 1000 to 1500 nested maps, and for more of everything else, unless the caller is itself
 * deep in calls.
 */
export const DEFAULT_MAX_DEPTH = 500;

/**
 * Whether `error` says that the stack is used up: a caller deep in calls can meet that before the
 * limit on the depth. V8 has no class or code for this error, so only the text tells.
 */
export function isStackOverflow(error: unknown): boolean {
  return error instanceof RangeError && String(error.message).includes("call stack");
}

/** Returns `maxDepth`, or the default, after checking that it is a depth. */
export function checkMaxDepth(maxDepth: number = DEFAULT_MAX_DEPTH): number {
  if (!(maxDepth >= 0)) {
    throw new RangeError(`Cannot limit the depth: maxDepth is ${maxDepth}`);
  }
  return maxDepth;
}
