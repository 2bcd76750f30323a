import type { Channel, Message } from "../wire/channel.ts";
import { Flag, MAX_PAYLOAD } from "../wire/frame.ts";
import { type Handle, HandleKind } from "./handle.ts";

/**
 * The large arrays of bytes in a value. They go as messages of their own in front of it, which the
 * other end need not copy out of the value: to fill new memory takes longer than all else that is
 * done for them.
 */
export class Parts {
  readonly #found: Uint8Array[] = [];

  /**
   * The handle of an array that goes as a message of its own, for which the codec asks once;
   * `undefined` for anything else.
   */
  handleOf(value: unknown): Handle | undefined {
    return isPart(value) ? [HandleKind.PART, this.#found.push(value) - 1] : undefined;
  }

  /** Forgets what was found, as the value is encoded once more. */
  clear(): void {
    this.#found.length = 0;
  }

  /** Copies the arrays, as they are now. */
  copy(): Uint8Array[] {
    return this.#found.map((one) => new Uint8Array(one));
  }
}

/** Whether a value is an array of bytes that is so large that it goes as a message of its own. */
export function isPart(value: unknown): value is Uint8Array {
  return value instanceof Uint8Array && value.length > MAX_PAYLOAD &&
    Object.getPrototypeOf(value) === Uint8Array.prototype;
}

/** Sends the arrays that come ahead of a value. */
export function sendParts(channel: Channel, parts: readonly Uint8Array[]): void {
  for (const part of parts) channel.send(part, Flag.RAW);
}

/** Whether a message is one of the arrays that come ahead of a value. */
export function bringsPart(message: Message | undefined): message is Message {
  return message?.flags === Flag.RAW;
}

/** The array for a handle that {@linkcode Parts.handleOf} has made; `undefined` for others. */
export function partOf(
  [kind, index]: readonly unknown[],
  parts: readonly Uint8Array[],
): Uint8Array | undefined {
  // Of anything else, a text would be made.
  return kind === HandleKind.PART && typeof index === "number" ? parts[index] : undefined;
}
