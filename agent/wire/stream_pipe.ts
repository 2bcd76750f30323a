import type { Readable, Writable } from "node:stream";
import { concat } from "./concat.ts";
import type { Pipe } from "./multiplexer.ts";

/** More than this in the stream's own buffer, and the multiplexer has to wait. */
const HIGH_WATER = 256 * 1024;

/** What is joined into one chunk rather than written by itself. */
const JOIN_LIMIT = 16 * 1024;

/** The writing half of a {@linkcode Pipe}, made of Node's streams. The caller connects the reading half. */
export function streamPipe(readable: Readable, writable: Writable, onDrain: () => void): Pipe {
  let congested = false;
  const drained = (): void => {
    if (!congested || writable.writableLength > HIGH_WATER) return;
    congested = false;
    onDrain();
  };
  return {
    write(chunks: Uint8Array[]): boolean {
      let size = 0;
      for (const chunk of chunks) size += chunk.length;
      const all = chunks.length > 1 && size <= JOIN_LIMIT ? [concat(chunks, size)] : chunks;
      congested = writable.writableLength + size > HIGH_WATER;
      if (all.length > 1) writable.cork();
      for (const chunk of all) writable.write(chunk, chunk === all.at(-1) ? drained : undefined);
      if (all.length > 1) writable.uncork();
      return !congested;
    },
    close(): void {
      readable.destroy();
      writable.destroy();
    },
  };
}
