import { Flag } from "../wire/frame.ts";
import type { Message } from "../wire/channel.ts";
import { concat } from "../wire/concat.ts";

/** Gives what a message has, which is compressed unless it is plain bytes. */
export async function inflate({ bytes, flags }: Message): Promise<Uint8Array> {
  return flags & Flag.RAW ? bytes : await unpacked("deflate-raw", bytes);
}

/** Gives a text that is compressed with Brotli, unless it is a text already. */
export async function inflatedText(source: string | Uint8Array): Promise<string> {
  return typeof source === "string"
    ? source
    : new TextDecoder().decode(await unpacked("brotli", source));
}

async function unpacked(format: "brotli" | "deflate-raw", bytes: Uint8Array): Promise<Uint8Array> {
  if (!("Deno" in globalThis)) {
    const { brotliDecompressSync, inflateRawSync } = await import("node:zlib");
    return (format === "brotli" ? brotliDecompressSync : inflateRawSync)(bytes);
  }
  // Deno has loaded its streams to unpack the agent. `node:zlib` takes longer than a start.
  // Code may have put others in the place of the streams that it would use.
  const { readable, writable } = new DecompressionStream(format as CompressionFormat);
  const writer = writable.getWriter();
  const [chunks] = await Promise.all([
    Array.fromAsync(readable),
    writer.write(bytes as Uint8Array<ArrayBuffer>),
    writer.close(),
  ]);
  return concat(chunks, chunks.reduce((size, { length }) => size + length, 0));
}
