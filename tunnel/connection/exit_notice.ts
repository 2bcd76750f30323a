/**
 * The last bytes on the pipe when the agent has ended: an EXIT frame from the shell around the
 * agent. Its payload is the exit code and the connection's marker.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { EXIT_CODE_DIGITS } from "../../agent/protocol/exit_code.ts";
import { FrameType, HEADER_SIZE, MAGIC, writeHeader } from "../../agent/wire/frame.ts";
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
  const first = Math.max(0, bytes.length - size - MAX_EPITAPH);
  // Each chunk of a large result is looked through. In Deno, a search by `Buffer` takes longer.
  for (let at = bytes.length - size; at >= first; at--) {
    if (bytes[at] !== MAGIC >>> 8 || bytes[at + 2] !== FrameType.EXIT) continue;
    const header = bytes.subarray(at, at + HEADER_SIZE);
    const payload = bytes.subarray(at + HEADER_SIZE, at + size);
    if (textOf(header) !== textOf(exitHeader(marker)) || !textOf(payload).endsWith(marker)) {
      continue;
    }
    return { code: readExitCode(payload, marker), before: bytes.subarray(0, at) };
  }
  return undefined;
}

/**
 * The exit code in the payload of an EXIT frame.
 *
 * @throws {ProtocolError} If the frame is not from the shell.
 */
export function readExitCode(payload: Uint8Array, marker: string): number {
  const text = textOf(payload);
  const digits = text.slice(0, EXIT_CODE_DIGITS);
  if (text !== digits + marker || !/^[0-9]+$/.test(digits)) {
    throw new ProtocolError("The far end sent an EXIT frame that is not from its shell");
  }
  return Number(digits);
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1");
}
