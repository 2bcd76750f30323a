import { Flag, HEADER_SIZE, MAX_PAYLOAD, writeUint32 } from "./frame.ts";

/** Of messages up to this size, which go in a few pieces, the size is not told ahead. */
const SHORT = 4 * MAX_PAYLOAD;

/**
 * The size of the pieces of a longer message: such a frame fits into a pipe of 64 KiB at once, even
 * if a page of that is taken by a small frame.
 */
const PIECE = 60 * 1024 - HEADER_SIZE;

/** A piece of a message that goes out as one frame. */
export interface Piece {
  readonly bytes: Uint8Array;
  readonly flags: number;
  /** How many bytes of the message are in it. */
  readonly size: number;
}

/** A message that waits to be sent, or what is left of it. */
export class OutgoingMessage {
  readonly #bytes: Uint8Array;
  readonly #flags: number;
  readonly #most: number;
  #offset = 0;
  /** Whether the other end need not be told of its size any more. */
  #isTold: boolean;
  #isOver = false;

  constructor(bytes: Uint8Array, flags: number) {
    this.#bytes = bytes;
    this.#flags = flags;
    this.#most = bytes.length > SHORT ? PIECE : MAX_PAYLOAD;
    // There is no number for more than the second.
    this.#isTold = bytes.length <= SHORT || bytes.length > 0xffff_ffff;
  }

  /** Whether the last piece has been taken. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Takes what fits into a frame, and into a window of so many bytes. */
  take(window: number): Piece | undefined {
    const rest = this.#bytes.length - this.#offset;
    const isFree = costOf(rest, this.#flags) === 0;
    // The first frame of a long message has its size in front.
    const extra = this.#isTold ? 0 : 4;
    const room = Math.min(this.#most, window - HEADER_SIZE) - extra;
    if (!isFree && room <= 0) return undefined;
    const size = isFree ? 0 : Math.min(rest, room);
    let bytes = size === this.#bytes.length
      ? this.#bytes
      : this.#bytes.subarray(this.#offset, this.#offset + size);
    if (extra > 0) {
      const told = new Uint8Array(extra + size);
      writeUint32(told, 0, this.#bytes.length);
      told.set(bytes, extra);
      bytes = told;
    }
    this.#offset += size;
    this.#isOver = size === rest;
    const told = this.#isTold ? 0 : Flag.SIZE;
    this.#isTold = true;
    return { bytes, flags: this.#isOver ? this.#flags : this.#flags & Flag.RAW | told, size };
  }
}

/** How much of the window a DATA frame takes: nothing if it only says that the channel ends. */
export function costOf(length: number, flags: number): number {
  return length === 0 && (flags & Flag.MESSAGE) === 0 ? 0 : length + HEADER_SIZE;
}
