import { farEndError, Interruption } from "../files/byte_transfer.ts";
import type { Channel } from "../wire/channel.ts";
import { Fifo } from "../wire/fifo.ts";
import { unseal } from "./sealed_message.ts";
import { type Entry, EntryType } from "./tree_entry.ts";

/**
 * The messages from the target of a folder, which may come at any time: indexes of files that it
 * wants, then `null`, then what it has changed. Each message is checked when it comes, so the
 * target cannot fill the memory.
 */
export class TargetAnswers {
  readonly #entries: readonly Entry[];
  readonly #unread = new Fifo<unknown>();
  /** The indexes of the files that the target has asked for. */
  readonly #wanted = new Set<number>();
  /** Whether it has asked for all files that it wants. */
  #isAllWanted = false;
  /** Whether it has said what it has changed. */
  #isAnswered = false;
  #failure: { readonly error: unknown } | undefined;
  #wake: (() => void) | undefined;

  /**
   * Reads the messages on `channel`. `entries` are those that were sent, to which some may be
   * added. A message may take `maxCost` bytes of memory.
   */
  constructor(channel: Channel, entries: readonly Entry[], maxCost: number) {
    this.#entries = entries;
    this.#read(channel, maxCost).catch((error) => this.#failure = { error }).finally(() =>
      this.#wake?.()
    );
  }

  /** The next message. */
  async next(): Promise<unknown> {
    while (this.#unread.length === 0) {
      this.check();
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
    return this.#unread.shift();
  }

  /** The indexes of files in the next message, if it has come and has some. */
  takeWanted(): number[] | undefined {
    return Array.isArray(this.#unread.first) ? this.#unread.shift() as number[] : undefined;
  }

  /** @throws {Interruption} If the target gave up. */
  check(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  async #read(channel: Channel, maxCost: number): Promise<never> {
    for (;;) {
      const message = await channel.receive();
      if (message === undefined || message.flags !== 0) throw new Interruption(message);
      const value = unseal(message.bytes, maxCost);
      this.#handle(value);
      this.#unread.push(value);
      this.#wake?.();
    }
  }

  #handle(value: unknown): void {
    if (this.#isAnswered) throw farEndError("sent a message after its last one");
    if (this.#isAllWanted) this.#isAnswered = true;
    else if (value === null) this.#isAllWanted = true;
    else if (!Array.isArray(value) || value.length === 0) {
      throw farEndError("sent a message of an unknown form");
    } else for (const index of value) this.#want(index);
  }

  #want(index: unknown): void {
    const entry = typeof index === "number" ? this.#entries[index] : undefined;
    if (entry?.[1] !== EntryType.FILE || this.#wanted.has(index as number)) {
      throw farEndError("asked for something that is not a file, or for a file twice");
    }
    this.#wanted.add(index as number);
  }
}
