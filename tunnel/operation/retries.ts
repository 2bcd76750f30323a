import { abortable } from "../session/abort_signal.ts";

/** Milliseconds before the second attempt. Each later one is waited for twice as long. */
const FIRST_DELAY = 1_000;
const LONGEST_DELAY = 30_000;

/**
 * Milliseconds to wait before another attempt. They are drawn from the upper half of what is due,
 * so that hosts that a server has turned away together do not come back together.
 *
 * @param count How many attempts have failed, except the first.
 */
export function retryDelay(count: number, random: () => number = Math.random): number {
  return Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** count) * (1 + random()) / 2;
}

/** The attempts to connect a tunnel. All operations that wait for the connection share them. */
export class Retries {
  readonly #limit: number;
  readonly #delay: (count: number) => number;
  #count = 0;
  /** The attempt that has failed last. */
  #failed: object | undefined;
  #pause: Pause | undefined;

  constructor(limit: number, delay: (count: number) => number = retryDelay) {
    this.#limit = limit;
    this.#delay = delay;
  }

  /**
   * Waits until there may be another attempt.
   *
   * @param failed The attempt that has failed.
   * @param signal Ends the waiting.
   * @returns `undefined` if there is to be no other attempt.
   */
  pauseAfter(failed: object, signal: AbortSignal | undefined): Promise<void> | undefined {
    if (failed !== this.#failed) {
      this.#failed = failed;
      this.#pause = this.#count < this.#limit ? new Pause(this.#delay(this.#count++)) : undefined;
      if (this.#pause === undefined) this.#count = 0;
    }
    return this.#pause?.wait(signal);
  }

  /** There is a connection, or nobody wants one any more. */
  reset(): void {
    this.#count = 0;
    this.#pause?.end();
  }
}

/** A pause that keeps the script alive while anything waits for its end. */
class Pause {
  readonly #over: Promise<void>;
  readonly #timer: ReturnType<typeof setTimeout>;
  #end!: () => void;
  #waiting = 0;

  constructor(milliseconds: number) {
    this.#over = new Promise((resolve) => this.#end = resolve);
    this.#timer = setTimeout(this.#end, milliseconds);
  }

  async wait(signal: AbortSignal | undefined): Promise<void> {
    this.#waiting++;
    try {
      await abortable(this.#over, signal);
    } finally {
      if (--this.#waiting === 0) this.end();
    }
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#end();
  }
}
