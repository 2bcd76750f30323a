/**
 * Streams of values, each over a channel of its own, with back-pressure. The sender is ahead of the
 * reader by at most {@linkcode AHEAD} values, and at most the channel's window.
 *
 * @module
 */

import type { DecodeOptions } from "../../codec/decode.ts";
import { type Channel, ChannelReset } from "../wire/channel.ts";
import { decodeFailure, encodeFailure, type Failure } from "./failure.ts";
import { Flag, readUint32, writeUint32 } from "../wire/frame.ts";
import { decodeValue, encodeValue } from "./value.ts";

/** By how many values a sender may be ahead of the reader. */
export const AHEAD = 128;

/** The reader tells the sender each time that it has read so many values. */
const STEP = AHEAD / 4;

let over: Error | undefined;

/**
 * The reason for giving up the channel of a stream that has been read to its end. It is made late,
 * as V8 reads all of the agent's code again to know where a first error comes from.
 */
function reasonOfEnd(): Error {
  if (over === undefined) {
    over = new Error("The stream is over");
    // Its frames would keep the first stream for ever.
    over.stack = "";
  }
  return over;
}

/** Gives up the channels of streams that nobody can read any more. */
const unreachable = new FinalizationRegistry<Channel>((channel) => {
  channel.reset(new Error("Nobody reads the stream"));
});

/** Gives up a channel when nobody can reach its reader any more. */
function giveUpUnreachable(reader: object, channel: Channel): void {
  unreachable.register(reader, channel, channel);
  // The stack of the error that a channel fails with may refer to the reader, which the registry
  // would keep for ever then. In a function of its own, the listener does not refer to it.
  channel.onFailure(() => unreachable.unregister(channel));
}

/** The form in which a stream arrives. */
export const StreamKind = { ITERABLE: 0, READABLE: 1 } as const;

/** The members of iterators: an object literal that has any other is copied, with its methods. */
const OF_ITERATORS: ReadonlySet<unknown> = new Set([
  ...["next", "return", "throw", Symbol.iterator, Symbol.asyncIterator, Symbol.toStringTag],
  ...[Symbol.dispose, Symbol.asyncDispose],
]);

/** The form in which `value` arrives if it is a stream; `undefined` if it is not. */
export function streamKindOf(value: unknown): number | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  if (value instanceof ReadableStream) return StreamKind.READABLE;
  const isStream = Symbol.asyncIterator in value ? !isMore(value) : isIterator(value);
  return isStream ? StreamKind.ITERABLE : undefined;
}

/**
 * Whether a value is an iterator that gives its values at once, such as that of a generator or a
 * `Map`. A plain object has methods, which a stream would not have.
 */
export function isIterator(value: object): boolean {
  return Symbol.iterator in value && typeof (value as { next?: unknown }).next === "function" &&
    !isPlain(value);
}

/**
 * Whether an async iterable is more than its values: a listener, a socket, or anything else that is
 * also written to. Only half of it would arrive, and reading it would take values from its owner.
 * So is an object literal with other members, which is copied with its methods.
 *
 * A transform counts as a stream, since its values are what was written to it. So does a socket
 * without an address, such as the stdout of a child process.
 */
function isMore(value: object): boolean {
  if (isPlain(value)) return !Reflect.ownKeys(value).every((key) => OF_ITERATORS.has(key));
  if ("addr" in value) return true;
  const { remoteAddress, writable } = value as { remoteAddress?: unknown; writable?: unknown };
  if ("remoteAddress" in value) return remoteAddress !== undefined;
  return writable === true && !("_transform" in value);
}

/**
 * Makes a stream of an object literal with an async iterator, which the codec takes for plain data.
 */
export function asStream(value: unknown): unknown {
  if (streamKindOf(value) === undefined || !isPlain(value as object)) return value;
  const iterable = value as AsyncIterable<unknown>;
  return Object.create({ [Symbol.asyncIterator]: () => iterable[Symbol.asyncIterator]() });
}

function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}

/**
 * Sends the values of `stream` over `channel` until either ends. A reader that gives up stops the
 * stream.
 *
 * @param onOver Called when the stream is over; with the reason if it was given up before its end.
 */
export async function sendStream(
  channel: Channel,
  stream: Stream,
  onOver?: (reason?: unknown) => void,
): Promise<void> {
  let iterator: AsyncIterator<unknown>;
  try {
    iterator = iteratorOf(stream);
  } catch (error) {
    // Somebody else is reading the ReadableStream, for example.
    return channel.send(encodeFailure(error), Flag.FAILURE | Flag.END);
  }
  let unread = 0;
  let stopped = false;
  channel.onFailure((error) => {
    stopped = true;
    void giveUp(iterator, error);
    onOver?.(error);
  });
  try {
    while (!stopped) {
      while (unread >= AHEAD) unread -= await readStep(channel);
      const { done, value } = await iterator.next();
      if (stopped) return;
      if (done) {
        onOver?.();
        return channel.end();
      }
      if (isBytes(value)) channel.send(new Uint8Array(value), Flag.RAW);
      else channel.send(encodeValue(value, { name: "stream value" }));
      unread++;
      await channel.drained();
    }
  } catch (error) {
    if (stopped) return;
    onOver?.();
    channel.send(encodeFailure(error), Flag.FAILURE | Flag.END);
    void giveUp(iterator, error);
  }
}

/** Whether a value is no more than bytes, unlike a `Buffer`. */
function isBytes(value: unknown): value is Uint8Array {
  return value instanceof Uint8Array && Object.getPrototypeOf(value) === Uint8Array.prototype;
}

/** What can be sent as a stream. */
export type Stream = AsyncIterable<unknown> | Iterable<unknown>;

/**
 * Gives the iterator of a stream. The own iterator of a `ReadableStream` would only stop once the
 * value that it waits for has arrived.
 */
function iteratorOf(stream: Stream): AsyncIterator<unknown> {
  if (!(Symbol.asyncIterator in stream)) return awaiting(stream);
  if (!(stream instanceof ReadableStream)) return stream[Symbol.asyncIterator]();
  const reader = stream.getReader();
  return {
    async next() {
      const { done, value } = await reader.read();
      if (done) reader.releaseLock();
      return { done, value };
    },
    async return(reason) {
      const cancelled = reader.cancel(reason);
      reader.releaseLock();
      await cancelled;
      return { done: true, value: undefined };
    },
  };
}

/** An iterator that gives its values at once as one that does not; some may be promises. */
function awaiting(values: Iterable<unknown>): AsyncIterator<unknown> {
  const iterator = values[Symbol.iterator]();
  return {
    async next() {
      const { done, value } = iterator.next();
      return { done: done === true, value: await value };
    },
    // deno-lint-ignore require-await -- what it throws rejects
    async return(reason) {
      return iterator.return?.(reason) as IteratorReturnResult<unknown>;
    },
  };
}

/** Stops an iterator. An async generator only stops once the promise that it awaits has settled. */
async function giveUp(iterator: AsyncIterator<unknown>, reason: unknown): Promise<void> {
  try {
    await iterator.return?.(reason);
  } catch {
    // Nobody is left who could be told of the error.
  }
}

async function readStep(channel: Channel): Promise<number> {
  const message = await channel.receive();
  if (message === undefined || message.bytes.length !== 4) {
    throw new TypeError("The reader of a stream is gone");
  }
  return readUint32(message.bytes, 0);
}

/** Options for {@linkcode receiveStream}. */
export interface ReceiveOptions {
  /** How to decode the values. */
  readonly decoding: DecodeOptions;
  /** Makes the error to throw for a failure at the other end. */
  readonly fail: (failure: Failure) => unknown;
  /** Makes the error to throw when the other end broke the protocol. */
  readonly broken: (cause: unknown) => unknown;
  /** Keeps the script alive during a read: called when it begins, and its result when it ends. */
  readonly hold?: () => () => void;
}

/** Gives the values that arrive on `channel`, in the form that `kind` says. */
export function receiveStream(
  channel: Channel,
  kind: number,
  options: ReceiveOptions,
): AsyncGenerator<unknown> | ReadableStream<unknown> {
  const reader = new StreamReader(channel, options);
  giveUpUnreachable(reader, channel);
  if (kind !== StreamKind.READABLE) return reader;
  return new ReadableStream({
    async pull(controller): Promise<void> {
      const { done, value } = await reader.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    async cancel(reason): Promise<void> {
      await reader.return(reason);
    },
  }, { highWaterMark: 0 });
}

/**
 * Reads a stream. An async generator function would not do: it would not notice when it is ended
 * before its first value.
 */
class StreamReader implements AsyncGenerator<unknown> {
  readonly #channel: Channel;
  readonly #options: ReceiveOptions;
  #last: Promise<unknown> = Promise.resolve();
  #read = 0;
  #done = false;

  constructor(channel: Channel, options: ReceiveOptions) {
    this.#channel = channel;
    this.#options = options;
  }

  next(): Promise<IteratorResult<unknown>> {
    const result = this.#last.then(() => this.#next());
    this.#last = result.catch(() => {});
    return result;
  }

  return(value?: unknown): Promise<IteratorResult<unknown>> {
    this.#stop(new Error("The stream was given up"));
    return Promise.resolve({ done: true, value });
  }

  throw(error: unknown): Promise<IteratorResult<unknown>> {
    this.#stop(error);
    return Promise.reject(error);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  #stop(error: unknown): void {
    if (this.#done) return;
    this.#done = true;
    this.#channel.reset(error);
  }

  async #next(): Promise<IteratorResult<unknown>> {
    if (this.#done) return { done: true, value: undefined };
    const release = this.#options.hold?.();
    try {
      const message = await this.#channel.receive();
      if (message === undefined) return this.#end();
      if (message.flags & Flag.FAILURE) throw this.#failure(message.bytes);
      const value = message.flags & Flag.RAW
        ? new Uint8Array(message.bytes)
        : this.#decode(message.bytes);
      if (++this.#read % STEP === 0) this.#tell();
      return { done: false, value };
    } catch (error) {
      // The reader gave the stream up while this read was waiting.
      if (this.#done) return { done: true, value: undefined };
      this.#done = true;
      throw error instanceof ChannelReset ? this.#options.broken(error) : error;
    } finally {
      release?.();
    }
  }

  #end(): IteratorResult<unknown> {
    this.#done = true;
    // A reset, unlike an END, also calls those who listen for the channel to be over.
    this.#channel.reset(reasonOfEnd());
    return { done: true, value: undefined };
  }

  #tell(): void {
    const bytes = new Uint8Array(4);
    writeUint32(bytes, 0, STEP);
    this.#channel.send(bytes, Flag.RAW);
  }

  #failure(bytes: Uint8Array): unknown {
    let failure: Failure;
    try {
      failure = decodeFailure(bytes, this.#options.decoding);
    } catch (cause) {
      return this.#options.broken(cause);
    }
    this.#channel.reset(reasonOfEnd());
    return this.#options.fail(failure);
  }

  #decode(bytes: Uint8Array): unknown {
    try {
      return decodeValue(bytes, this.#options.decoding);
    } catch (cause) {
      throw this.#options.broken(cause);
    }
  }
}
