import type { AnyFunction } from "./any_function.ts";
import { partsOf } from "./parts.ts";

/** A variable of a unit, with its value. */
export type Variable = readonly [unit: number, index: number, value: unknown];

/** A function or class that goes by value. */
export interface SentFunction {
  /** The unit that it is in, and its index there. */
  readonly unit: number;
  readonly index: number;
  /** All variables that it uses. */
  readonly variables: readonly Variable[];
  /** Of a class, the variables that its own code uses when it is created. */
  readonly needs: readonly Variable[] | undefined;
  /** Zero-based position in its script. */
  readonly line: number;
  readonly column: number;
}

/**
 * The variables that must have their values before each class is created. Since the static fields
 * and blocks of a class may call functions, its needs include the variables of the functions that
 * they can reach.
 *
 * @param boundParts Gives the values in a bound function, and nothing for other functions.
 */
export function classNeeds(
  sent: ReadonlyMap<AnyFunction, SentFunction>,
  boundParts: (fn: AnyFunction) => readonly unknown[],
): Map<AnyFunction, Variable[]> {
  const needs = new Map<AnyFunction, Variable[]>();
  const creating = new Set<unknown>();
  const complete = (fn: AnyFunction, own: readonly Variable[]): void => {
    if (needs.has(fn)) return;
    creating.add(fn);
    const found = new Map<string, Variable>();
    const seen = new Set<unknown>();
    const pending = [...own];
    for (const variable of pending) { // The loop appends to it.
      const [unit, index, value] = variable;
      if (found.has(`${unit} ${index}`) || creating.has(value) || isDescendant(value, fn)) continue;
      found.set(`${unit} ${index}`, variable);
      const values = [value];
      for (const value of values) {
        for (const part of partsOf(value, seen)) {
          if (typeof part !== "function") continue;
          values.push(...boundParts(part));
          const used = sent.get(part);
          pending.push(...used?.variables ?? []);
          if (used?.needs !== undefined && !creating.has(part)) complete(part, used.needs);
        }
      }
    }
    creating.delete(fn);
    needs.set(fn, [...found.values()]);
  };
  // The last class comes first: it may use the earlier ones, which cannot have used it.
  const classes = [...sent].filter(([, { needs }]) => needs !== undefined).sort(
    ([, a], [, b]) => b.line - a.line || b.column - a.column,
  );
  for (const [fn, { needs }] of classes) complete(fn, needs!);
  return needs;
}

/** Whether `value` is a class that extends `fn`, and so was created later. */
function isDescendant(value: unknown, fn: AnyFunction): boolean {
  return typeof value === "function" && Object.prototype.isPrototypeOf.call(fn, value);
}
