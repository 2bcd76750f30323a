import type { AnyFunction } from "./any_function.ts";
import type { CodeDraft } from "./code_draft.ts";
import { partsOf } from "./parts.ts";
import { FunctionRefusal } from "./refusal.ts";

/**
 * Finds a bound function or class that cannot be created before itself: the codec has said that
 * there is one.
 *
 * @param functions The functions that have handles.
 * @param boundParts Gives the values in a bound function, and nothing for other functions.
 */
export function findCycle(
  functions: Iterable<AnyFunction>,
  code: CodeDraft,
  boundParts: (fn: AnyFunction) => readonly unknown[],
): FunctionRefusal | undefined {
  /** Whether `target` is somewhere in `value`, or in the values that its parts are created with. */
  const leadsTo = (value: unknown, target: unknown, seen = new Set<unknown>()): boolean => {
    for (const part of partsOf(value, seen)) {
      if (part === target) return true;
      if (typeof part !== "function") continue;
      const needed = code.needsOf(part).map(([, , value]) => value);
      if (leadsTo([needed, boundParts(part)], target, seen)) return true;
    }
    return false;
  };
  for (const fn of functions) {
    if (leadsTo(boundParts(fn), fn)) {
      return new FunctionRefusal(fn, "the values that it binds contain it");
    }
    const variable = code.needsOf(fn).find(([, , value]) => leadsTo(value, fn));
    if (variable !== undefined) {
      return new FunctionRefusal(
        fn,
        `variable ${code.nameOf(variable)}, which it may use when it is created, contains it`,
      );
    }
  }
  return undefined;
}
