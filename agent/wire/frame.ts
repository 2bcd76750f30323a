/**
 * The frames that both ends of a pipe exchange. README.md in this folder
 * explains why each of them is there.
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

/** First two bytes of each frame. 0xF5 occurs in no UTF-8 text, so nothing printed looks like one. */
export const MAGIC = 0xf5c5;

/** Bytes in front of a frame's payload. */
export const HEADER_SIZE = 12;

/** The most payload that one frame carries; a longer one is a {@linkcode ProtocolError}. */
export const MAX_PAYLOAD: number = 64 * 1024;

/** What a frame is for. */
export const FrameType = {
  /** Opens a channel; the payload is an encoded header that says what for, or nothing if it is {@linkcode Flag.LONG}. */
  OPEN: 1,
  /** Bytes of a channel's messages; they count against its window. */
  DATA: 2,
  /** The receiver has room for this many bytes more (u32). */
  CREDIT: 3,
  /** The channel is over, at once and in both directions; the payload is an encoded reason. */
  RESET: 4,
  /** Answer with a PONG of the same payload. */
  PING: 5,
  /** The answer to a PING. */
  PONG: 6,
  /** What the other end has to know before all else: an encoded object. */
  HELLO: 7,
  /** The controller is done; the agent clears up and exits. */
  BYE: 8,
  /**
   * The agent's process has ended; the payload is its exit code, three digits, and the connection's marker. It
   * comes from the shell around the agent, since what the agent started may keep the pipe open.
   */
  EXIT: 9,
} as const;

/** One of the values of {@linkcode FrameType}. */
export type FrameType = (typeof FrameType)[keyof typeof FrameType];

/** Bits of the flags of DATA frames, and of OPEN frames. */
export const Flag = {
  /** The payload completes a message. */
  MESSAGE: 1,
  /** The message is plain bytes, not an encoded value. */
  RAW: 2,
  /** The sender will send nothing more on this channel. */
  END: 4,
  /** The message tells of a failure. */
  FAILURE: 8,
  /** Of an OPEN frame: the header is too long for it, and is the channel's first message. */
  LONG: 16,
} as const;

/** A frame that was read. */
export interface Frame {
  readonly type: FrameType;
  /** A combination of {@linkcode Flag} bits. */
  readonly flags: number;
  /** The channel's number, or 0 for the frames that concern the whole pipe. */
  readonly channel: number;
  /** May be written over when its handler returns: whoever keeps it makes a copy. */
  readonly payload: Uint8Array;
}

/** Takes the payloads of long frames as they come, so that they need not be collected. */
export interface PartHandler {
  /** Whether a frame that has begun is to be given in parts. */
  takesParts(type: FrameType, flags: number, channel: number): boolean;
  /** A part of a payload, as transient as a whole one. The last one comes as a frame of its own, with the flags. */
  handlePart(channel: number, bytes: Uint8Array): void;
}

/** Writes a frame's header into the first {@linkcode HEADER_SIZE} bytes of `target`. */
export function writeHeader(
  target: Uint8Array,
  type: FrameType,
  flags: number,
  channel: number,
  length: number,
): void {
  target[0] = MAGIC >>> 8;
  target[1] = MAGIC & 0xff;
  target[2] = type;
  target[3] = flags;
  writeUint32(target, 4, channel);
  writeUint32(target, 8, length);
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

/** Cuts a stream of bytes, in whatever pieces it comes, into frames. */
export class FrameDecoder {
  readonly #header = new Uint8Array(HEADER_SIZE);
  #headerLength = 0;
  /** Where a payload is collected that comes in pieces. */
  #payload = new Uint8Array(0);
  #payloadLength = 0;
  /** Whether what comes of the payload is passed on at once. */
  #inParts = false;

  /** Whether the stream stands between two frames: only there may it end. */
  get idle(): boolean {
    return this.#headerLength === 0;
  }

  /**
   * Takes the next piece of the stream and gives each frame it completes to `handle`.
   *
   * @param parts What frames are given in parts, if any.
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
        checkHeader(header, headerAt, this.#headerLength, chunk, at);
        if (this.#headerLength < HEADER_SIZE) return;
        const frame = readHeader(header, headerAt);
        const length = readUint32(header, headerAt + 8);
        if (length > 0 && chunk.length - at < length) {
          if (header !== this.#header) {
            this.#header.set(header.subarray(headerAt, headerAt + HEADER_SIZE));
          }
          this.#payloadLength = 0;
          this.#inParts = parts?.takesParts(frame.type, frame.flags, frame.channel) ?? false;
          continue;
        }
        this.#headerLength = 0;
        const payload = chunk.subarray(at, at + length);
        at += length;
        handle({ ...frame, payload });
        continue;
      }
      const frame = readHeader(this.#header, 0);
      const length = readUint32(this.#header, 8);
      let payload = chunk.subarray(at, at + length - this.#payloadLength);
      at += payload.length;
      if (!this.#inParts) this.#collect(payload);
      this.#payloadLength += payload.length;
      if (this.#payloadLength < length) {
        if (this.#inParts) parts!.handlePart(frame.channel, payload);
        return;
      }
      this.#headerLength = 0;
      if (!this.#inParts) payload = this.#payload.subarray(0, length);
      handle({ ...frame, payload });
    }
  }

  #collect(bytes: Uint8Array): void {
    if (this.#payload.length < MAX_PAYLOAD) this.#payload = new Uint8Array(MAX_PAYLOAD);
    this.#payload.set(bytes, this.#payloadLength);
  }
}

function readHeader(bytes: Uint8Array, at: number): Omit<Frame, "payload"> {
  return {
    type: bytes[at + 2] as FrameType,
    flags: bytes[at + 3]!,
    channel: readUint32(bytes, at + 4),
  };
}

/** Checks as much of a header as has come, so that a stream out of step is noticed at once. */
function checkHeader(
  header: Uint8Array,
  at: number,
  length: number,
  chunk: Uint8Array,
  chunkAt: number,
): void {
  const bad = header[at] !== MAGIC >>> 8 || (length > 1 && header[at + 1] !== (MAGIC & 0xff));
  if (bad) {
    throw new ProtocolError(`Expected a frame, got ${shown(header, at, length, chunk, chunkAt)}`);
  }
  if (length < HEADER_SIZE) return;
  const type = header[at + 2]!;
  if (type < FrameType.OPEN || type > FrameType.EXIT) {
    throw new ProtocolError(
      `Unknown frame type ${type} in ${shown(header, at, length, chunk, chunkAt)}`,
    );
  }
  const size = readUint32(header, at + 8);
  if (size > MAX_PAYLOAD) {
    throw new ProtocolError(
      `A frame of ${size} bytes is over the limit of ${MAX_PAYLOAD}: ${
        shown(header, at, length, chunk, chunkAt)
      }`,
    );
  }
}

/** The offending bytes, and some that follow them, as text where they are text. */
function shown(
  header: Uint8Array,
  at: number,
  length: number,
  chunk: Uint8Array,
  chunkAt: number,
): string {
  const bytes = [...header.subarray(at, at + length), ...chunk.subarray(chunkAt, chunkAt + 52)];
  const hex = bytes.slice(0, 32).map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
  const text = bytes.map((byte) => byte > 31 && byte < 127 ? String.fromCharCode(byte) : ".");
  return `${hex} (${JSON.stringify(text.join(""))})`;
}
