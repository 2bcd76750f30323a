import { clearTimeout, setTimeout } from "node:timers";

/** A time that can stand still. */
export class Countdown {
  readonly #onEnd: () => void;
  readonly #milliseconds: number;
  #left: number;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #begun = 0;
  #pauses = 0;
  #isOver = false;

  /** Begins. `onEnd` is called after so many milliseconds, not counting the pauses. */
  constructor(milliseconds: number, onEnd: () => void) {
    this.#milliseconds = milliseconds;
    this.#left = milliseconds;
    this.#onEnd = onEnd;
    this.#run();
  }

  /** Stands still until {@linkcode resume} is called as often. */
  pause(): void {
    if (this.#pauses++ > 0) return;
    clearTimeout(this.#timer);
    this.#left -= performance.now() - this.#begun;
  }

  /** Undoes one {@linkcode pause}. */
  resume(): void {
    if (--this.#pauses === 0 && !this.#isOver) this.#run();
  }

  /** Begins anew. */
  restart(): void {
    clearTimeout(this.#timer);
    this.#left = this.#milliseconds;
    if (this.#pauses === 0 && !this.#isOver) this.#run();
  }

  /** Never calls `onEnd` any more. */
  stop(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #run(): void {
    this.#begun = performance.now();
    this.#timer = setTimeout(this.#onEnd, Math.max(0, this.#left));
  }
}
