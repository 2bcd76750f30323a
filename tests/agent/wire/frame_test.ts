import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import {
  type Frame,
  FrameDecoder,
  frameOf,
  FrameType,
  HEADER_SIZE,
  MAX_PAYLOAD,
  type PartHandler,
  readUint32,
  writeUint32,
} from "../../../agent/wire/frame.ts";
import { ProtocolError } from "../../../agent/wire/protocol_error.ts";
import { frame } from "./_memory_pipe.ts";
import { Random } from "../_random.ts";

function joined(chunks: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(chunks.reduce((size, chunk) => size + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}

/** Decodes pieces, and copies the frames. */
function decodeAll(
  pieces: Iterable<Uint8Array>,
  parts?: PartHandler,
): { frames: Frame[]; idle: boolean } {
  const decoder = new FrameDecoder();
  const frames: Frame[] = [];
  const handle = ({ payload, ...frame }: Frame): void =>
    void frames.push({ ...frame, payload: payload.slice() });
  for (const piece of pieces) decoder.push(piece, handle, parts);
  return { frames, idle: decoder.idle };
}

/** Makes a stream like that of a connection: frames of every type, with payloads at the limits. */
function sample(
  random: Random,
  count: number,
  longest = 300,
): { bytes: Uint8Array; frames: Frame[] } {
  const frames: Frame[] = [];
  for (let i = 0; i < count; i++) {
    frames.push({
      type: (1 + random.below(9)) as FrameType,
      flags: random.below(256),
      channel: random.below(2) === 0 ? random.below(5) : random.below(0x1_0000_0000),
      payload: random.bytes(random.size(i === 30 ? MAX_PAYLOAD : longest)),
    });
  }
  const bytes = joined(
    frames.map(({ type, flags, channel, payload }) => frame(type, channel, payload, flags)),
  );
  return { bytes, frames };
}

function refusal(pieces: Iterable<Uint8Array>): string {
  return assertThrows(() => decodeAll(pieces), ProtocolError).message;
}

function* byteByByte(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at++) yield bytes.subarray(at, at + 1);
}

const text = (string: string): Uint8Array => new TextEncoder().encode(string);

Deno.test("writeUint32() and readUint32() are each other's reverse over the whole range", () => {
  const bytes = new Uint8Array(6);
  for (const value of [0, 1, 255, 256, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff]) {
    writeUint32(bytes, 1, value);
    assertEquals(readUint32(bytes, 1), value);
    assertEquals(new DataView(bytes.buffer).getUint32(1), value);
  }
});

Deno.test("FrameDecoder.push() gives the frames of a stream that comes whole", () => {
  const { bytes, frames } = sample(new Random(1), 300);
  assertEquals(decodeAll([bytes]), { frames, idle: true });
});

Deno.test("FrameDecoder.push() gives the frames of a stream that comes byte by byte", () => {
  const { bytes, frames } = sample(new Random(2), 20);
  assertEquals(decodeAll(byteByByte(bytes)), { frames, idle: true });
});

Deno.test("FrameDecoder.push() gives the frames of a stream that comes in random pieces", () => {
  for (let seed = 0; seed < 60; seed++) {
    const random = new Random(seed);
    const { bytes, frames } = sample(random, 40);
    const limit = [3, HEADER_SIZE, HEADER_SIZE + 1, 1000, 70_000][seed % 5]!;
    assertEquals(decodeAll(random.cut(bytes, limit)), { frames, idle: true }, `seed ${seed}`);
  }
});

Deno.test("FrameDecoder.idle is true between two frames only", () => {
  const decoder = new FrameDecoder();
  const bytes = frame(FrameType.DATA, 1, Uint8Array.of(1, 2, 3));
  assert(decoder.idle);
  for (let at = 0; at < bytes.length; at++) {
    decoder.push(bytes.subarray(at, at + 1), () => {});
    assertEquals(decoder.idle, at === bytes.length - 1);
  }
});

Deno.test("FrameDecoder.push() gives a frame as soon as its last byte is there", () => {
  const bytes = joined([frame(FrameType.BYE), frame(FrameType.DATA, 3, Uint8Array.of(7))]);
  const decoder = new FrameDecoder();
  const counts: number[] = [];
  let count = 0;
  for (const byte of byteByByte(bytes)) {
    decoder.push(byte, () => count++);
    counts.push(count);
  }
  assertEquals(counts.indexOf(1), HEADER_SIZE - 1);
  assertEquals(counts.indexOf(2), bytes.length - 1);
});

Deno.test("FrameDecoder.push() takes a flipped bit for another frame or refuses it", () => {
  const { bytes } = sample(new Random(3), 30, 9);
  for (let at = 0; at < bytes.length; at++) {
    for (const flip of [1, 0x80, 0xff]) {
      const flipped = bytes.slice();
      flipped[at]! ^= flip;
      let whole: number | string;
      try {
        const { frames } = decodeAll([flipped]);
        for (const { type, payload } of frames) {
          assert(type >= FrameType.OPEN && type <= FrameType.EXIT);
          assert(payload.length <= MAX_PAYLOAD);
        }
        whole = frames.length;
      } catch (error) {
        assert(error instanceof ProtocolError, String(error));
        whole = "refused";
      }
      // The result is the same, whatever pieces it arrives in.
      let parts: number | string;
      try {
        parts = decodeAll(byteByByte(flipped)).frames.length;
      } catch (error) {
        assert(error instanceof ProtocolError, String(error));
        parts = "refused";
      }
      assertEquals(parts, whole);
    }
  }
});

Deno.test("FrameDecoder.push() makes no frame of a part of one, and refuses none", () => {
  const { bytes, frames } = sample(new Random(4), 6);
  const ends = new Map<number, number>([[0, 0]]);
  let end = 0;
  frames.forEach(({ payload }, i) => ends.set(end += HEADER_SIZE + payload.length, i + 1));
  let complete = 0;
  for (let length = 0; length <= Math.min(bytes.length, 3000); length++) {
    complete = ends.get(length) ?? complete;
    const decoded = decodeAll([bytes.subarray(0, length)]);
    assertEquals(decoded.frames.length, complete);
    assertEquals(decoded.idle, ends.has(length));
  }
});

Deno.test("FrameDecoder.push() takes the longest payload and refuses a longer one", () => {
  const longest = frame(FrameType.DATA, 1, new Uint8Array(MAX_PAYLOAD));
  assertEquals(decodeAll([longest]).frames.length, 1);
  for (const length of [MAX_PAYLOAD + 1, 0x7fff_ffff, 0xffff_ffff]) {
    const header = frame(FrameType.DATA, 1);
    writeUint32(header, 8, length);
    const message = refusal([header]);
    assertEquals(refusal(byteByByte(header)), message);
    assertStringIncludes(message, `A frame of ${length} bytes is over the limit of ${MAX_PAYLOAD}`);
    assertStringIncludes(message, "f5 c5 02 00 00 00 00 01");
  }
});

Deno.test("FrameDecoder.push() refuses a type that there is not", () => {
  for (const type of [0, 10, 255]) {
    assertStringIncludes(refusal([frame(type)]), `Unknown frame type ${type} in f5 c5`);
  }
});

Deno.test("FrameDecoder.push() shows what came instead of a frame", () => {
  const good = frame(FrameType.PING);
  const noise = text(
    'panic: "out of memory"\n\x1b[31m goroutine 1 [running]:\n and so on, for a long time',
  );
  for (const pieces of [[joined([good, noise])], [good, noise]]) {
    const message = refusal(pieces);
    assertStringIncludes(message, "Expected a frame, got 70 61 6e 69 63 3a");
    assertStringIncludes(message, 'panic: \\"out of memory\\"..[31m goroutine 1');
    // It shows enough to help, and no bytes that a terminal would take for a command.
    assert(message.length < 250, message);
    // deno-lint-ignore no-control-regex
    assert(!/[\x00-\x1f\x7f-\xff]/.test(message), message);
  }
});

Deno.test("FrameDecoder.push() notices a wrong stream at its first wrong byte", () => {
  const decoder = new FrameDecoder();
  assertThrows(() => decoder.push(text("h"), () => {}), ProtocolError, '68 ("h")');
  const later = new FrameDecoder();
  later.push(Uint8Array.of(0xf5), () => {});
  assertThrows(() => later.push(text("i"), () => {}), ProtocolError, 'f5 69 (".i")');
});

Deno.test("FrameDecoder.push() gives the payloads of some frames in parts", () => {
  const random = new Random(5);
  const { bytes, frames } = sample(random, 60);
  const begun: Omit<Frame, "payload">[] = [];
  let rest: Uint8Array = new Uint8Array(0);
  const parts: PartHandler = {
    takesParts: (type, flags, channel) => {
      assertEquals(rest.length, 0);
      begun.push({ type, flags, channel });
      return channel % 2 === 1;
    },
    handlePart: (channel, bytes) => {
      assertEquals(channel, begun.at(-1)!.channel);
      assert(bytes.length > 0 && channel % 2 === 1);
      rest = joined([rest, bytes]);
    },
  };
  const decoder = new FrameDecoder();
  const got: Frame[] = [];
  for (const piece of random.cut(bytes, 100)) {
    const transient = piece.slice();
    decoder.push(transient, ({ payload, ...frame }) => {
      got.push({ ...frame, payload: joined([rest, payload]) });
      rest = new Uint8Array(0);
    }, parts);
    transient.fill(0xee);
  }
  assertEquals(got, frames);
  // takesParts() is not called for frames that arrive whole.
  assert(begun.length > 10 && begun.length < frames.length, `${begun.length}`);
  assertEquals(decodeAll([bytes], parts), { frames, idle: true });
});

Deno.test("FrameDecoder.push() keeps payloads apart that arrive in pieces in turns", () => {
  const sizes = [10, 4096, 4097, 60_000, 5000, 100];
  const streams = Array.from({ length: 5 }, (_, i) => {
    const frames = sizes.map((size, j) => {
      const payload = new Uint8Array(size).fill(10 * i + j);
      return frameOf(FrameType.DATA, 0, 1, payload);
    });
    return { decoder: new FrameDecoder(), bytes: joined(frames), at: 0 };
  });
  const got: [number, number, boolean][][] = streams.map(() => []);
  while (streams.some(({ at, bytes }) => at < bytes.length)) {
    for (const [i, stream] of streams.entries()) {
      const piece = stream.bytes.slice(stream.at, stream.at += 997 + i);
      stream.decoder.push(piece, ({ payload }) => {
        const [first] = payload;
        got[i]!.push([payload.length, first!, payload.every((byte) => byte === first)]);
      });
    }
  }
  assertEquals(got, streams.map((_, i) => sizes.map((size, j) => [size, 10 * i + j, true])));
});
