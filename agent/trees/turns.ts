import { setImmediate } from "node:timers";

/** How many milliseconds the work on files may take before other tasks get a turn. */
const TURN = 20;

/** Lets other tasks run: much of the work on small files is synchronous, which is faster. */
export class Turns {
  #since = performance.now();

  /** Resolves at once, or when all other tasks have had a turn. */
  async next(): Promise<void> {
    if (performance.now() - this.#since < TURN) return;
    await new Promise<void>((resolve) => setImmediate(resolve));
    this.#since = performance.now();
  }
}
