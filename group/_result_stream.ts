import { type Linked, withSignal } from "../tunnel/operation/link.ts";
import { attempts, type Crowd, readiness, type Work } from "./attempts.ts";
import type { ErrorResult } from "./error_result.ts";
import { onEachMember } from "./limits/concurrency.ts";

type Pair<T> = [host: string, result: T | ErrorResult];

/**
 * The results of work on a group, as they arrive. Nothing is begun before the first is asked for.
 *
 * Not an async generator function: if one is ended while it waits for a host, it goes on waiting.
 */
export class ResultStream<T> implements AsyncGenerator<Pair<T>, void, void> {
  readonly #group: Crowd;
  readonly #prepare: () => Work<Linked, T>;
  readonly #arrived: Pair<T>[] = [];
  /** Ends the work on each host whose result has not been handed out. */
  readonly #enders = new Map<string, AbortController>();
  #last: Promise<unknown> = Promise.resolve();
  #running: Promise<unknown> | undefined;
  #stopped = false;
  #over = false;
  #wake = (): void => {};

  /** `prepare` may throw; then the first `next()` rejects with what it throws. */
  constructor(group: Crowd, prepare: () => Work<Linked, T>) {
    this.#group = group;
    this.#prepare = prepare;
  }

  next(): Promise<IteratorResult<Pair<T>, void>> {
    const result = this.#last.then(() => this.#next());
    this.#last = result.catch(() => {});
    return result;
  }

  async return(): Promise<IteratorResult<Pair<T>, void>> {
    await this.#stop();
    return { done: true, value: undefined };
  }

  async throw(error: unknown): Promise<never> {
    await this.#stop();
    throw error;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stop();
  }

  async #next(): Promise<IteratorResult<Pair<T>, void>> {
    if (this.#running === undefined && !this.#stopped) await this.#start();
    while (!this.#stopped) {
      const pair = this.#arrived.shift();
      if (pair !== undefined) {
        this.#enders.delete(pair[0]);
        return { done: false, value: pair };
      }
      if (this.#over) break;
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
    return { done: true, value: undefined };
  }

  async #start(): Promise<void> {
    try {
      const work = this.#prepare();
      await readiness(this.#group, work);
      if (!this.#stopped) this.#running = this.#run(work);
    } catch (error) {
      this.#stopped = true;
      throw error;
    }
  }

  async #run(work: Work<Linked, T>): Promise<void> {
    const attempt = attempts(this.#group, work);
    await onEachMember(this.#group, async (member) => {
      if (this.#stopped) return;
      const ender = new AbortController();
      this.#enders.set(member.host, ender);
      const result = await attempt(withSignal(member, ender.signal));
      if (this.#stopped) return;
      this.#arrived.push([member.host, result]);
      this.#wake();
    });
    this.#over = true;
    this.#wake();
  }

  /** Ends what runs, and drops results that nobody will take: one may be a stream. */
  async #stop(): Promise<void> {
    this.#stopped = true;
    this.#wake();
    for (const ender of this.#enders.values()) {
      ender.abort(new Error("The results of the other hosts are not wanted any more"));
    }
    this.#enders.clear();
    this.#arrived.length = 0;
    await this.#running;
  }
}
