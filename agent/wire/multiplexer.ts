import { Channel, type ChannelCarrier, ChannelReset } from "./channel.ts";
import { ChannelTable } from "./channel_table.ts";
import {
  Flag,
  type Frame,
  FrameDecoder,
  FrameType,
  HEADER_SIZE,
  MAX_PAYLOAD,
  type PartHandler,
  readUint32,
  writeUint32,
} from "./frame.ts";
import { OutgoingFrames } from "./outgoing_frames.ts";
import { ProtocolError } from "./protocol_error.ts";

/** The writing half of a connection, as far as a {@linkcode Multiplexer} needs it. */
export interface Pipe {
  /**
   * Writes the chunks in order, and keeps them. After it has returned `false`, it must not be
   * called again before {@linkcode Multiplexer.handleDrain}.
   */
  write(chunks: Uint8Array[]): boolean;
  /** Closes both directions at once. */
  close(): void;
}

/** Options for {@linkcode Multiplexer}. */
export interface MultiplexerOptions {
  /** Whether this end gives its channels odd numbers. The other end gives even ones then. */
  readonly odd: boolean;
  /**
   * The most memory for unread and unfinished messages of all channels, in bytes. Beyond it, the
   * connection is closed.
   *
   * @default {1 GiB}
   */
  readonly maxUnread?: number;
  /**
   * How many channels of the other end may be open at once. Beyond it, the connection is closed.
   *
   * @default {10,000}
   */
  readonly maxChannels?: number;
  /** The other end opened a channel. `header` says what for, and may be overwritten afterwards. */
  onChannel(channel: Channel, header: Uint8Array): void;
  /** The other end introduced itself. `payload` may be overwritten afterwards. */
  onHello(payload: Uint8Array): void;
  /** The other end asked for a sign of life. It gets one. */
  onPing?(payload: Uint8Array): void;
  /** The other end asks this one to end. */
  onBye?(): void;
  /** The other end's process has ended. */
  onExit?(payload: Uint8Array): void;
  /** The connection is over. Called once, after all channels have failed with `error`. */
  onEnd(error: Error): void;
}

const MAX_UNREAD = 1024 ** 3;
const MAX_CHANNELS = 10_000;
/**
 * The most memory for answers, in bytes, which wait when the other end asks without reading. Beyond
 * it, the connection is closed.
 */
const MAX_ANSWERS = 64 * 1024 * 1024;
/** The memory that a waiting answer takes beside its bytes. */
const ANSWER_COST = 200;
const NOTHING = new Uint8Array(0);

/** So many bytes are collected for one write, before the pipe is asked whether it takes more. */
const WRITE_SIZE = 64 * 1024;

/**
 * Carries many {@linkcode Channel}s over one pipe. Channels that have something to send are served
 * in rounds, a frame each, so a large message delays a small one only by the bytes that the pipe
 * has taken already.
 */
export class Multiplexer implements ChannelCarrier {
  readonly #pipe: Pipe;
  readonly #options: MultiplexerOptions;
  readonly #decoder = new FrameDecoder();
  readonly #channels = new ChannelTable();
  readonly #handle = (frame: Frame): void => this.#handleFrame(frame);
  readonly #parts: PartHandler = {
    takesParts: (type, flags, channel) =>
      type === FrameType.DATA && this.#channels.get(channel)?.takesParts(flags) === true,
    // The channel may be over already.
    handlePart: (channel, bytes) => this.#channels.get(channel)?.handlePart(bytes),
  };
  #ready: Channel[] = [];
  readonly #outgoing = new OutgoingFrames();
  #answers = 0;
  #flushing = false;
  #congested = false;
  #nextId: number;
  #lastPeerId = 0;
  #peerChannels = 0;
  #unread = 0;
  #told = 0;
  readonly #maxUnread: number;
  #failure: Error | undefined;
  #ended: Error | undefined;

  constructor(pipe: Pipe, options: MultiplexerOptions) {
    this.#pipe = pipe;
    this.#options = options;
    this.#maxUnread = options.maxUnread ?? MAX_UNREAD;
    this.#nextId = options.odd ? 1 : 2;
  }

  /** Why the connection is over, or `undefined` while it is not. */
  get ended(): Error | undefined {
    return this.#ended;
  }

  /** How many channels of both ends are open. */
  get size(): number {
    return this.#channels.size;
  }

  /** Opens a channel. The encoded `header` tells the other end what it is for. */
  open(header: Uint8Array): Channel {
    const channel = new Channel(this.#nextId, this);
    this.#nextId += 2;
    if (this.#failure !== undefined) {
      channel.fail(this.#failure);
    } else {
      this.#channels.add(channel);
      const isLong = header.length > MAX_PAYLOAD;
      this.#sendControl(
        FrameType.OPEN,
        channel.id,
        isLong ? NOTHING : header,
        isLong ? Flag.LONG : 0,
      );
      if (isLong) channel.send(header);
    }
    return channel;
  }

  /** Gives the channel with this number, unless it is over. */
  find(id: number): Channel | undefined {
    return this.#channels.get(id);
  }

  /** Introduces this end to the other. */
  sendHello(payload: Uint8Array): void {
    this.#sendControl(FrameType.HELLO, 0, payload);
  }

  /** Asks the other end to end. */
  sendBye(): void {
    this.#sendControl(FrameType.BYE, 0, NOTHING);
  }

  /** Asks the other end for a sign of life, and gives one. */
  sendPing(payload: Uint8Array = NOTHING): void {
    this.#sendControl(FrameType.PING, 0, payload);
  }

  /** Whether all frames that began have arrived. */
  get idle(): boolean {
    return this.#decoder.idle;
  }

  /** Takes bytes that arrived through the pipe. They may be overwritten afterwards. */
  handleChunk(chunk: Uint8Array): void {
    if (this.#ended !== undefined) return;
    this.#guard(() => this.#decoder.push(chunk, this.#handle, this.#parts));
  }

  /** Acts on what the other end sent, and closes the connection if that breaks the protocol. */
  #guard(act: () => void): void {
    try {
      act();
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.end(error);
    }
  }

  /** For the pipe: there is room again after a write that returned `false`. */
  handleDrain(): void {
    this.#congested = false;
    this.flush();
  }

  /** Fails all channels, and all that will be opened, with `error`. The pipe stays open. */
  failAll(error: Error): void {
    this.#failure ??= error;
    for (const channel of this.#channels.all()) channel.fail(error);
  }

  /** Closes the pipe, and fails all channels with `error`. It does nothing when called again. */
  end(error: Error): void {
    if (this.#ended !== undefined) return;
    this.#ended = error;
    this.#outgoing.take();
    this.#ready = [];
    this.failAll(error);
    this.#pipe.close();
    this.#options.onEnd(error);
  }

  /** Writes what is queued, as far as the pipe takes it. Otherwise that waits for a microtask. */
  flush(): void {
    while (!this.#congested && this.#ended === undefined) {
      this.#answers = 0;
      for (let size = 0; size < WRITE_SIZE && this.#ready.length > 0;) size += this.#takeRound();
      const chunks = this.#outgoing.take();
      if (chunks.length === 0) return;
      this.#congested = !this.#pipe.write(chunks);
    }
  }

  /** For channels. */
  schedule(channel: Channel): void {
    if (channel.isScheduled) return;
    channel.isScheduled = true;
    this.#ready.push(channel);
    this.#flushSoon();
  }

  /** For channels. */
  sendCredit(channel: Channel, bytes: number): void {
    const payload = new Uint8Array(4);
    writeUint32(payload, 0, bytes);
    this.#sendAnswer(FrameType.CREDIT, channel.id, payload);
  }

  /** For channels. */
  sendReset(channel: Channel, reason: Uint8Array): void {
    if (this.#isPeer(channel.id)) this.#sendAnswer(FrameType.RESET, channel.id, reason);
    else this.#sendControl(FrameType.RESET, channel.id, reason);
  }

  /** For channels. */
  countUnread(bytes: number): void {
    this.#unread += bytes;
    if (bytes > 0 && this.#unread > this.#maxUnread) {
      throw new ProtocolError(`More than ${this.#maxUnread} bytes of unread messages`);
    }
  }

  /** For channels. */
  countTold(bytes: number): void {
    this.#told += bytes;
    if (bytes > 0 && this.#told > this.#maxUnread) {
      throw new ProtocolError(
        `More than ${this.#maxUnread} bytes of messages that were only begun`,
      );
    }
  }

  /** For channels. */
  forget(channel: Channel): void {
    if (!this.#channels.delete(channel)) return;
    if (this.#isPeer(channel.id)) this.#peerChannels--;
  }

  #isPeer(id: number): boolean {
    return (id % 2 === 1) !== this.#options.odd;
  }

  #sendControl(type: FrameType, channel: number, payload: Uint8Array, flags = 0): void {
    if (this.#ended !== undefined) return;
    this.#outgoing.add(type, flags, channel, payload);
    this.#flushSoon();
  }

  /** Sends a control frame that the other end caused, which has a limit. */
  #sendAnswer(type: FrameType, channel: number, payload: Uint8Array): void {
    this.#sendControl(type, channel, payload);
    this.#answers += payload.length + ANSWER_COST;
    if (this.#answers <= MAX_ANSWERS) return;
    this.end(new ProtocolError("The other end asks without reading the answers"));
  }

  /** Flushes in a microtask, so that all that is queued until then takes one write. */
  #flushSoon(): void {
    if (this.#flushing || this.#congested) return;
    this.#flushing = true;
    queueMicrotask(() => {
      this.#flushing = false;
      this.flush();
    });
  }

  /** Takes one frame of each channel that has something to send. Returns how many bytes it took. */
  #takeRound(): number {
    const round = this.#ready;
    this.#ready = [];
    let size = 0;
    for (const channel of round) {
      const piece = channel.take();
      channel.isScheduled = piece !== undefined && channel.hasMore;
      if (channel.isScheduled) this.#ready.push(channel);
      if (piece === undefined) continue;
      size += HEADER_SIZE + piece.bytes.length;
      this.#outgoing.add(FrameType.DATA, piece.flags, channel.id, piece.bytes);
    }
    return size;
  }

  #handleFrame(frame: Frame): void {
    if (this.#ended !== undefined) return;
    const { type, flags, channel: id, payload } = frame;
    switch (type) {
      case FrameType.OPEN:
        return this.#handleOpen(id, payload, flags);
      case FrameType.DATA:
        return this.#find(id)?.handleData(payload, flags);
      case FrameType.CREDIT:
        if (payload.length !== 4) throw new ProtocolError("A credit frame without a number");
        return this.#find(id)?.handleCredit(readUint32(payload, 0));
      case FrameType.RESET:
        return this.#find(id)?.fail(new ChannelReset(new Uint8Array(payload)));
      case FrameType.PING:
        this.#options.onPing?.(payload);
        // When it is written, the bytes of another far end may be where the payload was.
        return this.#sendAnswer(FrameType.PONG, 0, new Uint8Array(payload));
      case FrameType.PONG:
        return;
      case FrameType.HELLO:
        return this.#options.onHello(payload);
      case FrameType.BYE:
        if (this.#options.onBye === undefined) {
          throw new ProtocolError("A BYE frame, which only a controller sends");
        }
        return this.#options.onBye();
      case FrameType.EXIT:
        if (this.#options.onExit === undefined) {
          throw new ProtocolError("An EXIT frame, which only an agent's shell sends");
        }
        return this.#options.onExit(payload);
    }
  }

  #handleOpen(id: number, header: Uint8Array, flags: number): void {
    if (!this.#isPeer(id) || id <= this.#lastPeerId) {
      throw new ProtocolError(`Channel ${id} cannot be opened by the other end`);
    }
    this.#lastPeerId = id;
    if (++this.#peerChannels > (this.#options.maxChannels ?? MAX_CHANNELS)) {
      throw new ProtocolError(`More than ${this.#peerChannels - 1} channels open at once`);
    }
    const channel = new Channel(id, this);
    this.#channels.add(channel);
    if ((flags & Flag.LONG) === 0) return this.#options.onChannel(channel, header);
    channel.receive().then((message) => {
      if (message === undefined) channel.reset(new Error("A channel without a header"));
      else this.#guard(() => this.#options.onChannel(channel, message.bytes));
    }, () => {}); // the other end gave it up
  }

  /**
   * Finds the channel of a frame. It is `undefined` if it is over: the frame was already on its
   * way.
   */
  #find(id: number): Channel | undefined {
    const channel = this.#channels.get(id);
    if (channel !== undefined) return channel;
    const known = this.#isPeer(id) ? id <= this.#lastPeerId : id < this.#nextId;
    if (!known || id === 0) {
      throw new ProtocolError(`A frame for channel ${id}, which was never opened`);
    }
    return undefined;
  }
}
