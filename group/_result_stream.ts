import type { BaseTunnel } from "../tunnel/base_tunnel.ts";
import { bounded } from "./_bounded.ts";
import { attempts, readiness } from "./attempts.ts";
import type { ErrorResult } from "./error_result.ts";
import type { Group } from "./group.ts";
import type { Operation } from "./target.ts";

type Pair<T> = [host: string, result: T | ErrorResult];

/**
 * The results of an operation on a group, as they arrive. Nothing is begun before the first is asked for.
 *
 * Not an async generator function: one that is ended while it waits for a host would wait on.
 */
export class ResultStream<T> implements AsyncGenerator<Pair<T>, void, void> {
  readonly #group: Group;
  readonly #operation: () => Operation<T>;
  readonly #arrived: Pair<T>[] = [];
  /** Ends what is being done on a host of which the result has not been handed out. */
  readonly #enders = new Map<string, AbortController>();
  #last: Promise<unknown> = Promise.resolve();
  #work: Promise<void> | undefined;
  #stopped = false;
  #over = false;
  #wake = (): void => {};

  /** `operation` may throw: the first `next()` does so then. */
  constructor(group: Group, operation: () => Operation<T>) {
    this.#group = group;
    this.#operation = operation;
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
    if (this.#work === undefined && !this.#stopped) await this.#start();
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
      const operation = this.#operation();
      await readiness(this.#group, operation);
      if (!this.#stopped) this.#work = this.#run(operation);
    } catch (error) {
      this.#stopped = true;
      throw error;
    }
  }

  async #run(operation: Operation<T>): Promise<void> {
    const { tunnels, concurrency } = this.#group;
    const attempt = attempts(this.#group, operation);
    await bounded(tunnels, concurrency, async (tunnel: BaseTunnel) => {
      if (this.#stopped) return;
      const ender = new AbortController();
      this.#enders.set(tunnel.host, ender);
      const result = await attempt(tunnel.with({ signal: ender.signal }));
      if (this.#stopped) return;
      this.#arrived.push([tunnel.host, result]);
      this.#wake();
    });
    this.#over = true;
    this.#wake();
  }

  /** Ends what goes on, and what has arrived and nobody will take: it may be a stream. */
  async #stop(): Promise<void> {
    this.#stopped = true;
    this.#wake();
    for (const ender of this.#enders.values()) {
      ender.abort(new Error("The results of the other hosts are not wanted any more"));
    }
    this.#enders.clear();
    this.#arrived.length = 0;
    await this.#work;
  }
}
