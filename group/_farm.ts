import { ConnectionError } from "../tunnel/connection_error.ts";
import { typeError } from "../tunnel/misuse.ts";
import { prepareCall } from "../tunnel/operation/call.ts";
import { prepareConnect } from "../tunnel/operation/connect.ts";
import { type Linked, linkOf, withSignal } from "../tunnel/operation/link.ts";
import { anySignal } from "../tunnel/session/abort_signal.ts";
import { Arrivals } from "./_arrivals.ts";
import { type Task, Tasks } from "./_tasks.ts";
import { budgetOf, type Crowd } from "./attempts.ts";
import { ErrorResult } from "./error_result.ts";
import { GroupResult } from "./group_result.ts";
import { onEachMember } from "./limits/concurrency.ts";
import type { FailureBudget } from "./limits/failure_budget.ts";
import { limitsOf } from "./limits/limits.ts";
import type { FarmWork, MapResult } from "./map.ts";

/**
 * How often the connection may be lost while an item is worked on: an item that uses up a host's
 * memory must not end the agents of all hosts, again and again.
 */
const MOST_LOSSES = 5;

/** A member at work. */
interface Worker {
  readonly member: Linked;
  /** How often its tunnel had been closed before; a tunnel that is closed is not opened again. */
  readonly closings: number;
  /** Settles when it is connected, or cannot be; several wait for that. */
  connecting: Promise<boolean> | undefined;
  /** Why it is left out. */
  lost: ErrorResult | undefined;
}

/** The results of {@linkcode FarmWork}, as they arrive. */
export class Farm<I, V> extends Arrivals<MapResult<I, V>> {
  readonly #group: Crowd;
  readonly #work: FarmWork<I>;
  readonly #signal: AbortSignal | undefined;
  readonly #budget: FailureBudget | undefined;
  #tasks: Tasks<I> | undefined;
  /** Ends the connecting. */
  readonly #ender = new AbortController();
  /** End the calls whose results have not been handed out. */
  readonly #callEnders = new Set<AbortController>();
  readonly #enderOf = new Map<MapResult<I, V>, AbortController>();
  #failure: { readonly error: unknown } | undefined;

  constructor(group: Crowd, work: FarmWork<I>) {
    super();
    const { signal, budget = budgetOf(group) } = limitsOf(group);
    this.#group = group;
    this.#work = work;
    this.#signal = anySignal(signal, work.signal);
    this.#budget = budget;
  }

  protected override async start(): Promise<() => Promise<void>> {
    if (this.#group.size === 0) throw typeError("Cannot map: the group has no members");
    // What is wrong with the function itself is not the fault of an item.
    await prepareCall(this.#work.fn as () => unknown, []).check();
    return () => this.#run();
  }

  protected override handedOut(result: MapResult<I, V>): void {
    this.#callEnders.delete(this.#enderOf.get(result)!);
    this.#enderOf.delete(result);
  }

  protected override end(): void {
    const reason = new Error("The results of the other items are not wanted any more");
    this.#ender.abort(reason);
    for (const ender of this.#callEnders) ender.abort(reason);
    this.#tasks?.stop();
  }

  async #run(): Promise<void> {
    const signal = this.#signal;
    signal?.throwIfAborted();
    const abort = (): void => this.#fail(signal?.reason);
    signal?.addEventListener("abort", abort);
    try {
      const tasks = this.#tasks = new Tasks(this.#work.items);
      // No member is connected for nothing.
      const first = await tasks.take();
      if (first === undefined) return;
      tasks.giveBack(first);
      await this.#workOn(tasks);
      if (this.#failure !== undefined) throw this.#failure.error;
    } finally {
      signal?.removeEventListener("abort", abort);
      this.#ender.abort(new Error("No item is left"));
      this.#tasks?.stop();
    }
  }

  #fail(error: unknown): void {
    this.#failure ??= { error };
    this.end();
  }

  async #workOn(tasks: Tasks<I>): Promise<void> {
    const lost: [host: string, result: ErrorResult][] = [];
    await onEachMember(this.#group, async (member) => {
      const { closings } = linkOf(member).core;
      const worker: Worker = { member, closings, connecting: undefined, lost: undefined };
      const slots = Array.from({ length: this.#work.perHost }, () => this.#slot(worker, tasks));
      await Promise.all(slots);
      if (worker.lost !== undefined) lost.push([member.host, worker.lost]);
    });
    if (!tasks.done && this.#failure === undefined && !this.stopped) {
      new GroupResult(lost).raiseFailures();
    }
  }

  /** Works on one item after the other. */
  async #slot(worker: Worker, tasks: Tasks<I>): Promise<void> {
    while (!this.#ender.signal.aborted && await this.#connect(worker)) {
      const task = await tasks.take();
      if (task === undefined) {
        // Members that are still being connected are not needed any more.
        return this.#ender.abort(new Error("No item is left"));
      }
      const ender = new AbortController();
      this.#callEnders.add(ender);
      const result = await this.#attempt(task, worker, ender.signal);
      if (ender.signal.aborted) return;
      if (result === undefined) {
        this.#callEnders.delete(ender);
        tasks.giveBack(task);
        continue;
      }
      this.#enderOf.set(result, ender);
      this.arrive(result);
      tasks.finish();
      await this.room(this.#group.size * this.#work.perHost);
    }
  }

  /** Connects a member that has no connection. Resolves to `false` if it is left out. */
  #connect(worker: Worker): Promise<boolean> {
    const { member, closings } = worker;
    const link = linkOf(withSignal(member, this.#ender.signal));
    return worker.connecting ??= (async () => {
      try {
        await prepareConnect(closings).perform(link);
        return true;
      } catch (error) {
        if (this.#ender.signal.aborted) return false;
        worker.lost = new ErrorResult(error);
        this.#budget?.count(member.host);
        const skipped = this.#budget?.skipped();
        if (skipped !== undefined) this.#fail(skipped.error);
        return false;
      }
    })();
  }

  /** Resolves to `undefined` if the item is to be worked on again. */
  async #attempt(
    task: Task<I>,
    worker: Worker,
    signal: AbortSignal,
  ): Promise<MapResult<I, V> | undefined> {
    const { item, index } = task;
    const call = prepareCall(this.#work.fn, [item]);
    let hasStreams: boolean;
    try {
      hasStreams = (await call.check()).hasStreams;
    } catch (error) {
      return { item, index, error: new ErrorResult(error) };
    }
    const { member, closings } = worker;
    const { host } = member;
    const link = linkOf(withSignal(member, signal));
    if (link.core.closings !== closings) {
      worker.connecting = undefined; // which tells that it was closed
      return undefined;
    }
    try {
      const value = await call.perform(link) as V;
      return { item, index, host, value };
    } catch (error) {
      const isLost = error instanceof ConnectionError;
      if (isLost) worker.connecting = undefined;
      const isOver = isLost ? ++task.losses >= MOST_LOSSES : ++task.failures > this.#work.retries;
      // A stream can be read only once.
      if (!isOver && !hasStreams) return undefined;
      return { item, index, host, error: new ErrorResult(error) };
    }
  }
}
