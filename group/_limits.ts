import type { FailureBudget } from "./_failure_budget.ts";
import type { Share } from "./_share.ts";
import type { Group } from "./group.ts";

/** What ends a group's operations, or keeps hosts from being begun. */
export interface Limits {
  readonly signal?: AbortSignal;
  /** How many hosts may fail in an operation. */
  readonly maxFailures?: Share;
  /** What batches have in common; it stands in for `maxFailures`. */
  readonly budget?: FailureBudget;
}

/** The limits of each group. */
export const limits: WeakMap<Group, Limits> = new WeakMap();
