/** Ends the waiting for one promise after the other when something else happens first. */
export class Interrupt {
  #reason: { readonly error: unknown } | undefined;
  #reject: ((error: unknown) => void) | undefined;

  /** Rejects the promise that is waited for, and all later ones, with `error`. */
  by(error: unknown): void {
    this.#reason ??= { error };
    this.#reject?.(this.#reason.error);
  }

  /**
   * Settles as `promise` does, or rejects if the interruption comes first. Only one promise at a
   * time may be waited for.
   */
  or<T>(promise: PromiseLike<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#reason !== undefined) reject(this.#reason.error);
      this.#reject = reject;
      promise.then(resolve, reject);
    });
  }
}
