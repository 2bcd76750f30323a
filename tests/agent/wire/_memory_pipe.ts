import { assertEquals } from "@std/assert";
import { setImmediate } from "node:timers";
import type { Channel } from "../../../agent/wire/channel.ts";
import { Fifo } from "../../../agent/wire/fifo.ts";
import { type Frame, FrameDecoder, HEADER_SIZE, writeHeader } from "../../../agent/wire/frame.ts";
import {
  Multiplexer,
  type MultiplexerOptions,
  type Pipe,
} from "../../../agent/wire/multiplexer.ts";

/** How a {@linkcode MemoryWire} behaves. */
export interface WireOptions {
  /** With more bytes than this on the wire, the sender has to wait. @default 256 KiB */
  readonly capacity?: number;
  /** Chooses how many of the next `length` bytes arrive as one piece. @default all */
  readonly chop?: (length: number) => number;
}

/** One direction of a pipe in memory. It can hold its bytes back, chop them and lose them. */
export class MemoryWire implements Pipe {
  /** Every frame that was written. */
  readonly frames: Frame[] = [];
  readonly #decoder = new FrameDecoder();
  readonly #capacity: number;
  readonly #chop: (length: number) => number;
  readonly #queue = new Fifo<Uint8Array>();
  /** How many bytes of the first chunk in the queue have arrived. */
  #offset = 0;
  #queued = 0;
  #held = false;
  #delivering = false;
  #wanting = false;
  #closed = false;
  /** Set when the ends are joined. */
  from!: Multiplexer;
  to!: Multiplexer;
  onClose: () => void = () => {};

  constructor(options: WireOptions = {}) {
    this.#capacity = options.capacity ?? 256 * 1024;
    this.#chop = options.chop ?? ((length) => length);
  }

  /** How many bytes were written and have not arrived. */
  get queued(): number {
    return this.#queued;
  }

  get idle(): boolean {
    return !this.#delivering;
  }

  /** The frames of a channel, of one type. */
  framesOf(type: number, channel: number): Frame[] {
    return this.frames.filter((frame) => frame.type === type && frame.channel === channel);
  }

  write(chunks: Uint8Array[]): boolean {
    if (this.#wanting) throw new Error("A write before the drain");
    if (this.#closed) return true;
    for (const chunk of chunks) {
      this.#decoder.push(
        chunk,
        ({ payload, ...frame }) => this.frames.push({ ...frame, payload: payload.slice() }),
      );
      this.#queue.push(chunk);
      this.#queued += chunk.length;
    }
    this.#wanting = this.#queued > this.#capacity;
    this.#deliver();
    return !this.#wanting;
  }

  /** Keeps everything from arriving until {@linkcode release}. */
  hold(): void {
    this.#held = true;
  }

  /** Undoes {@linkcode hold}. */
  release(): void {
    this.#held = false;
    this.#deliver();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#queue.clear();
    this.#queued = 0;
    setImmediate(this.onClose);
  }

  #deliver(): void {
    if (this.#delivering || this.#held || this.#queue.length === 0) return;
    this.#delivering = true;
    setImmediate(() => {
      this.#delivering = false;
      // Only a few pieces are delivered at a time, so that the ends alternate.
      for (let i = 0; i < 16 && !this.#held && this.#queue.length > 0; i++) this.#deliverPiece();
      if (this.#wanting && this.#queued <= this.#capacity / 2) {
        this.#wanting = false;
        this.from.handleDrain();
      }
      this.#deliver();
    });
  }

  #deliverPiece(): void {
    const next = this.#queue.first!.subarray(this.#offset);
    const size = Math.max(1, Math.min(next.length, this.#chop(next.length)));
    this.#offset += size;
    if (size === next.length) {
      this.#queue.shift();
      this.#offset = 0;
    }
    this.#queued -= size;
    // A pipe is read into memory that is overwritten afterwards.
    const piece = next.slice(0, size);
    this.to.handleChunk(piece);
    piece.fill(0xee);
  }
}

/** A multiplexer that tells how much memory unread messages take. */
export class CountingMultiplexer extends Multiplexer {
  held = 0;

  override countUnread(bytes: number): void {
    this.held += bytes;
    super.countUnread(bytes);
  }
}

/** One end of a {@linkcode PipePair}. */
export interface End {
  readonly multiplexer: CountingMultiplexer;
  /** The wire that this end writes to. */
  readonly wire: MemoryWire;
  /** The channels that the other end opened, with their headers. */
  readonly opened: { readonly channel: Channel; readonly header: Uint8Array }[];
  /** The error of each call of `onEnd`. */
  readonly ends: Error[];
}

/** Options for {@linkcode pipePair}. */
export interface PipePairOptions extends WireOptions {
  readonly left?: Partial<MultiplexerOptions>;
  readonly right?: Partial<MultiplexerOptions>;
}

/** Two multiplexers at the ends of a pipe in memory. */
export interface PipePair {
  readonly left: End;
  readonly right: End;
  /** Opens a channel at the left, and gives both its ends as soon as the right one exists. */
  channel(): Promise<[left: Channel, right: Channel]>;
  /** Resolves when nothing moves any more. */
  settled(): Promise<void>;
  /** Asserts that all is done: no channel is open, and no message is unread or on its way. */
  assertNothingOpen(): Promise<void>;
}

export function pipePair(options: PipePairOptions = {}): PipePair {
  const left = end(true, options, options.left);
  const right = end(false, options, options.right);
  for (const [one, other] of [[left, right], [right, left]] as const) {
    one.wire.from = one.multiplexer;
    one.wire.to = other.multiplexer;
    one.wire.onClose = () => {
      other.multiplexer.end(new Error("The pipe was closed"));
    };
  }
  const settled = async (): Promise<void> => {
    for (let quiet = 0; quiet < 3;) {
      await new Promise<void>((resolve) => setImmediate(resolve));
      quiet = left.wire.idle && right.wire.idle ? quiet + 1 : 0;
    }
  };
  return {
    left,
    right,
    async channel() {
      const channel = left.multiplexer.open(Uint8Array.of(1, 2, 3));
      while (right.opened.at(-1)?.channel.id !== channel.id) {
        await new Promise<void>((resolve) => setImmediate(resolve));
      }
      return [channel, right.opened.at(-1)!.channel];
    },
    settled,
    async assertNothingOpen() {
      await settled();
      for (const { multiplexer, wire } of [left, right]) {
        assertEquals(multiplexer.size, 0);
        assertEquals(multiplexer.held, 0);
        assertEquals(wire.queued, 0);
      }
    },
  };
}

function end(odd: boolean, wireOptions: WireOptions, options?: Partial<MultiplexerOptions>): End {
  const wire = new MemoryWire(wireOptions);
  const opened: End["opened"] = [];
  const ends: Error[] = [];
  const multiplexer = new CountingMultiplexer(wire, {
    odd,
    onChannel: (channel, header) => opened.push({ channel, header: header.slice() }),
    onHello: () => {},
    onEnd: (error) => ends.push(error),
    ...options,
  });
  return { multiplexer, wire, opened, ends };
}

/** Makes a frame of any kind, also of one that no end would send. */
export function frame(
  type: number,
  channel = 0,
  payload: Uint8Array = new Uint8Array(0),
  flags = 0,
): Uint8Array {
  const bytes = new Uint8Array(HEADER_SIZE + payload.length);
  writeHeader(bytes, type as Frame["type"], flags, channel, payload.length);
  bytes.set(payload, HEADER_SIZE);
  return bytes;
}

/** A multiplexer whose channels have even numbers, and whose other end is the test itself. */
export interface Lone {
  readonly multiplexer: CountingMultiplexer;
  readonly opened: Channel[];
  readonly ends: Error[];
  /** The chunks of each write. */
  readonly writes: Uint8Array[][];
  readonly closed: () => number;
}

/** Makes a {@linkcode Lone}; `reads` says whether the other end reads what it writes. */
export function lone(options: Partial<MultiplexerOptions> = {}, reads = true): Lone {
  const opened: Channel[] = [];
  const ends: Error[] = [];
  const writes: Uint8Array[][] = [];
  let closed = 0;
  const pipe: Pipe = {
    write(chunks) {
      writes.push(chunks);
      return reads;
    },
    close: () => void closed++,
  };
  const multiplexer = new CountingMultiplexer(pipe, {
    odd: false,
    onChannel: (channel) => opened.push(channel),
    onHello: () => {},
    onEnd: (error) => ends.push(error),
    ...options,
  });
  return { multiplexer, opened, ends, writes, closed: () => closed };
}
