import { encode } from "../../codec/encode.ts";
import type { Channel } from "../wire/channel.ts";
import { Flag } from "../wire/frame.ts";
import { HandleKind, valueHandle } from "./handle.ts";
import { type Parts, sendParts } from "./parts.ts";
import { encodeValue } from "./value.ts";
import { asStream, sendStream, type Stream, streamKindOf } from "./value_stream.ts";

/**
 * Sends `value` as the last message of `channel`. Each stream in it gets a channel of its own, to
 * whose number its handle refers.
 *
 * @param name The name of the value in errors, such as `result`.
 * @param openStream Opens a channel for a stream.
 * @param onGivenUp Called when the last stream is given up before its end.
 * @param parts If given, large arrays of bytes go as messages of their own, ahead of the last.
 * @throws {TypeError} If it cannot be encoded.
 */
export function sendLast(
  channel: Channel,
  value: unknown,
  name: string,
  openStream: () => Channel,
  onGivenUp?: (reason: unknown) => void,
  parts?: Parts,
): void {
  // In most small results there is nothing to look for.
  if (isPrimitive(value)) return channel.send(encode(value), Flag.END);
  const streams: { readonly channel: Channel; readonly stream: Stream }[] = [];
  const handle = (part: unknown): unknown => {
    const kind = streamKindOf(part);
    if (kind === undefined) return valueHandle(part);
    // It may be asked for more than once.
    const known = streams.find(({ stream }) => stream === part);
    const own = known?.channel ?? openStream();
    if (known === undefined) streams.push({ channel: own, stream: part as Stream });
    return [HandleKind.STREAM, own.id, kind];
  };
  let bytes: Uint8Array;
  try {
    bytes = encodeValue(asStream(value), { name, handle, parts });
  } catch (error) {
    for (const { channel } of streams) channel.reset(error);
    throw error;
  }
  if (parts !== undefined) sendParts(channel, parts.copy());
  channel.send(bytes, Flag.END);
  const open = new Set(streams);
  for (const sent of streams) {
    const { channel: own, stream } = sent;
    // If the call was given up meanwhile, nobody will read the stream.
    if (channel.failed) own.reset(new Error("The call was given up"));
    void sendStream(own, stream, (reason) => {
      if (open.delete(sent) && open.size === 0 && reason !== undefined) onGivenUp?.(reason);
    });
  }
}

/** Whether the codec copies a value by itself, and nothing can be in it. */
function isPrimitive(value: unknown): boolean {
  const type = typeof value;
  return value === null || type !== "object" && type !== "function" && type !== "symbol";
}
