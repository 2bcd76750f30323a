import { Flag } from "../wire/frame.ts";
import type { Message } from "../wire/channel.ts";
import { nodeProcess } from "./node_process.ts";

/** Gives what a message has, which is compressed unless it is plain bytes. */
export async function inflate({ bytes, flags }: Message): Promise<Uint8Array> {
  if (flags & Flag.RAW) return bytes;
  nodeProcess(); // before the module makes it
  return (await import("node:zlib")).inflateRawSync(bytes);
}
