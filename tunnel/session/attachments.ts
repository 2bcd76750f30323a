import type { Channel } from "../../agent/wire/channel.ts";
import type { Failure } from "../../agent/protocol/failure.ts";
import { HandleKind, reviveValue } from "../../agent/protocol/handle.ts";
import { partOf } from "../../agent/protocol/parts.ts";
import type { Multiplexer } from "../../agent/wire/multiplexer.ts";
import { Request } from "../../agent/protocol/request.ts";
import { decodeValue } from "../../agent/protocol/value.ts";
import { receiveStream, sendStream, type Stream } from "../../agent/protocol/value_stream.ts";
import { encode } from "../../codec/encode.ts";
import { showAs } from "../arguments/show_as.ts";
import { resetOnAbort, sendAbort } from "./abort_signal.ts";
import { Callbacks } from "./callbacks.ts";
import type { Decoding } from "./decoding.ts";
import { inPresentContext } from "./trace_context.ts";

/** Options for {@linkcode Attachments}, all of which a session sets. */
export interface AttachmentsOptions {
  readonly multiplexer: Multiplexer;
  /** Keeps the script alive until the function that it returns is called. */
  readonly hold: () => () => void;
  /** How to decode what the far end sends. */
  readonly decoding: Decoding;
  /** Gives the error for what was thrown at the far end. */
  readonly fail: (failure: Failure) => unknown;
  /**
   * Closes the connection, because the far end broke the protocol, and gives the error for that.
   */
  readonly broken: (text: string, cause?: unknown) => unknown;
}

/** The large arrays of a value, and the memory that they take. */
export interface ReceivedParts {
  readonly parts: readonly Uint8Array[];
  readonly size: number;
}

const NO_PARTS: ReceivedParts = { parts: [], size: 0 };

/** The controller's half of what goes on beside values: streams, signals and callbacks. */
export class Attachments {
  readonly #options: AttachmentsOptions;
  #callbacks: Callbacks | undefined;
  #incoming: Map<number, Channel> | undefined;

  constructor(options: AttachmentsOptions) {
    this.#options = options;
  }

  /** The functions of calls that run here when the far end calls them. Most calls have none. */
  get callbacks(): Callbacks {
    const { decoding, multiplexer, broken } = this.#options;
    return this.#callbacks ??= new Callbacks({
      maxMemory: decoding.maxCost,
      decode: (bytes, onCost) => this.decode(bytes, undefined, onCost),
      openStream: () => this.#open(Request.STREAM),
      countUnread: (bytes) => multiplexer.countUnread(bytes),
      broken,
    });
  }

  /**
   * Sends the attachments of a call. Its streams end with `signal`.
   *
   * @returns `numbers` are for the call's header. `fail` ends the streams of a call that has
   * failed; those of any other call go on, because its result may be made of them. `end` must be
   * called when the call is over.
   */
  send(
    attachments: readonly unknown[],
    signal: AbortSignal | undefined,
  ): { numbers: number[]; fail: (error: unknown) => void; end: () => void } {
    const streams: Channel[] = [];
    const ends: (() => void)[] = [];
    const numbers = attachments.map((value) => {
      if (typeof value === "function") {
        return this.callbacks.add(inPresentContext(value as (...args: unknown[]) => unknown));
      }
      if (value instanceof AbortSignal) {
        const channel = this.#open(Request.SIGNAL);
        ends.push(sendAbort(channel, value));
        return channel.id;
      }
      const channel = this.#open(Request.STREAM);
      streams.push(channel);
      void sendStream(channel, value as Stream);
      resetOnAbort(channel, signal);
      return channel.id;
    });
    return {
      numbers,
      fail: (error) => streams.forEach((channel) => channel.reset(error)),
      end: () => ends.forEach((end) => end()),
    };
  }

  /** Keeps the channel of a stream of the far end until a value refers to the stream. */
  add(channel: Channel): void {
    const incoming = this.#incoming ??= new Map();
    incoming.set(channel.id, channel);
    channel.onFailure(() => incoming.delete(channel.id));
  }

  /**
   * Decodes a value that the far end sent. Its streams end with `signal`.
   *
   * @param onCost Called with how much memory it takes.
   */
  decode(
    bytes: Uint8Array,
    signal: AbortSignal | undefined,
    onCost?: (memory: number) => void,
    { parts, size }: ReceivedParts = NO_PARTS,
  ): unknown {
    const { decoding } = this.#options;
    const revive = (data: unknown): unknown => this.#revive(data, signal, parts);
    return decodeValue(bytes, { ...decoding, maxCost: decoding.maxCost - size, revive, onCost });
  }

  #revive(
    data: unknown,
    signal: AbortSignal | undefined,
    parts: readonly Uint8Array[],
  ): unknown {
    const [kind, id, streamKind] = Array.isArray(data) ? data : [];
    if (kind === HandleKind.PART) {
      const part = partOf(data as unknown[], parts);
      if (part === undefined) throw new TypeError("It has a part that was not sent");
      return part;
    }
    if (kind !== HandleKind.STREAM) {
      return reviveValue(data, this.#options.decoding);
    }
    const channel = this.#incoming?.get(id);
    if (channel === undefined) throw new TypeError("It has a stream that was not opened");
    this.#incoming!.delete(id);
    resetOnAbort(channel, signal);
    const { decoding, hold, fail, broken } = this.#options;
    const stream = receiveStream(channel, streamKind, {
      decoding,
      hold,
      fail,
      broken: (cause) => broken("The far end sent a stream that cannot be read", cause),
    });
    // For the table of a group's results, for example. An agent does not need it.
    if (!(stream instanceof ReadableStream)) showAs(stream, () => "Stream of values");
    return stream;
  }

  #open(kind: number): Channel {
    return this.#options.multiplexer.open(encode([kind]));
  }
}
