import type { Writable } from "node:stream";
import { concat } from "./concat.ts";
import type { Pipe } from "./multiplexer.ts";

/** When the stream's own buffer holds more than this, in bytes, the multiplexer has to wait. */
export const HIGH_WATER: number = 256 * 1024;

/** Chunks of up to this many bytes in all are joined into one. */
export const JOIN_LIMIT: number = 16 * 1024;

/**
 * Makes a {@linkcode Pipe} that writes to a stream of Node's. The caller connects the reading half.
 *
 * @param readable The reading half, which is only closed here.
 * @param onDrain Called when there is room again after a write that returned `false`.
 */
export function streamPipe(
  readable: { destroy(): unknown },
  writable: Writable,
  onDrain: () => void,
): Pipe {
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
