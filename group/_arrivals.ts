/**
 * Values that work on several hosts gives, as they arrive. Nothing is begun before the first is
 * asked for.
 *
 * Not an async generator function: if one is ended while it waits for a host, it goes on waiting.
 */
export abstract class Arrivals<T> implements AsyncGenerator<T, void, void> {
  readonly #arrived: T[] = [];
  #last: Promise<unknown> = Promise.resolve();
  #running: Promise<void> | undefined;
  #failure: { readonly error: unknown } | undefined;
  #stopped = false;
  #over = false;
  #wake = (): void => {};
  #waiting: (() => void)[] = [];

  /**
   * Gets ready. The first `next()` rejects with what it throws.
   *
   * @returns Does the work, and settles when it is over. Its failure is thrown behind the values.
   */
  protected abstract start(): Promise<() => Promise<void>>;

  /** Ends the work, since its values are not wanted any more. */
  protected abstract end(): void;

  /** Takes note that a value has been handed out. */
  protected handedOut(_value: T): void {}

  /** Whether the values are not wanted any more. */
  protected get stopped(): boolean {
    return this.#stopped;
  }

  /** Hands a value out. */
  protected arrive(value: T): void {
    if (this.#stopped) return;
    this.#arrived.push(value);
    this.#wake();
  }

  /** Waits until fewer than `most` values have not been handed out. */
  protected async room(most: number): Promise<void> {
    while (this.#arrived.length >= most && !this.#stopped) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  next(): Promise<IteratorResult<T, void>> {
    const result = this.#last.then(() => this.#next());
    this.#last = result.catch(() => {});
    return result;
  }

  async return(): Promise<IteratorResult<T, void>> {
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

  async #next(): Promise<IteratorResult<T, void>> {
    if (this.#running === undefined && !this.#stopped) await this.#start();
    while (!this.#stopped) {
      if (this.#arrived.length > 0) {
        const value = this.#arrived.shift()!;
        this.handedOut(value);
        for (const resolve of this.#waiting.splice(0)) resolve();
        return { done: false, value };
      }
      if (this.#over) break;
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
    const failure = this.#failure;
    this.#failure = undefined; // it is told once
    if (failure !== undefined && !this.#stopped) throw failure.error;
    return { done: true, value: undefined };
  }

  async #start(): Promise<void> {
    try {
      const run = await this.start();
      if (!this.#stopped) this.#running = this.#run(run);
    } catch (error) {
      this.#stopped = true;
      throw error;
    }
  }

  async #run(run: () => Promise<void>): Promise<void> {
    try {
      await run();
    } catch (error) {
      this.#failure = { error };
    }
    this.#over = true;
    this.#wake();
  }

  /** Ends what runs, and drops values that nobody will take: one may be a stream. */
  async #stop(): Promise<void> {
    this.#stopped = true;
    this.#wake();
    for (const resolve of this.#waiting.splice(0)) resolve();
    this.end();
    this.#arrived.length = 0;
    await this.#running;
  }
}
