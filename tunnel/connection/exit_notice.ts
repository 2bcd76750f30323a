/**
 * The last bytes on the pipe when the agent has ended: an EXIT frame from the shell around the
 * agent. Its payload is the exit code and the connection's marker.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { EXIT_CODE_DIGITS } from "../../agent/protocol/exit_code.ts";
import { FrameType, HEADER_SIZE, writeHeader } from "../../agent/wire/frame.ts";
import { ProtocolError } from "../../agent/wire/protocol_error.ts";

/** The header of the frame, in front of the payload. */
export function exitHeader(marker: string): Uint8Array {
  const header = new Uint8Array(HEADER_SIZE);
  writeHeader(header, FrameType.EXIT, 0, 0, EXIT_CODE_DIGITS + marker.length);
  return header;
}

/** So many bytes may a program in front of the agent print when the agent has ended. */
const MAX_EPITAPH = 1024;

/**
 * The exit code at the end of `bytes`, or `undefined` if the frame is not there. Programs such as
 * kubectl print something of their own behind it, which counts for nothing.
 *
 * An agent that is killed while it writes leaves a part of a frame, and the shell's frame would be
 * read as the rest of that. The marker, which nothing else contains, tells them apart.
 */
export function exitCodeAtEnd(
  bytes: Uint8Array,
  marker: string,
): { readonly code: number; readonly before: Uint8Array } | undefined {
  const size = HEADER_SIZE + EXIT_CODE_DIGITS + marker.length;
  if (bytes.length < size) return undefined;
  const tail = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    .subarray(-size - MAX_EPITAPH);
  const at = tail.lastIndexOf(marker, undefined, "latin1") - HEADER_SIZE - EXIT_CODE_DIGITS;
  if (at < 0) return undefined;
  const frame = tail.subarray(at, at + size);
  if (!frame.subarray(0, HEADER_SIZE).equals(exitHeader(marker))) return undefined;
  const before = bytes.subarray(0, bytes.length - tail.length + at);
  return { code: readExitCode(frame.subarray(HEADER_SIZE), marker), before };
}

/**
 * The exit code in the payload of an EXIT frame.
 *
 * @throws {ProtocolError} If the frame is not from the shell.
 */
export function readExitCode(payload: Uint8Array, marker: string): number {
  const text = Buffer.from(payload).toString("latin1");
  const digits = text.slice(0, EXIT_CODE_DIGITS);
  if (text !== digits + marker || !/^[0-9]+$/.test(digits)) {
    throw new ProtocolError("The far end sent an EXIT frame that is not from its shell");
  }
  return Number(digits);
}
