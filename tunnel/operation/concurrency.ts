import { Fifo } from "../../agent/wire/fifo.ts";
import { abortable } from "../session/abort_signal.ts";

/**
 * Lets at most a number of things go on at once; the others wait, and begin in the order in which
 * they came.
 *
 * It is a function around the work, and not a turn to hold with `using`: this code also runs at far
 * ends, where Node before version 24 does not know that syntax.
 */
export class Limiter {
  readonly #most: (running: number) => number;
  #running = 0;
  /** Each begins one thing that waits, and returns whether that was still wanted. */
  readonly #waiting = new Fifo<() => boolean>();

  /**
   * @param most A positive integer or `Infinity`; or a function that gives one when something is to
   * begin, given how many are running.
   */
  constructor(most: number | ((running: number) => number)) {
    this.#most = typeof most === "number" ? () => most : most;
  }

  /**
   * Does `work`, which begins at once if there is room. Work must not wait for other work under the
   * same limiter.
   *
   * @param work What to do.
   * @param signal Ends the waiting: then `work` does not begin, and this rejects with the reason.
   * @returns What `work` returns.
   */
  async run<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    if (this.#running < this.#most(this.#running)) this.#running++;
    else await this.#wait(signal);
    try {
      return await work();
    } finally {
      this.#leave();
    }
  }

  async #wait(signal: AbortSignal | undefined): Promise<void> {
    let isWanted = true;
    let hasBegun = false;
    const begun = new Promise<void>((resolve) =>
      this.#waiting.push(() => {
        hasBegun = isWanted;
        resolve();
        return isWanted;
      })
    );
    try {
      await abortable(begun, signal);
    } catch (error) {
      isWanted = false;
      // It may have begun in the same moment as the abort.
      if (hasBegun) this.#leave();
      throw error;
    }
  }

  /** Leaves the room to the next one that still wants it. */
  #leave(): void {
    while (this.#waiting.length > 0) if (this.#waiting.shift()!()) return;
    this.#running--;
  }
}
