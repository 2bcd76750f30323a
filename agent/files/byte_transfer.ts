/**
 * The bytes of a file on a channel, from one end to the other: messages of at most {@linkcode CHUNK} plain bytes,
 * and at the end an encoded `[size, sha1sum]`. An agent that cannot go on sends a failure; a controller gives the
 * channel up.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { decode } from "../../codec/decode.ts";
import { encode } from "../../codec/encode.ts";
import { BlockQueue } from "./block_queue.ts";
import type { Channel, Message } from "../wire/channel.ts";
import { Flag, HEADER_SIZE, MAX_PAYLOAD } from "../wire/frame.ts";
import { Interrupt } from "./interrupt.ts";

/** The most bytes of a file that go in one message: one frame, which with its header is as much as a pipe holds. */
export const CHUNK: number = MAX_PAYLOAD - HEADER_SIZE;

/** How a SHA-1 is written. */
const SHA1 = /^[0-9a-f]{40}$/;

/** What both ends know of the bytes when they have been moved. */
export interface Summary {
  readonly size: number;
  /** In lower-case hexadecimal. */
  readonly sha1sum: string;
}

/** Called with how many bytes have been moved; at the end once more, before the other end is told of it. */
export type OnMoved = (bytes: number) => void;

/** The other end has given up: it sent this instead of what was expected. */
export class Interruption extends Error {
  readonly answer: Message | undefined;

  constructor(answer: Message | undefined) {
    super("The other end gave up");
    this.answer = answer;
  }
}

/** What the other end sent makes no sense. */
export class BrokenTransfer extends Error {
}

/**
 * Sends all that `source` gives.
 *
 * @param answer The other end's answer. If it comes before the end, it is a refusal, and ends the transfer with an
 * {@linkcode Interruption}.
 */
export async function sendBytes(
  channel: Channel,
  source: AsyncIterable<Uint8Array>,
  answer: Promise<Message | undefined>,
  onMoved: OnMoved,
): Promise<Summary> {
  const hash = createHash("sha1");
  const interrupted = new Interrupt();
  answer.then(
    (message) => interrupted.by(new Interruption(message)),
    (error) => interrupted.by(error),
  );
  const blocks = source[Symbol.asyncIterator]();
  let size = 0;
  try {
    for (;;) {
      const { done, value: block } = await interrupted.or(blocks.next());
      if (done) break;
      hash.update(block);
      for (let at = 0; at < block.length; at += CHUNK) {
        channel.send(block.subarray(at, at + CHUNK), Flag.RAW);
      }
      await interrupted.or(channel.drained());
      size += block.length;
      onMoved(size);
    }
    // Nothing may have come.
    onMoved(size);
  } catch (error) {
    Promise.resolve(blocks.return?.()).catch(() => {});
    throw error;
  }
  const sha1sum = hash.digest("hex");
  channel.send(encode([size, sha1sum]), Flag.END);
  return { size, sha1sum };
}

/**
 * Receives what {@linkcode sendBytes} sends, and checks it.
 *
 * @param write Takes bytes, which are written over when it is done; not called again before.
 * @throws {Interruption} If the other end cannot go on.
 * @throws {BrokenTransfer} If what arrives is no transfer, or not what was sent.
 */
export async function receiveBytes(
  channel: Channel,
  write: (bytes: Uint8Array) => Promise<void>,
  onMoved: OnMoved,
): Promise<Summary> {
  const hash = createHash("sha1");
  let size = 0;
  const blocks = new BlockQueue();
  channel.takeBytes((bytes) => blocks.push(bytes));
  const ending = channel.receive();
  ending.then(
    (message) => message === undefined || message.flags !== 0 ? blocks.clear() : blocks.end(),
    () => blocks.clear(),
  );
  try {
    for (let block; (block = await blocks.next()) !== undefined;) {
      hash.update(block);
      size += block.length;
      onMoved(size);
      await write(block);
      channel.credit(block.length);
    }
    const message = await ending;
    if (message === undefined || message.flags !== 0) throw new Interruption(message);
    onMoved(size);
    return check(message.bytes, { size, sha1sum: hash.digest("hex") });
  } catch (error) {
    // What is on its way still comes.
    channel.takeBytes((bytes) => channel.credit(bytes.length));
    throw error;
  }
}

function check(message: Uint8Array, received: Summary): Summary {
  const told: unknown = decode(message);
  const [size, sha1sum] = Array.isArray(told) ? told : [];
  // What else there might be could not be shown.
  if (!Number.isSafeInteger(size) || typeof sha1sum !== "string" || !SHA1.test(sha1sum)) {
    throw new BrokenTransfer("There is no end to it");
  }
  if (size === received.size && sha1sum === received.sha1sum) return received;
  throw new BrokenTransfer(
    `The bytes are not those that were sent: ${received.size} with the SHA-1 ${received.sha1sum} ` +
      `instead of ${size} with ${sha1sum}`,
  );
}
