import { encodeFailure } from "../../agent/protocol/failure.ts";
import type { Channel } from "../../agent/wire/channel.ts";
import { Flag } from "../../agent/wire/frame.ts";
import { Slice } from "./slice.ts";

/** So many requests are worked on at once. Some wait for another controller, in a chain of them. */
const AT_ONCE = 32;

/** The most bytes of answers that are made or wait to be sent, unless a single one has more. */
const MAX_ANSWERS = 64 * 1024 ** 2;

/** The most memory for requests that wait, in bytes: 10,000 of them with a long URL each. */
const MAX_WAITING = 64 * 1024 ** 2;

/** The memory that a request takes beside its texts. */
const REQUEST_COST = 1000;

/** A request of a far end. */
export interface QueuedRequest {
  readonly channel: Channel;
  /** The texts that it keeps in memory. */
  readonly texts: readonly string[];
  /** How many bytes the answer will have, as far as can be known. */
  size(): number;
  /** Makes the answer. What it throws is the answer, too. */
  answer(): Promise<QueuedAnswer | undefined>;
}

/** The answer to a request; the flags as in a {@linkcode Channel}. */
export interface QueuedAnswer {
  readonly bytes: Uint8Array;
  readonly flags: number;
}

/**
 * Answers requests of a far end, in their order, so that it cannot fill the memory by asking: only
 * a few answers are made or wait to be sent at a time. Those of a channel that was given up count,
 * too, until they are no longer worked on.
 */
export class RequestQueue {
  readonly #broken: (text: string) => Error;
  readonly #waiting = new Set<QueuedRequest>();
  readonly #slice = new Slice();
  /** How much memory the waiting requests take. */
  #waitingBytes = 0;
  #running = 0;
  #answerBytes = 0;

  /** `broken` closes the connection, and gives the error for that. */
  constructor(broken: (text: string) => Error) {
    this.#broken = broken;
  }

  /** Takes a request in, and answers it when its turn comes. */
  add(request: QueuedRequest): void {
    this.#waiting.add(request);
    this.#waitingBytes += costOf(request);
    if (this.#waitingBytes > MAX_WAITING) {
      throw this.#broken(`The far end makes requests of more than ${MAX_WAITING} bytes at once`);
    }
    request.channel.onFailure(() => this.#remove(request));
    this.#next();
  }

  #remove(request: QueuedRequest): void {
    if (this.#waiting.delete(request)) this.#waitingBytes -= costOf(request);
  }

  #next(): void {
    for (const request of this.#waiting) {
      if (this.#running >= AT_ONCE || this.#slice.isOver(() => this.#next())) return;
      const size = this.#slice.run(() => request.size());
      if (this.#running > 0 && this.#answerBytes + size > MAX_ANSWERS) return;
      this.#remove(request);
      this.#slice.run((): void => void this.#run(request, size));
    }
  }

  async #run({ channel, answer }: QueuedRequest, expected: number): Promise<void> {
    let size = expected;
    this.#running++;
    this.#answerBytes += size;
    const { bytes, flags } = await answer().catch((error) => ({
      bytes: encodeFailure(error),
      flags: Flag.FAILURE,
    })) ?? { bytes: undefined, flags: 0 };
    this.#answerBytes += (bytes?.length ?? 0) - size;
    size = bytes?.length ?? 0;
    if (bytes === undefined) channel.end();
    else channel.send(bytes, flags | Flag.END);
    // It is rejected when the channel was given up.
    await channel.drained().catch(() => {});
    this.#running--;
    this.#answerBytes -= size;
    this.#next();
  }
}

function costOf({ texts }: QueuedRequest): number {
  return texts.reduce((sum, text) => sum + 2 * text.length, REQUEST_COST);
}
