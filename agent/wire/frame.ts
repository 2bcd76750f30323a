/**
 * The frames that both ends of a pipe exchange. README.md in the folder above gives the reasons.
 *
 * ```text
 *  0       2      3       4           8          12
 *  +-------+------+-------+-----------+-----------+----------------+
 *  | magic | type | flags |  channel  |  length   | payload        |
 *  +-------+------+-------+-----------+-----------+----------------+
 * ```
 *
 * All numbers are big-endian and unsigned.
 *
 * @module
 */

import { ProtocolError } from "./protocol_error.ts";

/**
 * The first two bytes of each frame. 0xF5 does not occur in UTF-8, so printed text never looks like
 * a frame.
 */
export const MAGIC = 0xf5c5;

/** The size of the header in front of a payload, in bytes. */
export const HEADER_SIZE = 12;

/** The size of the largest payload, in bytes; a longer one is a {@linkcode ProtocolError}. */
export const MAX_PAYLOAD: number = 64 * 1024;

/** The kinds of frame. */
export const FrameType = {
  /**
   * Opens a channel. The payload is an encoded header that says what the channel is for; with
   * {@linkcode Flag.LONG} it is empty.
   */
  OPEN: 1,
  /** Bytes of a channel's messages; they count against its window. */
  DATA: 2,
  /** The receiver has room for so many bytes more (u32). */
  CREDIT: 3,
  /** The channel is over, at once and in both directions; the payload is an encoded reason. */
  RESET: 4,
  /** Asks for a PONG with the same payload. */
  PING: 5,
  /** The answer to a PING. */
  PONG: 6,
  /** The first frame: an encoded object that introduces the sender. */
  HELLO: 7,
  /** The controller asks the agent to clear up and exit. */
  BYE: 8,
  /**
   * The agent's process has ended. The payload is its exit code, in three digits, and the
   * connection's marker. The shell around the agent sends it: programs that the agent started may
   * keep the pipe open, so the end of the pipe does not tell.
   */
  EXIT: 9,
} as const;

/** A value of {@linkcode FrameType}. */
export type FrameType = (typeof FrameType)[keyof typeof FrameType];

/** The bits of a frame's flags. DATA frames have all but `LONG`, which only OPEN frames have. */
export const Flag = {
  /** The payload completes a message. */
  MESSAGE: 1,
  /** The message is plain bytes rather than an encoded value. */
  RAW: 2,
  /** The sender sends nothing more on this channel. */
  END: 4,
  /** The message describes a failure. */
  FAILURE: 8,
  /** The header is too long for the OPEN frame, so it is the channel's first message. */
  LONG: 16,
  /** The payload begins with the size of the message whose first piece it is (u32). */
  SIZE: 32,
} as const;

/** A frame that has been read. */
export interface Frame {
  readonly type: FrameType;
  /** A combination of {@linkcode Flag} bits. */
  readonly flags: number;
  /** The channel's number, or 0 if the frame concerns the whole pipe. */
  readonly channel: number;
  /** It may be overwritten when its handler returns, so it must be copied to be kept. */
  readonly payload: Uint8Array;
}

/** Takes payloads in parts, as they arrive, so that they need not be collected. */
export interface PartHandler {
  /** Whether the payload of this frame, of which some is missing, is to be passed on in parts. */
  takesParts(type: FrameType, flags: number, channel: number): boolean;
  /**
   * Takes a part of a payload, which may be overwritten afterwards like a whole one. The last part
   * comes as a frame, with the flags.
   */
  handlePart(channel: number, bytes: Uint8Array): void;
}

/** Writes a header into {@linkcode HEADER_SIZE} bytes of `target`. */
export function writeHeader(
  target: Uint8Array,
  type: FrameType,
  flags: number,
  channel: number,
  length: number,
  at = 0,
): void {
  target[at] = MAGIC >>> 8;
  target[at + 1] = MAGIC & 0xff;
  target[at + 2] = type;
  target[at + 3] = flags;
  writeUint32(target, at + 4, channel);
  writeUint32(target, at + 8, length);
}

/** Makes a whole frame. */
export function frameOf(
  type: FrameType,
  flags: number,
  channel: number,
  payload: Uint8Array,
): Uint8Array {
  const frame = new Uint8Array(HEADER_SIZE + payload.length);
  writeHeader(frame, type, flags, channel, payload.length);
  frame.set(payload, HEADER_SIZE);
  return frame;
}

/** Reads the number that {@linkcode writeUint32} wrote. */
export function readUint32(bytes: Uint8Array, offset: number): number {
  return ((bytes[offset]! << 24) | (bytes[offset + 1]! << 16) | (bytes[offset + 2]! << 8) |
    bytes[offset + 3]!) >>> 0;
}

/** Writes `value` as four bytes, the highest first. */
export function writeUint32(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value >>> 24;
  bytes[offset + 1] = value >>> 16;
  bytes[offset + 2] = value >>> 8;
  bytes[offset + 3] = value;
}

/** A payload of at most so many bytes gets an array of its own if it arrives in pieces. */
const SMALL_PAYLOAD = 4 * 1024;

/** Room for one that is larger. All decoders share it: few are within one at once. */
let room: Uint8Array<ArrayBuffer> | undefined;

/** Divides a stream of bytes, in whatever pieces it arrives, into frames. */
export class FrameDecoder {
  readonly #header = new Uint8Array(HEADER_SIZE);
  #headerLength = 0;
  /** Collects a payload that arrives in pieces. */
  #payload: Uint8Array<ArrayBuffer> | undefined;
  #payloadLength = 0;
  /** Whether pieces of the payload are passed on at once. */
  #inParts = false;

  /** Whether the stream is between two frames, where alone it may end. */
  get idle(): boolean {
    return this.#headerLength === 0;
  }

  /**
   * Takes the next piece of the stream, and calls `handle` with each frame that it completes.
   *
   * @param parts Takes payloads in parts; without it, all are collected.
   * @throws {ProtocolError} If the bytes are not a frame.
   */
  push(chunk: Uint8Array, handle: (frame: Frame) => void, parts?: PartHandler): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#headerLength < HEADER_SIZE) {
        let header = chunk;
        let headerAt = at;
        if (this.#headerLength > 0 || chunk.length - at < HEADER_SIZE) {
          const count = Math.min(HEADER_SIZE - this.#headerLength, chunk.length - at);
          this.#header.set(chunk.subarray(at, at + count), this.#headerLength);
          this.#headerLength += count;
          at += count;
          header = this.#header;
          headerAt = 0;
        } else {
          this.#headerLength = HEADER_SIZE;
          at += HEADER_SIZE;
        }
        const problem = problemOf(header, headerAt, this.#headerLength);
        if (problem !== undefined) {
          const wrong = header.subarray(headerAt, headerAt + this.#headerLength);
          throw new ProtocolError(
            `${problem} ${shown([...wrong, ...chunk.subarray(at, at + 52)])}`,
          );
        }
        if (this.#headerLength < HEADER_SIZE) return;
        const length = readUint32(header, headerAt + 8);
        if (length > 0 && chunk.length - at < length) {
          if (header !== this.#header) {
            this.#header.set(header.subarray(headerAt, headerAt + HEADER_SIZE));
          }
          this.#payloadLength = 0;
          const { type, flags, channel } = readFrame(header, headerAt, chunk);
          this.#inParts = parts?.takesParts(type, flags, channel) ?? false;
          continue;
        }
        this.#headerLength = 0;
        const payload = chunk.subarray(at, at + length);
        at += length;
        handle(readFrame(header, headerAt, payload));
        continue;
      }
      const length = readUint32(this.#header, 8);
      const payload = chunk.subarray(at, at + length - this.#payloadLength);
      at += payload.length;
      if (!this.#inParts) this.#collect(payload, length);
      this.#payloadLength += payload.length;
      if (this.#payloadLength < length) {
        if (this.#inParts) parts!.handlePart(readUint32(this.#header, 4), payload);
        return;
      }
      this.#headerLength = 0;
      const collected = this.#payload;
      this.#payload = undefined;
      handle(readFrame(this.#header, 0, collected?.subarray(0, length) ?? payload));
      if (length > SMALL_PAYLOAD) room = collected ?? room;
    }
  }

  #collect(bytes: Uint8Array, length: number): void {
    if (this.#payload === undefined) {
      this.#payload = length > SMALL_PAYLOAD
        ? room ?? new Uint8Array(MAX_PAYLOAD)
        : new Uint8Array(length);
      if (this.#payload === room) room = undefined;
    }
    this.#payload.set(bytes, this.#payloadLength);
  }
}

function readFrame(header: Uint8Array, at: number, payload: Uint8Array): Frame {
  return {
    type: header[at + 2] as FrameType,
    flags: header[at + 3]!,
    channel: readUint32(header, at + 4),
    payload,
  };
}

/** Tells what is wrong with as much of a header as has arrived, so that it is noticed at once. */
function problemOf(header: Uint8Array, at: number, length: number): string | undefined {
  if (header[at] !== MAGIC >>> 8 || (length > 1 && header[at + 1] !== (MAGIC & 0xff))) {
    return "Expected a frame, got";
  }
  if (length < HEADER_SIZE) return undefined;
  const type = header[at + 2]!;
  if (type < FrameType.OPEN || type > FrameType.EXIT) return `Unknown frame type ${type} in`;
  const size = readUint32(header, at + 8);
  if (size <= MAX_PAYLOAD) return undefined;
  return `A frame of ${size} bytes is over the limit of ${MAX_PAYLOAD}:`;
}

/** Shows the first bytes in hexadecimal, and all as text. */
function shown(bytes: readonly number[]): string {
  const hex = bytes.slice(0, 32).map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
  const text = bytes.map((byte) => byte > 31 && byte < 127 ? String.fromCharCode(byte) : ".");
  return `${hex} (${JSON.stringify(text.join(""))})`;
}
