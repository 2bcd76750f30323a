import { expand } from "./expand.ts";
import { termsOf } from "./terms.ts";

/** The names that a part of a host expression stands for. */
export interface ExpandedTerm {
  readonly names: readonly string[];
  /** Whether it leaves these out of those before it. */
  readonly isExclusion: boolean;
}

/**
 * The parts of a host expression, expanded, in order.
 *
 * @throws {TypeError} If the expression is not understood.
 * @throws {RangeError} If it stands for too many names.
 */
export function* expandTerms(expression: string): Generator<ExpandedTerm, void> {
  let count = 0;
  for (const { text, isExclusion } of termsOf(expression)) {
    const names = expand(text, count);
    count += names.length;
    yield { names, isExclusion };
  }
}
