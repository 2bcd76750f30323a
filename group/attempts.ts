import { ConnectionError } from "../tunnel/connection_error.ts";
import { withoutOwnFrames, withoutOwnFramesIfShort } from "../tunnel/own_frames.ts";
import { type Linked, linkOf, signalOf } from "../tunnel/operation/link.ts";
import { noteEffect } from "../tunnel/session/abort_signal.ts";
import type { Operation } from "../tunnel/operation/operation.ts";
import { reasonOf } from "./_failure_text.ts";
import { ErrorResult } from "./error_result.ts";
import { onEachMember } from "./limits/concurrency.ts";
import { FailureBudget } from "./limits/failure_budget.ts";
import { limitsOf } from "./limits/limits.ts";

/** A group, as far as it matters here: groups are built on this. */
export interface Crowd<M extends Linked = Linked> {
  readonly tunnels: readonly M[];
  readonly size: number;
  /** How many members are worked on at a time. */
  readonly concurrency: number;
}

/** Something to do on each member of a group, or on a view of a member. */
export interface Work<M extends Linked, T> {
  /** Settles when the work may be begun; rejects with what is wrong with it. */
  readonly ready: Promise<unknown> | undefined;
  /** Ends the work, beside the signals of the members. */
  readonly signal: AbortSignal | undefined;
  perform(member: M): Promise<T>;
}

/** An operation as work: on the connection itself, whatever methods a driver overrides. */
export function workOf<T>(operation: Operation<T>): Work<Linked, T> {
  const { ready, signal } = operation;
  return { ready, signal, perform: async (member) => await operation.perform(linkOf(member)) };
}

/** Does work on one member of a group, or on a view of one. Never rejects. */
export type Attempt<M extends Linked, T> = (member: M) => Promise<T | ErrorResult>;

/**
 * Work on a group under its limits: a host is skipped once the signal has aborted, or once more
 * hosts have failed than `maxFailures` allows.
 *
 * @param group The group. Its members are attempted in any order.
 * @param work What to do on each. The caller waits until it is ready.
 */
export function attempts<M extends Linked, T>(
  group: Crowd,
  work: Work<M, T>,
): Attempt<M, T> {
  const { signal, budget = budgetOf(group) } = limitsOf(group);
  return async (member) => {
    const skipped = budget?.skipped();
    // If there was an abort too, the result tells of the abort.
    if (skipped !== undefined && !signal?.aborted) return skipped;
    const result = await outcome(work, member);
    if (result instanceof ErrorResult && !result.skipped) budget?.count(member.host);
    return result;
  };
}

/** Does work on all members of a group, and gives the results in the group's order. */
export async function attemptAll<M extends Linked, T>(
  group: Crowd<M>,
  work: Work<M, T>,
): Promise<[host: string, result: T | ErrorResult][]> {
  await readiness(group, work);
  const attempt = attempts(group, work);
  return await onEachMember(
    group,
    async (member): Promise<[string, T | ErrorResult]> => [member.host, await attempt(member)],
  );
}

/**
 * Does work on one tunnel. Never rejects.
 *
 * @param member A tunnel, or a view of one, whose signal counts as well.
 */
export async function outcome<M extends Linked, T>(
  work: Work<M, T>,
  member: M,
): Promise<T | ErrorResult> {
  const signals = [signalOf(member), work.signal];
  const aborted = signals.find((signal) => signal?.aborted);
  if (aborted !== undefined) {
    noteEffect(aborted);
    return new ErrorResult(aborted.reason, { aborted: true, skipped: true });
  }
  try {
    return await work.perform(member);
  } catch (error) {
    const isReason = signals.some((signal) => signal?.aborted && signal.reason === error);
    if (error instanceof ConnectionError) withoutOwnFrames(error);
    else if (error instanceof Error) withoutOwnFramesIfShort(error);
    return new ErrorResult(error, { aborted: isReason, reason: reasonOf(error, member.host) });
  }
}

/** A new budget for the failures of a group's hosts, if the group has a limit for them. */
export function budgetOf(group: Crowd): FailureBudget | undefined {
  const { maxFailures } = limitsOf(group);
  return maxFailures === undefined ? undefined : new FailureBudget(maxFailures, group.size);
}

/**
 * Waits until work may be begun on a group, or until a signal has aborted. Rejects with what is
 * wrong with the work itself.
 */
export async function readiness(
  group: Crowd,
  { ready, signal }: Pick<Work<Linked, unknown>, "ready" | "signal">,
): Promise<void> {
  if (ready === undefined) return;
  const signals = [limitsOf(group).signal, signal].filter((one) => one !== undefined);
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
