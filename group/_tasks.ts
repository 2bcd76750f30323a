import { type Deferred, deferred } from "../agent/wire/deferred.ts";
import { Fifo } from "../agent/wire/fifo.ts";

/** An item that is to be worked on. */
export interface Task<I> {
  readonly item: I;
  readonly index: number;
  /** How often the work on it has failed. */
  failures: number;
  /** How often the connection was lost while it was worked on. */
  losses: number;
}

/** Items that several workers take, one after the other. They are read no faster than taken. */
export class Tasks<I> {
  readonly #iterator: AsyncIterator<I> | Iterator<I>;
  /** Tasks that were given back. */
  readonly #ready = new Fifo<Task<I>>();
  readonly #waiting = new Fifo<Deferred<Task<I> | undefined>>();
  #next = 0;
  /** How many tasks have been taken, or given back, and not finished. */
  #open = 0;
  #reading = false;
  #ended = false;
  #failure: { readonly error: unknown } | undefined;

  constructor(items: Iterable<I> | AsyncIterable<I>) {
    this.#iterator = Symbol.asyncIterator in items
      ? items[Symbol.asyncIterator]()
      : items[Symbol.iterator]();
  }

  /** Whether all are finished. */
  get done(): boolean {
    return this.#ended && this.#open === 0;
  }

  /**
   * Takes the next task, which must be given back or finished then. Resolves to `undefined` when
   * all are finished; rejects then if the items could not be read to their end.
   */
  async take(): Promise<Task<I> | undefined> {
    if (this.#ready.length > 0) return this.#ready.shift();
    if (!this.done) {
      const waiting = deferred<Task<I> | undefined>();
      this.#waiting.push(waiting);
      void this.#read();
      return await waiting.promise;
    }
    if (this.#failure !== undefined) throw this.#failure.error;
    return undefined;
  }

  /** Gives a task back, which another worker takes next. */
  giveBack(task: Task<I>): void {
    if (this.#waiting.length > 0) this.#waiting.shift()!.resolve(task);
    else this.#ready.push(task);
  }

  /** Finishes a task. */
  finish(): void {
    this.#open--;
    this.#releaseIfDone();
  }

  /** Reads no more items, and lets nobody wait for one. */
  stop(): void {
    const isFirst = !this.#ended;
    this.#ended = true;
    this.#open = 0;
    this.#ready.clear();
    this.#releaseIfDone();
    if (!isFirst) return;
    // An async generator only ends when the item that it waits for has come.
    Promise.resolve(this.#iterator.return?.()).catch(() => {});
  }

  async #read(): Promise<void> {
    if (this.#reading) return;
    this.#reading = true;
    while (!this.#ended && this.#waiting.length > 0) {
      try {
        const { done, value } = await this.#iterator.next();
        if (this.#ended) break;
        if (done) this.#ended = true;
        else {
          this.#open++;
          this.giveBack({ item: value, index: this.#next++, failures: 0, losses: 0 });
        }
      } catch (error) {
        this.#failure = { error };
        this.#ended = true;
      }
    }
    this.#reading = false;
    this.#releaseIfDone();
  }

  #releaseIfDone(): void {
    if (!this.done) return;
    while (this.#waiting.length > 0) {
      const { resolve, reject } = this.#waiting.shift()!;
      if (this.#failure === undefined) resolve(undefined);
      else reject(this.#failure.error);
    }
  }
}
