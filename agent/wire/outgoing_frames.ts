import { type FrameType, HEADER_SIZE, writeHeader } from "./frame.ts";

/** How much memory is taken for small frames at a time, in bytes. */
const SLAB_SIZE = 16 * 1024;

/** How much is taken at first: of a thousand tunnels, many do no more than a call. */
const FIRST_SLAB = 512;

/** A payload up to this size is copied behind its header, as one small write is faster than two. */
const COPY_LIMIT = 8 * 1024;

/**
 * The frames of the next write. Small ones lie one behind the other in a chunk: to make an array
 * for each would take longer than all else that is done for it.
 */
export class OutgoingFrames {
  #chunks: Uint8Array[] = [];
  /** The small frames that are not in a chunk yet are between `#start` and `#end` of it. */
  #slab = new Uint8Array(0);
  #start = 0;
  #end = 0;

  /** Adds a frame. A long payload is not copied. */
  add(type: FrameType, flags: number, channel: number, payload: Uint8Array): void {
    const { length } = payload;
    const isCopied = length <= COPY_LIMIT;
    const size = isCopied ? HEADER_SIZE + length : HEADER_SIZE;
    if (this.#end + size > this.#slab.length) {
      this.#close();
      const next = Math.min(SLAB_SIZE, 4 * this.#slab.length || FIRST_SLAB);
      this.#slab = new Uint8Array(Math.max(size, next));
      this.#start = this.#end = 0;
    }
    writeHeader(this.#slab, type, flags, channel, length, this.#end);
    if (isCopied) this.#slab.set(payload, this.#end + HEADER_SIZE);
    this.#end += size;
    if (isCopied) return;
    this.#close();
    this.#chunks.push(payload);
  }

  /** Gives the chunks to write, which are not changed any more, and begins anew. */
  take(): Uint8Array[] {
    this.#close();
    const chunks = this.#chunks;
    this.#chunks = [];
    return chunks;
  }

  #close(): void {
    if (this.#end > this.#start) this.#chunks.push(this.#slab.subarray(this.#start, this.#end));
    this.#start = this.#end;
  }
}
