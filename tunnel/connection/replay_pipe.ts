import type { Pipe } from "../../agent/wire/multiplexer.ts";

/**
 * A pipe that remembers what was written, until an agent is up. A far end without an interpreter
 * drops all that it has got by then, and gets it once more behind the interpreter; so does a server
 * that is dialled once more.
 */
export class ReplayPipe implements Pipe {
  readonly #target: Pipe;
  readonly #onDrain: () => void;
  #written: Uint8Array[] | undefined = [];
  #isHeld = false;

  /** `onDrain` is called when there is room again after a write that returned `false`. */
  constructor(target: Pipe, onDrain: () => void) {
    this.#target = target;
    this.#onDrain = onDrain;
  }

  /** Whether what is written stays here for now. */
  get isHeld(): boolean {
    return this.#isHeld;
  }

  /** Writes the chunks in order, now or behind an interpreter. */
  write(chunks: Uint8Array[]): boolean {
    this.#written?.push(...chunks);
    return !this.#isHeld && this.#target.write(chunks);
  }

  /** Writes what is not for an agent, and forgets it. Returns whether there is room for more. */
  send(chunk: Uint8Array): boolean {
    return this.#target.write([chunk]);
  }

  /** Lets nothing more through that is for an agent. */
  hold(): void {
    this.#isHeld = true;
  }

  /** Writes once more all that was written, and lets through what follows. */
  replay(): void {
    const written = this.#written ?? [];
    this.#isHeld = false;
    this.forget();
    if (this.#target.write(written)) this.#onDrain();
  }

  /** Remembers nothing any more: an agent has it. */
  forget(): void {
    this.#written = undefined;
  }

  /** Closes the target. */
  close(): void {
    this.#target.close();
  }
}
