/**
 * Moves the bytes of a file over a channel: messages of at most {@linkcode CHUNK} plain bytes, and
 * at the end an encoded `[size, sha1sum]`. An agent that cannot go on sends a failure; a controller
 * that cannot go on resets the channel.
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

/**
 * The most bytes of a file that go in one message: a message is one frame, which together with its
 * header is as much as a pipe holds.
 */
export const CHUNK: number = MAX_PAYLOAD - HEADER_SIZE;

/** The encoding of a size and a SHA-1 is shorter. */
const MAX_SUMMARY = 100;

/** A SHA-1 in lower-case hexadecimal. */
const SHA1 = /^[0-9a-f]{40}$/;

/** The size and the hash of the bytes. Both ends compute it, and compare. */
export interface Summary {
  readonly size: number;
  /** In lower-case hexadecimal. */
  readonly sha1sum: string;
}

/**
 * Called with how many bytes have been moved; at the end once more, before the far end is told of
 * the end.
 */
type OnMoved = (bytes: number) => void;

/** The far end has given up. */
export class Interruption extends Error {
  /** The message that came instead of the expected one; `undefined` for the end of the channel. */
  readonly answer: Message | undefined;

  constructor(answer: Message | undefined) {
    super("The far end gave up");
    this.answer = answer;
  }
}

/** The far end sent something that does not belong to a transfer. */
export class BrokenTransfer extends Error {
}

/** An error that says what the far end did, such as `sent a file twice`. */
export function farEndError(what: string): BrokenTransfer {
  return new BrokenTransfer(`The far end ${what}`);
}

/**
 * Sends all that `source` gives.
 *
 * @param answer The far end's answer. An answer before the end says that the far end has given
 * up: the transfer then ends with an {@linkcode Interruption}.
 * @param send Sends a block. Without it, only the size and the hash are sent.
 */
export async function sendBytes(
  channel: Channel,
  source: AsyncIterable<Uint8Array>,
  answer: Promise<Message | undefined>,
  onMoved: OnMoved,
  send: (channel: Channel, block: Uint8Array) => void = sendBlock,
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
      send(channel, block);
      await interrupted.or(channel.drained());
      size += block.length;
      onMoved(size);
    }
    // An empty file has no blocks.
    onMoved(size);
  } catch (error) {
    Promise.resolve(blocks.return?.()).catch(() => {});
    throw error;
  }
  const sha1sum = hash.digest("hex");
  channel.send(encode([size, sha1sum]), Flag.END);
  return { size, sha1sum };
}

/** Sends a block as messages of plain bytes. */
export function sendBlock(channel: Channel, block: Uint8Array): void {
  for (let at = 0; at < block.length; at += CHUNK) {
    channel.send(block.subarray(at, at + CHUNK), Flag.RAW);
  }
}

/**
 * Receives the bytes that {@linkcode sendBytes} sends, and checks them.
 *
 * @param write Takes bytes, which may be written over when it is done. It is not called again
 * before.
 * @throws {Interruption} If the far end cannot go on.
 * @throws {BrokenTransfer} If the messages are not of a transfer, or the bytes are not the sent
 * ones.
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
    // Bytes still on their way are dropped: left alone, they would fill the channel.
    channel.takeBytes((bytes) => channel.credit(bytes.length));
    throw error;
  }
}

function check(message: Uint8Array, received: Summary): Summary {
  if (message.length > MAX_SUMMARY) throw new BrokenTransfer("The end is too long");
  const told: unknown = decode(message);
  const [size, sha1sum] = Array.isArray(told) ? told : [];
  // The values are quoted below, so they must not be anything else.
  if (!Number.isSafeInteger(size) || typeof sha1sum !== "string" || !SHA1.test(sha1sum)) {
    throw new BrokenTransfer("The end has no size and SHA-1");
  }
  if (size === received.size && sha1sum === received.sha1sum) return received;
  throw new BrokenTransfer(
    `The received bytes differ from the sent ones: ${received.size} with the SHA-1 ` +
      `${received.sha1sum} instead of ${size} with ${sha1sum}`,
  );
}
