import { Fifo } from "../wire/fifo.ts";

/** How many bytes are collected for one write. */
const BLOCK = 64 * 1024;

/** The size of a first block that begins with less: most files are small. */
const SMALL_BLOCK = 4 * 1024;

/** How many milliseconds a block may wait to be full. A slow link, too, has to show progress. */
const PATIENCE = 100;

/**
 * Collects pieces of any size, and gives them out in blocks. The blocks are used over and over: as
 * garbage, they would fill the memory until it is collected. The queue has no limit of its own: the
 * caller of {@linkcode push} must not add too much.
 */
export class BlockQueue {
  readonly #full = new Fifo<Uint8Array>();
  readonly #free: Uint8Array[] = [];
  #filling: Uint8Array | undefined;
  #isFirst = true;
  #length = 0;
  #taken: Uint8Array | undefined;
  #lastTime = 0;
  #isEnded = false;
  #wake: (() => void) | undefined;

  /** Adds a copy of some bytes. Bytes that come after the end are dropped. */
  push(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length && !this.#isEnded;) {
      this.#filling ??= this.#free.pop() ?? this.#newBlock(bytes.length);
      const { length: size } = this.#filling;
      const piece = bytes.subarray(at, at + size - this.#length);
      this.#filling.set(piece, this.#length);
      this.#length += piece.length;
      at += piece.length;
      if (this.#length === size) this.#finishBlock();
    }
    if (this.#length > 0 && performance.now() - this.#lastTime > PATIENCE) this.#finishBlock();
  }

  /** Ends the queue. The bytes that are there can still be taken. */
  end(): void {
    this.#finishBlock();
    this.#isEnded = true;
    this.#wake?.();
  }

  /** Ends the queue, and drops the bytes that are there. */
  clear(): void {
    this.#length = 0;
    this.#full.clear();
    this.end();
  }

  /**
   * The next block, or `undefined` after the last one. It may be written over when this is called
   * again. Only one reader at a time may wait.
   */
  async next(): Promise<Uint8Array | undefined> {
    if (this.#taken?.length === BLOCK) this.#free.push(this.#taken);
    this.#taken = undefined;
    if (this.#full.length === 0 && !this.#isEnded) {
      await new Promise<void>((resolve) => this.#wake = resolve);
      this.#wake = undefined;
    }
    const next = this.#full.shift();
    if (next !== undefined) this.#taken = new Uint8Array(next.buffer);
    return next;
  }

  #newBlock(size: number): Uint8Array {
    const isSmall = this.#isFirst && size < SMALL_BLOCK;
    this.#isFirst = false;
    return new Uint8Array(isSmall ? SMALL_BLOCK : BLOCK);
  }

  /** Lets the reader have the bytes that are collected so far. */
  #finishBlock(): void {
    this.#lastTime = performance.now();
    if (this.#length === 0) return;
    this.#full.push(this.#filling!.subarray(0, this.#length));
    this.#filling = undefined;
    this.#length = 0;
    this.#wake?.();
  }
}
