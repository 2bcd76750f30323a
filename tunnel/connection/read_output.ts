import { Socket } from "node:net";
import type { Readable } from "node:stream";

/** Bytes of the buffer: as much as a pipe holds. */
const SIZE = 64 * 1024;

/** The undocumented part of a child process's stream. */
interface WithHandle {
  _handle?: object | null;
}

/**
 * Reads what a child process prints into one buffer, over and over. A stream makes a new buffer for
 * each read, which takes longer than all else when much arrives, and fills the memory.
 *
 * A socket takes a buffer only when it is made, and a child process makes its sockets itself. So a
 * new socket takes over the handle of the one that is there. A stream without a handle is read as
 * usual.
 *
 * @param onChunk Gets bytes that may be written over when it returns.
 * @returns The stream that is read. The caller has to destroy it; that destroys the original, too.
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
  // The original would never end by itself, since nobody reads it.
  socket.on("close", () => stdout.destroy());
  return socket;
}
