import { setImmediate } from "node:timers";

/** For so long, in milliseconds, work goes on before other events have their turn. */
const LONGEST = 10;

/**
 * So many parts are done before that. Each may go on in microtasks, which nobody measures, and what
 * it makes is only counted then.
 */
const MOST_PARTS = 32;

/** Divides work that a far end causes, so that it never blocks the event loop for long. */
export class Slice {
  #spent = 0;
  #parts = 0;
  #isWaiting = false;

  /** Does a part of the work, and counts how long it takes. */
  run<T>(work: () => T): T {
    const start = performance.now();
    this.#parts++;
    try {
      return work();
    } finally {
      this.#spent += performance.now() - start;
    }
  }

  /**
   * Whether the rest of the work must wait. Then `goOn` of the first who asked is called, when
   * other events have had their turn.
   */
  isOver(goOn: () => void): boolean {
    if (this.#spent < LONGEST && this.#parts < MOST_PARTS) return false;
    if (this.#isWaiting) return true;
    this.#isWaiting = true;
    setImmediate(() => {
      this.#isWaiting = false;
      this.#spent = 0;
      this.#parts = 0;
      goOn();
    });
    return true;
  }
}
