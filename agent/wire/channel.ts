import { concat } from "./concat.ts";
import { type Deferred, deferred } from "./deferred.ts";
import { Fifo } from "./fifo.ts";
import { Flag, HEADER_SIZE, MAX_PAYLOAD } from "./frame.ts";
import { ProtocolError } from "./protocol_error.ts";

/**
 * Bytes that one side may send on a channel before the other has read any of
 * them, frame headers included: many tiny messages cost memory too. As much as ssh allows its own channels, so that a channel here fills
 * the link as well as ssh can: 2 MiB at 100 ms are 20 MB/s.
 */
export const WINDOW: number = 2 * 1024 * 1024;

/** Credit is granted in steps of this many bytes, so that it costs few frames. */
const CREDIT_STEP = WINDOW / 4;

/** What holding a piece of a message costs beside its bytes; counted, so that many tiny ones cannot fill the memory. */
const PIECE_COST = 200;

/** A whole message of a channel. */
export interface Message {
  /** The message. */
  readonly bytes: Uint8Array;
  /** A combination of {@linkcode Flag.RAW} and {@linkcode Flag.FAILURE}. */
  readonly flags: number;
}

/** What a channel needs of the pipe it is on. */
export interface ChannelCarrier {
  /** The channel has something to send. */
  schedule(channel: Channel): void;
  /** The reader has made room for `bytes` more. */
  sendCredit(channel: Channel, bytes: number): void;
  /** The channel is over, at once. */
  sendReset(channel: Channel, reason: Uint8Array): void;
  /** `bytes` more (or fewer) of memory are held here for readers. */
  hold(bytes: number): void;
  /** Both sides are done with the channel. */
  release(channel: Channel): void;
}

/** The other end gave a channel up. */
export class ChannelReset extends Error {
  override name = "ChannelReset";
  /** What the other end said of it, as it came. */
  readonly reason: Uint8Array;

  constructor(reason: Uint8Array) {
    super("The other end gave the channel up");
    this.reason = reason;
  }
}

interface Outgoing {
  readonly bytes: Uint8Array;
  readonly flags: number;
  offset: number;
}

/** A piece of a message that goes out as one frame. */
export interface Piece {
  readonly bytes: Uint8Array;
  readonly flags: number;
}

/**
 * A conversation of messages in both directions, beside others on one pipe.
 * Each direction has a window of {@linkcode WINDOW} bytes: a sender waits when
 * the reader does not read, so neither end stores what nobody wants yet.
 */
export class Channel {
  readonly id: number;
  readonly #carrier: ChannelCarrier;

  readonly #outgoing = new Fifo<Outgoing>();
  #queued = 0;
  #sendWindow = WINDOW;
  #ending = false;
  #drained: Deferred<void> | undefined;

  /** The message that is not complete yet, and what its pieces took from the window. */
  #partial: Uint8Array[] = [];
  #partialSize = 0;
  #partialCost = 0;
  #receiveWindow = WINDOW;
  #owed = 0;
  readonly #messages = new Fifo<{ readonly message: Message; readonly cost: number }>();
  #held = 0;
  #waiting: Deferred<Message | undefined> | undefined;
  #sink: ((bytes: Uint8Array) => void) | undefined;
  #ended = false;
  #failure: { readonly error: unknown } | undefined;
  readonly #failureListeners: ((error: unknown) => void)[] = [];

  /** For {@linkcode Multiplexer}. */
  constructor(id: number, carrier: ChannelCarrier) {
    this.id = id;
    this.#carrier = carrier;
  }

  /** Whether the channel is over by failure or reset. */
  get failed(): boolean {
    return this.#failure !== undefined;
  }

  /**
   * Queues a message, with {@linkcode Flag.RAW}, {@linkcode Flag.FAILURE} and
   * {@linkcode Flag.END} as they apply. It never waits; see {@linkcode drained}
   * for back-pressure.
   */
  send(bytes: Uint8Array, flags = 0): void {
    if (this.#failure !== undefined || this.#ending) return;
    this.#ending = (flags & Flag.END) !== 0;
    this.#outgoing.push({ bytes, flags: flags | Flag.MESSAGE, offset: 0 });
    this.#queued += bytes.length;
    this.#carrier.schedule(this);
  }

  /** Nothing more will be sent. */
  end(): void {
    if (this.#failure !== undefined || this.#ending) return;
    this.#ending = true;
    this.#outgoing.push({ bytes: new Uint8Array(0), flags: Flag.END, offset: 0 });
    this.#carrier.schedule(this);
  }

  /** Resolves when what was queued is on its way, so that more may be queued. Rejects when the channel fails. */
  drained(): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure.error);
    if (this.#queued === 0) return Promise.resolve();
    this.#drained ??= deferred<void>();
    return this.#drained.promise;
  }

  /**
   * The next message, or `undefined` when the other end has sent its last.
   * Rejects when the channel fails. One reader at a time.
   */
  receive(): Promise<Message | undefined> {
    const next = this.#messages.shift();
    if (next !== undefined) {
      this.#hold(-next.message.bytes.length - PIECE_COST);
      this.credit(next.cost);
      return Promise.resolve(next.message);
    }
    if (this.#failure !== undefined) return Promise.reject(this.#failure.error);
    if (this.#ended) return Promise.resolve(undefined);
    this.#waiting = deferred<Message | undefined>();
    return this.#waiting.promise;
  }

  /**
   * Has plain bytes given to `sink` as they come, instead of to {@linkcode receive}. They may be written over when it
   * returns, and count against the window until {@linkcode credit} is called for them.
   */
  takeBytes(sink: (bytes: Uint8Array) => void): void {
    this.#sink = sink;
    while (this.#messages.first?.message.flags === Flag.RAW) {
      const { message: { bytes }, cost } = this.#messages.shift()!;
      this.#hold(-bytes.length - PIECE_COST);
      this.credit(cost - bytes.length);
      sink(bytes);
    }
  }

  /** So many of the bytes that {@linkcode takeBytes} gave take no room any more. */
  credit(bytes: number): void {
    if (this.#ended || this.#failure !== undefined) return;
    this.#owed += bytes;
    if (this.#owed < CREDIT_STEP) return;
    this.#receiveWindow += this.#owed;
    this.#carrier.sendCredit(this, this.#owed);
    this.#owed = 0;
  }

  /** Gives the channel up, in both directions, and what is unread. Harmless when it is over already. */
  reset(error: unknown, reason: Uint8Array = new Uint8Array(0)): void {
    if (this.#failure !== undefined) return;
    if (!(this.#ended && this.#sentAll)) this.#carrier.sendReset(this, reason);
    this.fail(error);
  }

  /** Calls `listener` when the channel fails, at once if it has. */
  onFailure(listener: (error: unknown) => void): void {
    if (this.#failure !== undefined) listener(this.#failure.error);
    else this.#failureListeners.push(listener);
  }

  /** For {@linkcode Multiplexer}: the channel is over; whoever waits on it gets `error`. */
  fail(error: unknown): void {
    if (this.#failure !== undefined) return;
    this.#failure = { error };
    this.#outgoing.clear();
    this.#queued = 0;
    this.#messages.clear();
    this.#partial = [];
    this.#sink = undefined;
    this.#hold(-this.#held);
    this.#carrier.release(this);
    this.#waiting?.reject(error);
    this.#waiting = undefined;
    this.#drained?.promise.catch(() => {});
    this.#drained?.reject(error);
    for (const listener of this.#failureListeners.splice(0)) listener(error);
  }

  /** For {@linkcode Multiplexer}: the next frame's worth of bytes that the window admits. */
  take(): Piece | undefined {
    const next = this.#outgoing.first;
    if (next === undefined) return undefined;
    const rest = next.bytes.length - next.offset;
    const free = costOf(rest, next.flags) === 0;
    if (!free && this.#sendWindow <= HEADER_SIZE) return undefined;
    const size = free ? 0 : Math.min(rest, MAX_PAYLOAD, this.#sendWindow - HEADER_SIZE);
    const bytes = size === next.bytes.length
      ? next.bytes
      : next.bytes.subarray(next.offset, next.offset + size);
    next.offset += size;
    this.#queued -= size;
    if (!free) this.#sendWindow -= size + HEADER_SIZE;
    const last = next.offset === next.bytes.length;
    if (last) this.#outgoing.shift();
    if (this.#queued === 0 && this.#drained !== undefined) {
      this.#drained.resolve();
      this.#drained = undefined;
    }
    if (this.#ended && this.#sentAll) this.#carrier.release(this);
    return { bytes, flags: last ? next.flags : next.flags & Flag.RAW };
  }

  /** For {@linkcode Multiplexer}: the other end made room. */
  handleCredit(bytes: number): void {
    this.#sendWindow += bytes;
    if (this.#outgoing.length > 0) this.#carrier.schedule(this);
  }

  /** For {@linkcode Multiplexer}: bytes of the other end. */
  handleData(payload: Uint8Array, flags: number): void {
    if (this.#ended) throw new ProtocolError(`Data after the end of channel ${this.id}`);
    const cost = costOf(payload.length, flags);
    this.#take(cost);
    if (this.takesParts(flags)) {
      this.credit(cost - payload.length);
      this.#sink!(payload);
    } else if ((flags & Flag.MESSAGE) !== 0) this.#handleMessage(payload, cost, flags);
    else if (payload.length > 0) this.#handlePiece(payload, cost);
    if ((flags & Flag.END) === 0) return;
    if (this.#partial.length > 0) {
      throw new ProtocolError(`The end of channel ${this.id} within a message`);
    }
    this.#ended = true;
    if (this.#sentAll) this.#carrier.release(this);
    this.#waiting?.resolve(undefined);
    this.#waiting = undefined;
  }

  /** For {@linkcode Multiplexer}: whether the payload of a DATA frame with these flags can come in parts. */
  takesParts(flags: number): boolean {
    return this.#sink !== undefined && (flags & (Flag.RAW | Flag.FAILURE)) === Flag.RAW &&
      this.#partialCost === 0;
  }

  /** For {@linkcode Multiplexer}: some bytes of a frame that {@linkcode takesParts}. */
  handlePart(bytes: Uint8Array): void {
    if (this.#ended) throw new ProtocolError(`Data after the end of channel ${this.id}`);
    this.#take(bytes.length);
    this.#sink?.(bytes);
  }

  #take(cost: number): void {
    this.#receiveWindow -= cost;
    if (this.#receiveWindow < 0) {
      throw new ProtocolError(`More data on channel ${this.id} than its window admits`);
    }
  }

  #handlePiece(payload: Uint8Array, cost: number): void {
    this.#hold(payload.length + PIECE_COST);
    this.#partial.push(copyOf(payload));
    this.#partialSize += payload.length;
    this.#partialCost += cost;
    // Of an unfinished message there is no reader yet, but it has to grow.
    this.credit(cost);
  }

  #handleMessage(payload: Uint8Array, cost: number, flags: number): void {
    let bytes;
    const before = this.#partialCost;
    if (before > 0) {
      this.#hold(-this.#partialSize - this.#partial.length * PIECE_COST);
      this.#partial.push(payload);
      bytes = concat(this.#partial, this.#partialSize + payload.length);
      this.#partial = [];
      this.#partialSize = 0;
      this.#partialCost = 0;
    } else bytes = copyOf(payload);
    const message = { bytes, flags: flags & (Flag.RAW | Flag.FAILURE) };
    if (this.#sink !== undefined && message.flags === Flag.RAW) {
      // It had begun before anybody took bytes. The room that let it grow is due again when they are taken.
      this.#owed -= before;
      this.credit(cost + before - bytes.length);
      return this.#sink(bytes);
    }
    if (this.#waiting !== undefined) {
      this.credit(cost);
      this.#waiting.resolve(message);
      this.#waiting = undefined;
      return;
    }
    this.#hold(bytes.length + PIECE_COST);
    // The room that let it grow is due again when it is read.
    this.#owed -= before;
    this.#messages.push({ message, cost: cost + before });
  }

  #hold(bytes: number): void {
    this.#held += bytes;
    if (bytes !== 0) this.#carrier.hold(bytes);
  }

  get #sentAll(): boolean {
    return this.#ending && this.#outgoing.length === 0;
  }
}

/** Not `slice()`, which gives no copy of a `Buffer`. */
function copyOf(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes);
}

/** What a frame takes from the window: nothing when all it says is the end. */
function costOf(length: number, flags: number): number {
  return length === 0 && (flags & Flag.MESSAGE) === 0 ? 0 : length + HEADER_SIZE;
}
