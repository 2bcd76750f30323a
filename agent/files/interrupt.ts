/** Ends the waiting for one thing when another comes first. The other is waited for many times. */
export class Interrupt {
  #reason: { readonly error: unknown } | undefined;
  #reject: ((error: unknown) => void) | undefined;

  /** Whoever waits gets `error`, now and from now on. */
  by(error: unknown): void {
    this.#reason ??= { error };
    this.#reject?.(this.#reason.error);
  }

  /** Settles as `promise` does, or rejects when the interruption comes first, or has come. One at a time. */
  or<T>(promise: PromiseLike<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#reason !== undefined) reject(this.#reason.error);
      this.#reject = reject;
      promise.then(resolve, reject);
    });
  }
}
