import { type Deferred, deferred } from "./deferred.ts";
import { Fifo } from "./fifo.ts";
import { Flag, readUint32 } from "./frame.ts";
import { costOf, OutgoingMessage, type Piece } from "./outgoing_message.ts";
import { ProtocolError } from "./protocol_error.ts";
import { PIECE_COST, UnfinishedMessage } from "./unfinished_message.ts";

/**
 * How many bytes one side may send on a channel before the other has read any of them. Frame
 * headers count, since many tiny messages cost memory too. ssh allows its own channels as much, so
 * a channel here fills the network as well as ssh can: 2 MiB at 100 ms are 20 MB/s.
 */
export const WINDOW: number = 2 * 1024 * 1024;

/** Credit is given in steps of this many bytes, so that it takes few frames. */
const CREDIT_STEP = WINDOW / 4;

const NOTHING = new Uint8Array(0);

/** A whole message of a channel. */
export interface Message {
  readonly bytes: Uint8Array;
  /** A combination of {@linkcode Flag.RAW} and {@linkcode Flag.FAILURE}. */
  readonly flags: number;
}

/** The pipe under a channel, as far as the channel needs it. */
export interface ChannelCarrier {
  /** Called when the channel has something to send. */
  schedule(channel: Channel): void;
  /** Tells the other end that there is room for `bytes` more. */
  sendCredit(channel: Channel, bytes: number): void;
  /** Tells the other end that the channel is over. */
  sendReset(channel: Channel, reason: Uint8Array): void;
  /** Counts `bytes` more (or fewer) of memory that unread messages take here. */
  countUnread(bytes: number): void;
  /** Counts `bytes` more (or fewer) that were told, but may not have come. */
  countTold(bytes: number): void;
  /** Called when both sides are done with the channel. */
  forget(channel: Channel): void;
}

/** Thrown when the other end gave a channel up. */
export class ChannelReset extends Error {
  override name = "ChannelReset";
  /** The payload with which the other end gave it up. */
  readonly reason: Uint8Array;

  constructor(reason: Uint8Array) {
    super("The other end gave the channel up");
    this.reason = reason;
  }
}

/**
 * Messages in both directions, beside other channels on one pipe. Each direction has a window of
 * {@linkcode WINDOW} bytes: a sender waits for a reader that does not read, so neither end stores
 * more than a window for it.
 */
export class Channel {
  readonly id: number;
  /** For {@linkcode Multiplexer}: whether it waits for its turn to send. */
  isScheduled = false;
  /** For {@linkcode ChannelTable}. */
  next: Channel | undefined;
  readonly #carrier: ChannelCarrier;

  readonly #outgoing = new Fifo<OutgoingMessage>();
  #queued = 0;
  #sendWindow = WINDOW;
  #ending = false;
  #drained: Deferred<void> | undefined;

  #unfinished: UnfinishedMessage | undefined;
  #receiveWindow = WINDOW;
  /** Credit that has not been sent, as it is less than a step. */
  #owed = 0;
  readonly #messages = new Fifo<{ readonly message: Message; readonly cost: number }>();
  /** How much memory the unread messages take. */
  #unread = 0;
  #waiting: Deferred<Message | undefined> | undefined;
  #sink: ((bytes: Uint8Array) => void) | undefined;
  #ended = false;
  #failure: { readonly error: unknown } | undefined;
  #failureListeners: ((error: unknown) => void)[] | undefined;

  /** For {@linkcode Multiplexer}. */
  constructor(id: number, carrier: ChannelCarrier) {
    this.id = id;
    this.#carrier = carrier;
  }

  /** Whether the channel has failed or was reset. */
  get failed(): boolean {
    return this.#failure !== undefined;
  }

  /** For {@linkcode Multiplexer}: whether a message waits to be sent. */
  get hasMore(): boolean {
    return this.#outgoing.length > 0;
  }

  /** How many bytes of messages wait to be sent. */
  get unsent(): number {
    return this.#queued;
  }

  /**
   * Queues a message. It never waits; see {@linkcode drained} for back-pressure.
   *
   * @param flags A combination of {@linkcode Flag.RAW}, {@linkcode Flag.FAILURE} and
   * {@linkcode Flag.END}.
   */
  send(bytes: Uint8Array, flags = 0): void {
    this.#queue(bytes, flags | Flag.MESSAGE);
  }

  /** Tells the other end that nothing more will be sent. */
  end(): void {
    this.#queue(NOTHING, Flag.END);
  }

  /**
   * Resolves when the queue is empty, so that more may be queued. Rejects when the channel fails.
   */
  drained(): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure.error);
    if (this.#queued === 0) return Promise.resolve();
    this.#drained ??= deferred<void>();
    return this.#drained.promise;
  }

  /**
   * Resolves to the next message, or to `undefined` after the last one. Rejects when the channel
   * fails. It must not be called again before it has settled.
   */
  receive(): Promise<Message | undefined> {
    const next = this.#messages.shift();
    if (next !== undefined) {
      this.#countUnread(-next.message.bytes.length - PIECE_COST);
      this.credit(next.cost);
      return Promise.resolve(next.message);
    }
    if (this.#failure !== undefined) return Promise.reject(this.#failure.error);
    if (this.#ended) return Promise.resolve(undefined);
    this.#waiting = deferred<Message | undefined>();
    return this.#waiting.promise;
  }

  /**
   * From now on, calls `sink` with plain bytes as they arrive, in place of {@linkcode receive}. The
   * bytes may be overwritten when `sink` returns, and they count against the window until
   * {@linkcode credit} is called for them.
   */
  takeBytes(sink: (bytes: Uint8Array) => void): void {
    this.#sink = sink;
    while (this.#messages.first?.message.flags === Flag.RAW) {
      const { message: { bytes }, cost } = this.#messages.shift()!;
      this.#countUnread(-bytes.length - PIECE_COST);
      this.credit(cost - bytes.length);
      sink(bytes);
    }
  }

  /** Gives credit for so many bytes of {@linkcode takeBytes}, which need no room any more. */
  credit(bytes: number): void {
    if (this.#ended || this.#failure !== undefined) return;
    this.#owed += bytes;
    if (this.#owed < CREDIT_STEP) return;
    this.#receiveWindow += this.#owed;
    this.#carrier.sendCredit(this, this.#owed);
    this.#owed = 0;
  }

  /**
   * Gives the channel up: nothing more goes in either direction, and unread messages are dropped.
   * It does nothing if the channel is over already.
   */
  reset(error: unknown, reason: Uint8Array = NOTHING): void {
    if (this.#failure !== undefined) return;
    if (!(this.#ended && this.#sentAll)) this.#carrier.sendReset(this, reason);
    this.fail(error);
  }

  /** Calls `listener` when the channel fails, or at once if it has failed. */
  onFailure(listener: (error: unknown) => void): void {
    if (this.#failure !== undefined) listener(this.#failure.error);
    else if (this.#failureListeners === undefined) this.#failureListeners = [listener];
    else this.#failureListeners.push(listener);
  }

  /** For {@linkcode Multiplexer}: ends the channel, and rejects pending promises with `error`. */
  fail(error: unknown): void {
    if (this.#failure !== undefined) return;
    this.#failure = { error };
    this.#outgoing.clear();
    this.#queued = 0;
    this.#messages.clear();
    this.#dropUnfinished();
    this.#sink = undefined;
    this.#countUnread(-this.#unread);
    this.#carrier.forget(this);
    this.#waiting?.reject(error);
    this.#waiting = undefined;
    this.#drained?.promise.catch(() => {});
    this.#drained?.reject(error);
    const listeners = this.#failureListeners ?? [];
    this.#failureListeners = undefined;
    for (const listener of listeners) listener(error);
  }

  /**
   * For {@linkcode Multiplexer}: takes what fits into a frame and into the window from the queue.
   */
  take(): Piece | undefined {
    const next = this.#outgoing.first;
    const piece = next?.take(this.#sendWindow);
    if (piece === undefined) return undefined;
    this.#queued -= piece.size;
    this.#sendWindow -= costOf(piece.bytes.length, piece.flags);
    if (next!.isOver) this.#outgoing.shift();
    if (this.#queued === 0 && this.#drained !== undefined) {
      this.#drained.resolve();
      this.#drained = undefined;
    }
    if (this.#ended && this.#sentAll) this.#carrier.forget(this);
    return piece;
  }

  /** For {@linkcode Multiplexer}: the other end has room for `bytes` more. */
  handleCredit(bytes: number): void {
    this.#sendWindow += bytes;
    if (this.#outgoing.length > 0) this.#carrier.schedule(this);
  }

  /** For {@linkcode Multiplexer}: a DATA frame of the other end. */
  handleData(payload: Uint8Array, flags: number): void {
    const cost = costOf(payload.length, flags);
    this.#useWindow(cost);
    if ((flags & Flag.SIZE) !== 0) {
      if (payload.length < 4 || this.#unfinished !== undefined) {
        throw new ProtocolError(`A size that is none, or within a message, on channel ${this.id}`);
      }
      flags &= ~Flag.SIZE;
      if (!this.#isForSink(flags)) {
        const size = readUint32(payload, 0);
        this.#carrier.countTold(size);
        this.#unfinished = new UnfinishedMessage(size);
      }
      payload = payload.subarray(4);
    }
    if (this.#isForSink(flags)) {
      this.credit(cost - payload.length);
      this.#sink!(payload);
    } else if ((flags & Flag.MESSAGE) !== 0) this.#handleMessage(payload, cost, flags);
    else if (payload.length > 0) this.#handlePiece(payload, cost);
    if ((flags & Flag.END) === 0) return;
    if (this.#unfinished !== undefined) {
      throw new ProtocolError(`Channel ${this.id} ended within a message`);
    }
    this.#ended = true;
    if (this.#sentAll) this.#carrier.forget(this);
    this.#waiting?.resolve(undefined);
    this.#waiting = undefined;
  }

  /** For {@linkcode Multiplexer}: whether the payload of a DATA frame may be passed on in parts. */
  takesParts(flags: number): boolean {
    if (this.#unfinished === undefined) return this.#isForSink(flags);
    return this.#unfinished.told > 0 && (flags & Flag.SIZE) === 0;
  }

  /** For {@linkcode Multiplexer}: a part of a payload. */
  handlePart(bytes: Uint8Array): void {
    this.#useWindow(bytes.length);
    if (this.#unfinished === undefined) this.#sink?.(bytes);
    else this.#handlePiece(bytes, bytes.length);
  }

  #isForSink(flags: number): boolean {
    return this.#sink !== undefined && this.#unfinished === undefined &&
      (flags & (Flag.RAW | Flag.FAILURE | Flag.SIZE)) === Flag.RAW;
  }

  #queue(bytes: Uint8Array, flags: number): void {
    if (this.#failure !== undefined || this.#ending) return;
    this.#ending = (flags & Flag.END) !== 0;
    this.#outgoing.push(new OutgoingMessage(bytes, flags));
    this.#queued += bytes.length;
    this.#carrier.schedule(this);
  }

  #useWindow(cost: number): void {
    if (this.#ended) throw new ProtocolError(`Data after the end of channel ${this.id}`);
    this.#receiveWindow -= cost;
    if (this.#receiveWindow < 0) {
      throw new ProtocolError(`More data on channel ${this.id} than its window admits`);
    }
  }

  #handlePiece(payload: Uint8Array, cost: number): void {
    const unfinished = this.#unfinished ??= new UnfinishedMessage();
    this.#countUnread(unfinished.add(payload));
    unfinished.cost += cost;
    // An unfinished message cannot be read yet, but needs room to grow.
    this.credit(cost);
  }

  #dropUnfinished(): void {
    if (this.#unfinished === undefined) return;
    this.#carrier.countTold(-this.#unfinished.told);
    this.#unfinished = undefined;
  }

  #handleMessage(payload: Uint8Array, cost: number, flags: number): void {
    const before = this.#unfinished?.cost ?? 0;
    const bytes = this.#unfinished?.finish(payload) ?? copyOf(payload);
    this.#countUnread(-(this.#unfinished?.memory ?? 0));
    this.#dropUnfinished();
    const message = { bytes, flags: flags & (Flag.RAW | Flag.FAILURE) };
    if (this.#sink !== undefined && message.flags === Flag.RAW) {
      // It began before takeBytes() was called. Its pieces have had their credit already, and get
      // none when they are taken.
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
    this.#countUnread(bytes.length + PIECE_COST);
    // Its pieces have had their credit already, and get none when it is read.
    this.#owed -= before;
    this.#messages.push({ message, cost: cost + before });
  }

  #countUnread(bytes: number): void {
    this.#unread += bytes;
    if (bytes !== 0) this.#carrier.countUnread(bytes);
  }

  get #sentAll(): boolean {
    return this.#ending && this.#outgoing.length === 0;
  }
}

/** Copies bytes. `slice()` would not do so with a `Buffer`. */
function copyOf(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes);
}
