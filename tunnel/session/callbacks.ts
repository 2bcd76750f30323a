import { encodeFailure } from "../../agent/protocol/failure.ts";
import { isList } from "../../agent/protocol/is_list.ts";
import { sendLast } from "../../agent/protocol/send_value.ts";
import type { Channel, Message } from "../../agent/wire/channel.ts";
import { Flag } from "../../agent/wire/frame.ts";
import { Slice } from "./slice.ts";

type Callback = (...args: unknown[]) => unknown;

/**
 * So many callbacks may run at once, or have unread answers, with those whose channels were given
 * up. Beyond it, the connection is closed: to wait could be for ever, as one may wait for another.
 */
const MAX_RUNNING = 10_000;

/** The most bytes of answers that wait to be sent. Beyond it, the connection is closed. */
const MAX_ANSWERS = 512 * 1024 ** 2;

/** The bytes of streams that wait to be sent are counted when so many more streams were opened. */
const COUNTED_STREAMS = 32;

/** The memory that a waiting call takes beside the bytes of its arguments. */
const CALL_COST = 500;

/** Options for {@linkcode Callbacks}, all of which a session sets. */
export interface CallbacksOptions {
  /** The most memory for the arguments of callbacks that run and their unread answers, in bytes. */
  readonly maxMemory: number;
  /** Decodes arguments; calls `onCost` with how much memory they take. */
  readonly decode: (bytes: Uint8Array, onCost: (memory: number) => void) => unknown;
  /** Opens the channel of a stream in an answer. */
  readonly openStream: () => Channel;
  /** Counts memory for what the far end sent and nobody has read; throws if it is too much. */
  readonly countUnread: (bytes: number) => void;
  /**
   * Closes the connection, because the far end broke the protocol, and gives the error for that.
   */
  readonly broken: (text: string, cause?: unknown) => unknown;
}

interface Call {
  readonly channel: Channel;
  readonly fn: Callback | undefined;
  readonly message: Message | undefined;
}

/** The functions that the far end may call, and its calls of them, in their order. */
export class Callbacks {
  readonly #options: CallbacksOptions;
  readonly #functions = new Map<number, Callback>();
  readonly #waiting = new Set<Call>();
  readonly #slice = new Slice();
  /** The channels of streams in answers. */
  readonly #streams = new Set<Channel>();
  #lastId = 0;
  #running = 0;
  /** How much memory the arguments of running calls and the unread answers take. */
  #memory = 0;
  #answers = 0;

  constructor(options: CallbacksOptions) {
    this.#options = options;
  }

  /** Lets the far end call a function, by the number that this gives. */
  add(fn: Callback): number {
    this.#functions.set(++this.#lastId, fn);
    return this.#lastId;
  }

  /** Forgets functions, which the far end cannot call any more. */
  release(ids: readonly unknown[]): void {
    for (const id of ids) this.#functions.delete(id as number);
  }

  /** Answers a call. It waits while earlier ones take much memory or time. */
  handle(channel: Channel, id: unknown): void {
    // Anything else may take much memory until the message comes, if it ever does.
    const number = typeof id === "number" ? id : NaN;
    channel.receive().then((message) => {
      this.#wait({ channel, fn: this.#functions.get(number), message });
      this.#next();
    }, () => {}); // the far end gave it up
  }

  #wait(call: Call): void {
    this.#waiting.add(call);
    try {
      this.#options.countUnread(sizeOf(call));
    } catch (error) {
      this.#options.broken("The far end calls back too often", error);
    }
    call.channel.onFailure(() => this.#remove(call));
  }

  #remove(call: Call): void {
    if (this.#waiting.delete(call)) this.#options.countUnread(-sizeOf(call));
  }

  #next(): void {
    for (const call of this.#waiting) {
      if (this.#running > 0 && this.#memory >= this.#options.maxMemory) return;
      if (this.#slice.isOver(() => this.#next())) return;
      this.#remove(call);
      this.#slice.run((): void => void this.#run(call));
    }
  }

  async #run({ channel, fn, message }: Call): Promise<void> {
    const { maxMemory, decode, openStream } = this.#options;
    let memory = 0;
    this.#begin();
    try {
      if (fn === undefined) throw new TypeError("Cannot call back: there is no such callback");
      const args = message === undefined ? [] : decode(message.bytes, (cost) => {
        memory = maxMemory === Infinity ? 0 : cost;
        this.#memory += memory;
      });
      if (!isList(args, message?.bytes.length ?? 0)) {
        throw new TypeError("Cannot call back: there are no arguments");
      }
      const result = await fn(...args);
      this.#slice.run(() => sendLast(channel, result, "result", () => this.#stream(openStream())));
    } catch (error) {
      channel.send(encodeFailure(error), Flag.FAILURE | Flag.END);
    }
    this.#memory -= memory;
    const { unsent } = channel;
    this.#count(unsent);
    // It is rejected when the channel was given up.
    await channel.drained().catch(() => {});
    this.#count(-unsent);
    this.#end();
  }

  /** Counts a stream like a running call, until it is over. */
  #stream(channel: Channel): Channel {
    this.#begin();
    this.#streams.add(channel);
    channel.onFailure(() => {
      this.#streams.delete(channel);
      this.#end();
    });
    if (this.#streams.size % COUNTED_STREAMS === 0) this.#count(0);
    return channel;
  }

  #begin(): void {
    if (++this.#running <= MAX_RUNNING) return;
    this.#options.broken(`The far end has more than ${MAX_RUNNING} callbacks run at once`);
  }

  #end(): void {
    this.#running--;
    this.#next();
  }

  #count(bytes: number): void {
    this.#memory += bytes;
    this.#answers += bytes;
    let waiting = this.#answers;
    if (bytes === 0) { for (const { unsent } of this.#streams) waiting += unsent; }
    if (waiting <= MAX_ANSWERS) return;
    this.#options.broken("The far end calls back without reading the answers");
  }
}

function sizeOf({ message }: Call): number {
  return CALL_COST + (message?.bytes.length ?? 0);
}
