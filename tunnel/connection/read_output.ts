import { Socket } from "node:net";
import type { Readable } from "node:stream";

/** As much as a pipe holds. */
const SIZE = 64 * 1024;

/** What the stream of a child process has, and no documentation. */
interface WithHandle {
  _handle?: object | null;
}

/**
 * Reads what a child process prints into one buffer, over and over: a stream makes a new one for each read, which takes
 * longer than all else when much comes, and fills the memory. That a socket reads so can only be said when it is made, and
 * a child process makes its own, so a new socket takes over what is below. Where that cannot be had, the stream is read
 * as usual.
 *
 * @param onChunk Gets bytes that may be written over when it returns.
 * @returns The stream that is read. It is the caller's to destroy, with the original.
 */
export function readOutput(stdout: Readable, onChunk: (chunk: Uint8Array) => void): Readable {
  const original = stdout as WithHandle;
  const handle = original._handle;
  if (!handle) return stdout.on("data", onChunk);
  original._handle = null;
  const socket = new Socket({
    handle,
    readable: true,
    writable: false,
    onread: {
      buffer: new Uint8Array(SIZE),
      callback: (length: number, buffer: Uint8Array): boolean => {
        onChunk(buffer.subarray(0, length));
        return true;
      },
    },
  } as never);
  // Nobody has read the original, which would never end.
  socket.on("close", () => stdout.destroy());
  return socket;
}
