import { partsOf } from "./parts.ts";

// deno-lint-ignore ban-types -- any function
type AnyFunction = Function;

/** A variable of a unit, with its value. */
export type Variable = readonly [unit: number, index: number, value: unknown];

/** A function or class that goes by value. */
export interface Sent {
  /** The unit that it is in, and its place there. */
  readonly unit: number;
  readonly index: number;
  /** All variables that it uses. */
  readonly variables: readonly Variable[];
  /** Of a class, those that its own code uses when it is made. */
  readonly needs: readonly Variable[] | undefined;
  /** Where it is written in its script. */
  readonly line: number;
  readonly column: number;
}

/**
 * The variables that must have their values before each class is made. Since its static fields and
 * blocks may call functions, these are also the variables of the functions that they can reach.
 *
 * @param boundParts What a bound function binds.
 */
export function classNeeds(
  sent: ReadonlyMap<AnyFunction, Sent>,
  boundParts: (fn: AnyFunction) => readonly unknown[],
): Map<AnyFunction, Variable[]> {
  const needs = new Map<AnyFunction, Variable[]>();
  const making = new Set<unknown>();
  const complete = (fn: AnyFunction, own: readonly Variable[]): void => {
    if (needs.has(fn)) return;
    making.add(fn);
    const found = new Map<string, Variable>();
    const seen = new Set<unknown>();
    const pending = [...own];
    for (const variable of pending) { // which gets longer meanwhile
      const [unit, index, value] = variable;
      if (found.has(`${unit} ${index}`) || making.has(value) || isDescendant(value, fn)) continue;
      found.set(`${unit} ${index}`, variable);
      const values = [value];
      for (const value of values) {
        for (const part of partsOf(value, seen)) {
          if (typeof part !== "function") continue;
          values.push(...boundParts(part));
          const used = sent.get(part);
          pending.push(...used?.variables ?? []);
          if (used?.needs !== undefined && !making.has(part)) complete(part, used.needs);
        }
      }
    }
    making.delete(fn);
    needs.set(fn, [...found.values()]);
  };
  // Those that were made last come first: they may use the others, which cannot have used them.
  const classes = [...sent].filter(([, { needs }]) => needs !== undefined).sort(
    ([, a], [, b]) => b.line - a.line || b.column - a.column,
  );
  for (const [fn, { needs }] of classes) complete(fn, needs!);
  return needs;
}

/** Whether `value` is a class that extends `fn`, and so was not there when that was made. */
function isDescendant(value: unknown, fn: AnyFunction): boolean {
  return typeof value === "function" && Object.prototype.isPrototypeOf.call(fn, value);
}
