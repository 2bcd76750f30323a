import { clearTimeout, setTimeout } from "node:timers";

/**
 * Milliseconds that a line waits. What a program says of its failure, it says at its end; what it
 * says of a long wait, such as for a job or an image, is to be seen meanwhile.
 */
const DELAY = 1_000;

/** So many lines may wait: to tell them all at once takes time. */
const MAX_HELD = 1_000;

/**
 * Holds lines back for a moment while a connection is made: if it fails, the error tells them, and
 * they need not be told twice.
 */
export class HeldLines {
  readonly #report: (line: string) => void;
  #held: string[] | undefined = [];
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param report Takes the lines that are told. */
  constructor(report: (line: string) => void) {
    this.#report = report;
  }

  /** Takes the next line. */
  push(line: string): void {
    if (this.#held === undefined) return this.#report(line);
    if (this.#held.push(line) > MAX_HELD) return this.#tell();
    this.#timer ??= setTimeout(() => this.#tell(), DELAY).unref();
  }

  /** There is a connection: from now on, lines are told at once. */
  open(): void {
    this.#tell();
    this.#held = undefined;
  }

  /** The connection has failed. An error tells what is held. */
  drop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#held !== undefined) this.#held = [];
  }

  #tell(): void {
    const lines = this.#held;
    this.drop();
    lines?.forEach((line) => this.#report(line));
  }
}
