import type { BaseTunnel } from "../tunnel/base_tunnel.ts";
import { FailureBudget } from "./_failure_budget.ts";
import { limits } from "./_limits.ts";
import { ErrorResult } from "./error_result.ts";
import type { Group } from "./group.ts";
import { type Operation, outcome } from "./target.ts";

/** Does an operation on one of a group's tunnels, or on a view of it. Never rejects. */
export type Attempt<T> = (tunnel: BaseTunnel) => Promise<T | ErrorResult>;

/**
 * One operation on a group, under what `group.with()` was given: a host is skipped once the signal has
 * aborted, or once more hosts have failed than `maxFailures` admits.
 *
 * @param group The group; its `tunnels` are to be attempted, in any order.
 * @param operation What to do on each. It is the caller who waits until it is ready.
 */
export function attempts<T>(group: Group, operation: Operation<T>): Attempt<T> {
  const { signal, budget = budgetOf(group) } = limits.get(group)!;
  return async (tunnel) => {
    const refusal = budget?.refusal();
    // An abort says more of why than the failures before it.
    if (refusal !== undefined && !signal?.aborted) return refusal;
    const result = await outcome(operation, tunnel);
    if (result instanceof ErrorResult && !result.skipped) budget?.count(tunnel.host);
    return result;
  };
}

/** A new budget for the failures of a group's hosts, if it has a limit for them. */
export function budgetOf(group: Group): FailureBudget | undefined {
  const { maxFailures } = limits.get(group)!;
  return maxFailures === undefined ? undefined : new FailureBudget(maxFailures, group.size);
}

/**
 * Waits until an operation may be begun on a group, or until the group's signal has aborted. Rejects with what
 * is wrong with the operation itself.
 */
export async function readiness(group: Group, operation: Operation<unknown>): Promise<void> {
  const { ready } = operation;
  if (ready === undefined) return;
  const signals = [limits.get(group)!.signal, operation.signal].filter((one) => one !== undefined);
  if (signals.some(({ aborted }) => aborted)) return;
  const listening = new AbortController();
  const aborted = new Promise<void>((resolve) => {
    for (const one of signals) {
      one.addEventListener("abort", () => resolve(), { signal: listening.signal });
    }
  });
  try {
    await Promise.race([ready, aborted]);
  } finally {
    listening.abort();
  }
}
