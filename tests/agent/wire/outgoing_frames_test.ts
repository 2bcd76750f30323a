import { assertEquals } from "@std/assert";
import { FrameDecoder, FrameType } from "../../../agent/wire/frame.ts";
import { OutgoingFrames } from "../../../agent/wire/outgoing_frames.ts";

/** The channels and payloads of the frames in some chunks. */
function read(chunks: readonly Uint8Array[]): [number, number[]][] {
  const found: [number, number[]][] = [];
  const decoder = new FrameDecoder();
  for (const chunk of chunks) {
    decoder.push(chunk, ({ channel, payload }) => found.push([channel, [...payload]]));
  }
  assertEquals(decoder.idle, true);
  return found;
}

const bytes = (size: number, value: number): Uint8Array => new Uint8Array(size).fill(value);

Deno.test("OutgoingFrames keeps frames of all sizes in their order, and joins small ones", () => {
  const frames = new OutgoingFrames();
  const sizes = [0, 1, 32, 33, 700, 8 * 1024, 8 * 1024 + 1, 5, 64 * 1024, 4000, 4000, 4000, 0];
  sizes.forEach((size, i) => frames.add(FrameType.DATA, 0, i, bytes(size, i)));
  assertEquals(read(frames.take()), sizes.map((size, i) => [i, [...bytes(size, i)]]));
  assertEquals(frames.take(), []);
  for (let i = 0; i < 64; i++) frames.add(FrameType.DATA, 0, i, bytes(9, i));
  assertEquals(frames.take().length, 1);
});

Deno.test("OutgoingFrames.take() gives chunks that later frames do not change", () => {
  const frames = new OutgoingFrames();
  const taken: Uint8Array[][] = [];
  for (let i = 0; i < 2000; i++) {
    frames.add(FrameType.DATA, 0, i, bytes(i % 50, i));
    if (i % 3 === 0) taken.push(frames.take());
  }
  taken.push(frames.take());
  const found = taken.flatMap(read);
  assertEquals(found, Array.from({ length: 2000 }, (_, i) => [i, [...bytes(i % 50, i)]]));
});
