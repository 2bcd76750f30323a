import { Writable } from "node:stream";

/** A chunk that waits, as a stream hands it over. */
interface Waiting {
  readonly chunk: Uint8Array;
  readonly done: (error?: Error | null) => void;
}

/** A way into a stream that is closed at first: what is written waits until it is opened. */
export class Gate extends Writable {
  readonly #target: Writable;
  #isOpen = false;
  #waiting: Waiting | undefined;

  /** @param target Where all goes in the end. It is destroyed with the gate. */
  constructor(target: Writable) {
    super();
    this.#target = target;
    this.on("error", () => {});
  }

  /** Lets all through from now on. */
  open(): void {
    this.#isOpen = true;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting !== undefined) this.#target.write(waiting.chunk, waiting.done);
  }

  /** Called by the stream, with one chunk after the other. */
  override _write(chunk: Uint8Array, _encoding: string, done: Waiting["done"]): void {
    if (this.#isOpen) this.#target.write(chunk, done);
    else this.#waiting = { chunk, done };
  }

  /** Called by the stream with all that has piled up. */
  override _writev(chunks: { chunk: Uint8Array }[], done: Waiting["done"]): void {
    this.#target.cork();
    for (const { chunk } of chunks.slice(0, -1)) this.#target.write(chunk);
    this._write(chunks.at(-1)!.chunk, "", done);
    this.#target.uncork();
  }

  /** Called by the stream at its end. */
  override _destroy(error: Error | null, done: Waiting["done"]): void {
    this.#target.destroy();
    done(error);
  }
}
