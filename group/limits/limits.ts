import type { FailureBudget } from "./failure_budget.ts";
import type { Share } from "./share.ts";

/** The limits of a group: they end operations, or keep hosts from being begun. */
export interface Limits {
  readonly signal?: AbortSignal;
  /** How many hosts may fail in one operation. */
  readonly maxFailures?: Share;
  /** A budget that batches share; it counts instead of `maxFailures`. */
  readonly budget?: FailureBudget;
}

const limits = new WeakMap<object, Limits>();

/** The limits of a group. Not the type of groups, which are built on this. */
export function limitsOf(group: object): Limits {
  return limits.get(group) ?? {};
}

/** Sets the limits of a group. */
export function setLimits(group: object, own: Limits): void {
  limits.set(group, own);
}
