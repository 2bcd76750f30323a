import type { Channel } from "./channel.ts";

/** The number of lists at first, as a power of two. */
const FIRST_BITS = 4;

/**
 * Channels by their numbers, in lists of those whose numbers have the same hash. It stands in for a
 * `Map`, which copies itself all the time when entries come and go. V8 keeps the channels of a copy
 * that has once outlived two of its small collections until a full one, a kilobyte for each call.
 */
export class ChannelTable {
  #lists: (Channel | undefined)[] = lists(FIRST_BITS);
  /** So many bits of a hash are dropped. */
  #shift = 32 - FIRST_BITS;
  #size = 0;
  /** The other end chooses numbers, and must not know which of them have the same hash. */
  readonly #factor = Math.random() * 2 ** 32 | 1;

  /** How many channels there are. */
  get size(): number {
    return this.#size;
  }

  /** Finds a channel by its number. */
  get(id: number): Channel | undefined {
    let channel = this.#lists[this.#hash(id)];
    while (channel !== undefined && channel.id !== id) channel = channel.next;
    return channel;
  }

  /** Adds a channel whose number is not there. */
  add(channel: Channel): void {
    if (this.#size++ === this.#lists.length) this.#grow();
    this.#link(channel);
  }

  /** Removes a channel. Returns whether it was there. */
  delete(channel: Channel): boolean {
    const hash = this.#hash(channel.id);
    let before: Channel | undefined;
    let one = this.#lists[hash];
    for (; one !== channel; one = one.next) {
      if (one === undefined) return false;
      before = one;
    }
    if (before === undefined) this.#lists[hash] = channel.next;
    else before.next = channel.next;
    channel.next = undefined;
    this.#size--;
    return true;
  }

  /** Gives all channels, in the order of their numbers. */
  all(): Channel[] {
    const all: Channel[] = [];
    for (let one of this.#lists) {
      for (; one !== undefined; one = one.next) all.push(one);
    }
    return all.sort((one, other) => one.id - other.id);
  }

  #grow(): void {
    const all = this.all();
    this.#shift--;
    this.#lists = lists(32 - this.#shift);
    for (const channel of all) this.#link(channel);
  }

  #link(channel: Channel): void {
    const hash = this.#hash(channel.id);
    channel.next = this.#lists[hash];
    this.#lists[hash] = channel;
  }

  #hash(id: number): number {
    return Math.imul(id, this.#factor) >>> this.#shift;
  }
}

function lists(bits: number): undefined[] {
  return new Array(2 ** bits).fill(undefined);
}
