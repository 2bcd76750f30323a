/**
 * The last words on the pipe, when the agent has ended: an EXIT frame whose payload is the exit code in three digits
 * and the connection's marker. They come from the shell around the agent.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { FrameType, HEADER_SIZE, writeHeader } from "../../agent/wire/frame.ts";
import { ProtocolError } from "../../agent/wire/protocol_error.ts";

/**
 * The exit code at the very end of `bytes`, or `undefined` if they do not end so. An agent that is killed within a frame
 * leaves a part of it, and its shell's words would be read as the rest; the marker, which nothing else has in it,
 * tells that they are not.
 */
export function exitCodeAtEnd(
  bytes: Uint8Array,
  marker: string,
): { readonly code: number; readonly before: Uint8Array } | undefined {
  const size = 3 + marker.length;
  const before = bytes.subarray(0, Math.max(0, bytes.length - HEADER_SIZE - size));
  const frame = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).subarray(before.length);
  if (frame.length < HEADER_SIZE + size || !frame.toString("latin1").endsWith(marker)) {
    return undefined;
  }
  const header = Buffer.alloc(HEADER_SIZE);
  writeHeader(header, FrameType.EXIT, 0, 0, size);
  if (!frame.subarray(0, HEADER_SIZE).equals(header)) return undefined;
  return { code: readExitCode(frame.subarray(HEADER_SIZE), marker), before };
}

/**
 * The exit code in the payload of an EXIT frame.
 *
 * @throws {ProtocolError} If it is not the shell's.
 */
export function readExitCode(payload: Uint8Array, marker: string): number {
  const text = Buffer.from(payload).toString("latin1");
  if (text.length !== 3 + marker.length || !/^[0-9]{3}/.test(text) || !text.endsWith(marker)) {
    throw new ProtocolError("An EXIT frame that is not the shell's");
  }
  return Number(text.slice(0, 3));
}
