import { Fifo } from "../wire/fifo.ts";

/** Bytes that are collected for one write. */
const BLOCK = 64 * 1024;

/** How long a block may wait to be full, in milliseconds: on a slow link, too, one sees that something moves. */
const PATIENCE = 100;

/**
 * Bytes between what gives them, in pieces of any size, and what takes them in blocks. The blocks are used over and over:
 * as garbage, they would fill the memory until somebody collects them. The giver sees to it that there are not too many.
 */
export class BlockQueue {
  readonly #full = new Fifo<Uint8Array>();
  readonly #free: Uint8Array[] = [];
  #filling: Uint8Array | undefined;
  #length = 0;
  #taken: Uint8Array | undefined;
  #lastTime = 0;
  #isOver = false;
  #wake: (() => void) | undefined;

  /** Adds a copy of some bytes. Those that come after the end are dropped. */
  push(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length && !this.#isOver;) {
      this.#filling ??= this.#free.pop() ?? new Uint8Array(BLOCK);
      const piece = bytes.subarray(at, at + BLOCK - this.#length);
      this.#filling.set(piece, this.#length);
      this.#length += piece.length;
      at += piece.length;
      if (this.#length === BLOCK) this.#turn();
    }
    if (this.#length > 0 && performance.now() - this.#lastTime > PATIENCE) this.#turn();
  }

  /** Nothing more comes. */
  end(): void {
    this.#turn();
    this.#isOver = true;
    this.#wake?.();
  }

  /** Nothing more comes, and what is there is not wanted any more. */
  clear(): void {
    this.#length = 0;
    this.#full.clear();
    this.end();
  }

  /**
   * The next block, or `undefined` after the last one. It may be written over when this is called again. One reader at a
   * time.
   */
  async next(): Promise<Uint8Array | undefined> {
    if (this.#taken !== undefined) this.#free.push(this.#taken);
    this.#taken = undefined;
    if (this.#full.length === 0 && !this.#isOver) {
      await new Promise<void>((resolve) => this.#wake = resolve);
      this.#wake = undefined;
    }
    const next = this.#full.shift();
    if (next !== undefined) this.#taken = new Uint8Array(next.buffer);
    return next;
  }

  /** What is collected can be taken. */
  #turn(): void {
    this.#lastTime = performance.now();
    if (this.#length === 0) return;
    this.#full.push(this.#filling!.subarray(0, this.#length));
    this.#filling = undefined;
    this.#length = 0;
    this.#wake?.();
  }
}
