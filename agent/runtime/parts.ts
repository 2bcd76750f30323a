// A function may replace it.
const evaluate = eval;

/**
 * Gives what a part of the agent exports that comes as a script when it is needed.
 *
 * @param shared What the part has in common with the agent; `_build.ts` has it take it from here.
 */
export function loadPart<T>(source: string, shared: object): T {
  return runScript<(shared: object) => T>(source)(shared);
}

/** Gives the value of a script. */
export function runScript<T>(text: string): T {
  return evaluate(text);
}
