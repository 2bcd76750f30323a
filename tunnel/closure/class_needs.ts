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
  /** Of a class, whether its static fields or blocks may call its constructor and methods. */
  readonly usesItself: boolean;
  /** Zero-based position in its script. */
  readonly line: number;
  readonly column: number;
}

/**
 * The variables that must have their values before each class is created. Since the static fields
 * and blocks of a class may call functions, its needs include the variables of the functions that
 * they can reach. Of the variables of its own constructor and methods, only those are among them
 * that the class is not in.
 *
 * @param boundParts Gives the values in a bound function, and nothing for other functions.
 */
export function classNeeds(
  sent: ReadonlyMap<AnyFunction, SentFunction>,
  boundParts: (fn: AnyFunction) => readonly unknown[],
): Map<AnyFunction, Variable[]> {
  const needs = new Map<AnyFunction, Variable[]>();
  const creating = new Set<unknown>();
  const complete = (fn: AnyFunction, { needs: own, variables, usesItself }: SentFunction): void => {
    if (needs.has(fn)) return;
    creating.add(fn);
    const found = new Map<string, Variable>();
    const seen = new Set<unknown>();
    /** Adds variables, with those of the functions in them. */
    const add = (pending: Variable[], mayHave: (value: unknown) => boolean): void => {
      for (const variable of pending) { // The loop appends to it.
        const [unit, index, value] = variable;
        if (found.has(`${unit} ${index}`) || creating.has(value)) continue;
        if (isDescendant(value, fn) || !mayHave(value)) continue;
        found.set(`${unit} ${index}`, variable);
        const values = [value];
        for (const value of values) {
          for (const part of partsOf(value, seen)) {
            if (typeof part !== "function") continue;
            values.push(...boundParts(part));
            const used = sent.get(part);
            pending.push(...used?.variables ?? []);
            if (used?.needs !== undefined && !creating.has(part)) complete(part, used);
          }
        }
      }
    };
    add([...own!], () => true);
    const isApart = (value: unknown): boolean =>
      ![...partsOf(value)].some((part) => creating.has(part));
    if (usesItself) add([...variables], isApart);
    creating.delete(fn);
    needs.set(fn, [...found.values()]);
  };
  // The last class comes first: it may use the earlier ones, which cannot have used it.
  const classes = [...sent].filter(([, { needs }]) => needs !== undefined).sort(
    ([, a], [, b]) => b.line - a.line || b.column - a.column,
  );
  for (const [fn, one] of classes) complete(fn, one);
  return needs;
}

/** Whether `value` is a class that extends `fn`, and so was created later. */
function isDescendant(value: unknown, fn: AnyFunction): boolean {
  return typeof value === "function" && Object.prototype.isPrototypeOf.call(fn, value);
}
