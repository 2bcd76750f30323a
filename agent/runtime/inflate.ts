import { Flag } from "../wire/frame.ts";
import type { Message } from "../wire/channel.ts";
import { nodeProcess } from "./node_process.ts";

/** Gives what a message has, which is compressed unless it is plain bytes. */
export async function inflate({ bytes, flags }: Message): Promise<Uint8Array> {
  if (flags & Flag.RAW) return bytes;
  nodeProcess(); // before the module makes it
  return (await import("node:zlib")).inflateRawSync(bytes);
}

/** Gives a text that is compressed with Brotli, unless it is a text already. */
export async function inflatedText(source: string | Uint8Array<ArrayBuffer>): Promise<string> {
  if (typeof source === "string") return source;
  if (!("Deno" in globalThis)) {
    return (await import("node:zlib")).brotliDecompressSync(source).toString();
  }
  // Its module of Node's takes longer to load than to start.
  const format = "brotli" as CompressionFormat;
  return await new Response(
    new Response(source).body!.pipeThrough(new DecompressionStream(format)),
  ).text();
}
