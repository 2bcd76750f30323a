import type { Pipe } from "../../agent/wire/multiplexer.ts";

/** A way into a pipe that is closed at first: what is written waits until it is opened. */
export class Gate implements Pipe {
  readonly #target: Pipe;
  readonly #onDrain: () => void;
  #waiting: Uint8Array[] | undefined = [];

  /**
   * @param target Where all goes in the end. It is closed with the gate.
   * @param onDrain Called when there is room again after a write that returned `false`.
   */
  constructor(target: Pipe, onDrain: () => void) {
    this.#target = target;
    this.#onDrain = onDrain;
  }

  /** Lets all through from now on. */
  open(): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    // After a `false`, the target itself tells when there is room.
    if (waiting !== undefined && this.#target.write(waiting)) this.#onDrain();
  }

  /** Writes the chunks in order, now or when the gate is opened. */
  write(chunks: Uint8Array[]): boolean {
    if (this.#waiting === undefined) return this.#target.write(chunks);
    this.#waiting.push(...chunks);
    return false;
  }

  /** Closes the target. */
  close(): void {
    this.#target.close();
  }
}
