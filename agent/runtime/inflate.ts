import { Flag } from "../wire/frame.ts";
import type { Message } from "../wire/channel.ts";

/** Gives what a message has, which is compressed unless it is plain bytes. */
export async function inflate({ bytes, flags }: Message): Promise<Uint8Array> {
  return flags & Flag.RAW ? bytes : (await import("node:zlib")).inflateRawSync(bytes);
}
