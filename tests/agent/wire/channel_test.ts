import { Buffer } from "node:buffer";
import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { type Channel, ChannelReset, WINDOW } from "../../../agent/wire/channel.ts";
import { Flag, FrameType, HEADER_SIZE, MAX_PAYLOAD } from "../../../agent/wire/frame.ts";
import { ProtocolError } from "../../../agent/wire/protocol_error.ts";
import { slow } from "../../services/services.ts";
import { sha1 } from "../../tunnel/operation/_files.ts";
import { frame, lone, type MemoryWire, pipePair } from "./_memory_pipe.ts";
import { Random } from "../_random.ts";

const EMPTY = new Uint8Array(0);
const text = (string: string): Uint8Array => new TextEncoder().encode(string);

interface Read {
  readonly bytes: Uint8Array;
  readonly flags: number;
}

async function read(channel: Channel): Promise<Read | undefined> {
  const message = await channel.receive();
  return message && { bytes: message.bytes, flags: message.flags };
}

async function readAll(channel: Channel): Promise<Read[]> {
  const messages: Read[] = [];
  for (let message; (message = await read(channel)) !== undefined;) messages.push(message);
  return messages;
}

/** How much of a channel's window its DATA frames on a wire have taken. */
function spent(wire: MemoryWire, channel: Channel): number {
  let bytes = 0;
  for (const { payload, flags } of wire.framesOf(FrameType.DATA, channel.id)) {
    if (payload.length > 0 || (flags & Flag.MESSAGE) !== 0) bytes += HEADER_SIZE + payload.length;
  }
  return bytes;
}

Deno.test("Channel.send() brings messages in order, with their flags", async () => {
  const pair = pipePair();
  const [left, right] = await pair.channel();
  left.send(text("one"));
  left.send(text("two"), Flag.RAW);
  left.send(EMPTY, Flag.RAW | Flag.FAILURE | Flag.END);
  right.send(text("three"), Flag.FAILURE | Flag.END);
  assertEquals(await readAll(right), [
    { bytes: text("one"), flags: 0 },
    { bytes: text("two"), flags: Flag.RAW },
    { bytes: EMPTY, flags: Flag.RAW | Flag.FAILURE },
  ]);
  assertEquals(await readAll(left), [{ bytes: text("three"), flags: Flag.FAILURE }]);
  await pair.assertNothingOpen();
});

Deno.test("Channel.send() brings messages of any size", async () => {
  const random = new Random(1);
  const pair = pipePair({ chop: (length) => 1 + random.below(Math.max(length, 100_000)) });
  const [left, right] = await pair.channel();
  const sizes = [0, 1, MAX_PAYLOAD - 1, MAX_PAYLOAD, MAX_PAYLOAD + 1, WINDOW, 5 * WINDOW + 3, 0, 7];
  const block = random.bytes(70_000);
  const messages = sizes.map((size) => {
    const bytes = new Uint8Array(size);
    for (let at = 0; at < size; at += block.length) bytes.set(block.subarray(0, size - at), at);
    return bytes;
  });
  for (const message of messages) left.send(message);
  left.end();
  right.end();
  const got = await readAll(right);
  assertEquals(got.map(({ bytes }) => bytes.length), sizes);
  got.forEach(({ bytes }, i) => assertEquals(Buffer.compare(bytes, messages[i]!), 0));
  await pair.assertNothingOpen();
});

Deno.test(
  slow("Channel.send() sends no more than the window to one who does not read", async () => {
    // The messages are one frame, one byte, empty, and many frames long.
    for (const [size, count] of [[MAX_PAYLOAD, 100], [1, 200_000], [0, 200_000], [5000, 2000]]) {
      const pair = pipePair();
      const [left, right] = await pair.channel();
      for (let i = 0; i < count!; i++) left.send(new Uint8Array(size!));
      left.end();
      await pair.settled();
      const bytes = spent(pair.left.wire, left);
      assert(bytes <= WINDOW, `${bytes} sent`);
      // The rest of the window is too small for a frame.
      assert(bytes >= WINDOW - HEADER_SIZE, `${bytes} sent`);
      right.end();
      const got = await readAll(right);
      assertEquals(got.length, count);
      assert(got.every((message) => message.bytes.length === size));
      await pair.assertNothingOpen();
    }
  }),
);

Deno.test("Channel.send() sends no more than the window and a message to one who does not read", async () => {
  const size = 3 * WINDOW;
  const pair = pipePair();
  const [left, right] = await pair.channel();
  for (let i = 0; i < 10; i++) left.send(new Uint8Array(size));
  left.end();
  await pair.settled();
  // The first message has to be complete before anything can be read.
  const limit = size + 2 * WINDOW;
  assert(spent(pair.left.wire, left) <= limit);
  assert(pair.right.multiplexer.held <= limit);
  for (let i = 1; i <= 10; i++) {
    assertEquals((await right.receive())!.bytes.length, size);
    await pair.settled();
    assert(spent(pair.left.wire, left) <= i * size + limit);
    assert(pair.right.multiplexer.held <= limit);
  }
  assertEquals(await right.receive(), undefined);
  right.end();
  await pair.assertNothingOpen();
});

Deno.test(slow("Channel.receive() grants room in few frames", async () => {
  const pair = pipePair();
  const [left, right] = await pair.channel();
  for (let i = 0; i < 2048; i++) left.send(new Uint8Array(8192));
  left.end();
  right.end();
  assertEquals((await readAll(right)).length, 2048);
  const credits = pair.right.wire.framesOf(FrameType.CREDIT, left.id);
  assert(credits.length > 0 && credits.length <= 34, `${credits.length} CREDIT frames`);
  await pair.assertNothingOpen();
}));

Deno.test("Channel.receive() gives what the other end sent before it ended, also later", async () => {
  const pair = pipePair();
  const [left, right] = await pair.channel();
  left.send(text("last"), Flag.END);
  right.end();
  await pair.settled();
  assertEquals(pair.right.multiplexer.size, 0);
  assertEquals(await readAll(right), [{ bytes: text("last"), flags: 0 }]);
  assertEquals(await right.receive(), undefined);
  await pair.assertNothingOpen();
});

Deno.test("Channel.drained() resolves when all is on its way", async () => {
  const pair = pipePair();
  const [left, right] = await pair.channel();
  await left.drained();
  let drained = false;
  left.send(new Uint8Array(2 * MAX_PAYLOAD));
  await left.drained();
  for (let i = 0; i < 40; i++) left.send(new Uint8Array(MAX_PAYLOAD));
  const both = Promise.all([left.drained(), left.drained()]).then(() => drained = true);
  await pair.settled();
  // The window is used up.
  assert(!drained);
  for (let i = 0; i < 41; i++) await right.receive();
  await both;
  left.end();
  right.end();
  assertEquals(await right.receive(), undefined);
  await pair.assertNothingOpen();
});

Deno.test("Channel.end() leaves the other direction open", async () => {
  const pair = pipePair();
  const [left, right] = await pair.channel();
  left.end();
  left.end();
  left.send(text("too late"));
  assertEquals(await right.receive(), undefined);
  const waiting = read(left);
  right.send(text("still here"));
  assertEquals(await waiting, { bytes: text("still here"), flags: 0 });
  assertEquals([pair.left.multiplexer.size, pair.right.multiplexer.size], [1, 1]);
  right.send(new Uint8Array(3 * WINDOW), Flag.END);
  right.send(text("too late"), Flag.END);
  assertEquals((await left.receive())!.bytes.length, 3 * WINDOW);
  assertEquals(await left.receive(), undefined);
  assertEquals(pair.left.wire.framesOf(FrameType.DATA, left.id).length, 1);
  await pair.assertNothingOpen();
});

Deno.test("Channel.end() needs no room in the window", async () => {
  const pair = pipePair();
  const [left, right] = await pair.channel();
  const whole = Math.floor(WINDOW / (MAX_PAYLOAD + HEADER_SIZE));
  for (let i = 0; i < whole; i++) left.send(new Uint8Array(MAX_PAYLOAD));
  left.send(new Uint8Array(WINDOW - whole * (MAX_PAYLOAD + HEADER_SIZE) - HEADER_SIZE));
  left.end();
  await pair.settled();
  assertEquals(spent(pair.left.wire, left), WINDOW);
  const last = pair.left.wire.framesOf(FrameType.DATA, left.id).at(-1)!;
  assertEquals([last.flags, last.payload.length], [Flag.END, 0]);
  right.end();
  await pair.settled();
  assertEquals(pair.left.multiplexer.size, 0);
  assertEquals((await readAll(right)).length, whole + 1);
  await pair.assertNothingOpen();
});

/** The states of the two ends in which one of them gives the channel up. */
const states: Record<string, (left: Channel, right: Channel) => void> = {
  "nothing was sent": () => {},
  "a message is unread here": (_, right) => right.send(text("for left")),
  "a message is unread there": (left) => left.send(text("for right")),
  "a message is unfinished here": (_, right) => right.send(new Uint8Array(100 * WINDOW)),
  "a message is unfinished there": (left) => left.send(new Uint8Array(100 * WINDOW)),
  "the windows are spent": (left, right) => {
    for (let i = 0; i < 50; i++) {
      left.send(new Uint8Array(MAX_PAYLOAD));
      right.send(new Uint8Array(MAX_PAYLOAD));
    }
  },
  "this end has ended": (left) => left.end(),
  "this end has ended with a message": (left) => left.send(text("last"), Flag.END),
  "the other end has ended": (_, right) => right.end(),
  "the other end has ended with a message": (_, right) => right.send(text("last"), Flag.END),
  "this end is about to end": (left) => {
    left.send(new Uint8Array(3 * WINDOW));
    left.end();
  },
};

Deno.test("Channel.reset() ends both directions at once, in every state", async (t) => {
  for (const [state, reach] of Object.entries(states)) {
    await t.step(state, async () => {
      // This happens before anything was sent, while bytes are on their way, and when all has
      // arrived.
      for (const when of ["at once", "under way", "settled"]) {
        const pair = pipePair();
        const [left, right] = await pair.channel();
        const errors: unknown[] = [];
        right.onFailure((error) => errors.push(error));
        reach(left, right);
        if (when === "under way") { for (let i = 0; i < 5; i++) await Promise.resolve(); }
        if (when === "settled") await pair.settled();
        const reason = new Error("enough");
        left.reset(reason, text("why"));
        left.reset(new Error("again"));
        assert(left.failed);
        assertStrictEquals(await assertRejects(() => left.receive()), reason);
        await assertRejects(() => left.drained(), Error, "enough");
        await pair.assertNothingOpen();
        const error = await assertRejects(() => right.receive(), ChannelReset);
        assertEquals(error.reason, text("why"));
        assertEquals(errors, [error]);
        assertEquals(pair.left.ends.concat(pair.right.ends), []);
      }
    });
  }
});

Deno.test("Channel.reset() fails who waits, at both ends", async () => {
  const pair = pipePair();
  const [left, right] = await pair.channel();
  for (let i = 0; i < 50; i++) right.send(new Uint8Array(MAX_PAYLOAD), Flag.RAW);
  const waiting = [right.receive(), right.drained()];
  const outcomes = Promise.allSettled(waiting);
  left.reset(new Error("enough"));
  for (const outcome of await outcomes) {
    assert(outcome.status === "rejected" && outcome.reason instanceof ChannelReset);
  }
  const [other, far] = await pair.channel();
  const receiving = assertRejects(() => other.receive(), Error, "never mind");
  other.reset(new Error("never mind"));
  await receiving;
  await assertRejects(() => far.receive(), ChannelReset);
  await pair.assertNothingOpen();
});

Deno.test("Channel.reset() is harmless when the channel is over", async () => {
  const pair = pipePair();
  const [left, right] = await pair.channel();
  left.end();
  right.end();
  await pair.settled();
  left.reset(new Error("too late"));
  right.reset(new Error("too late"));
  await pair.assertNothingOpen();
  assertEquals(pair.left.wire.framesOf(FrameType.RESET, left.id), []);
  assertEquals(pair.right.wire.framesOf(FrameType.RESET, left.id), []);
});

Deno.test("Channel.reset() lets go of what was not read, also when the channel is over", async () => {
  const pair = pipePair();
  const [left, right] = await pair.channel();
  left.send(new Uint8Array(1000), Flag.END);
  right.end();
  await pair.settled();
  assertEquals(pair.right.multiplexer.size, 0);
  assert(pair.right.multiplexer.held >= 1000);
  right.reset(new Error("no, thanks"));
  await pair.assertNothingOpen();
});

Deno.test("Channel.onFailure() calls each listener once, at once if it is too late", async () => {
  const pair = pipePair();
  const [left, right] = await pair.channel();
  const calls: string[] = [];
  left.onFailure((error) => calls.push(`first ${error}`));
  left.onFailure((error) => calls.push(`second ${error}`));
  left.reset("x");
  left.reset("y");
  left.onFailure((error) => calls.push(`third ${error}`));
  assertEquals(calls, ["first x", "second x", "third x"]);
  await assertRejects(() => right.receive(), ChannelReset);
  await pair.assertNothingOpen();
});

Deno.test("Channel.handleData() refuses more than the window, and not a byte less", async () => {
  const message = frame(FrameType.DATA, 1, new Uint8Array(MAX_PAYLOAD), Flag.MESSAGE);
  const end = lone();
  end.multiplexer.handleChunk(frame(FrameType.OPEN, 1));
  let left = WINDOW;
  for (; left >= message.length; left -= message.length) end.multiplexer.handleChunk(message);
  const last = new Uint8Array(left - HEADER_SIZE);
  end.multiplexer.handleChunk(frame(FrameType.DATA, 1, last, Flag.MESSAGE));
  assertEquals(end.ends, []);
  // An empty message costs its header.
  end.multiplexer.handleChunk(frame(FrameType.DATA, 1, EMPTY, Flag.MESSAGE));
  assertEquals(end.ends.map(({ name, message }) => `${name}: ${message}`), [
    "ProtocolError: More data on channel 1 than its window admits",
  ]);
  await assertRejects(() => end.opened[0]!.receive(), ProtocolError);
  assertEquals([end.multiplexer.held, end.multiplexer.size, end.closed()], [0, 0, 1]);
});

Deno.test("Channel.handleData() refuses data after the end", async () => {
  for (const flags of [0, Flag.MESSAGE, Flag.END, Flag.MESSAGE | Flag.END]) {
    const end = lone();
    end.multiplexer.handleChunk(frame(FrameType.OPEN, 1));
    end.multiplexer.handleChunk(frame(FrameType.DATA, 1, EMPTY, Flag.END));
    assertEquals(await end.opened[0]!.receive(), undefined);
    end.multiplexer.handleChunk(frame(FrameType.DATA, 1, EMPTY, flags));
    assertEquals(end.ends.map(String), ["ProtocolError: Data after the end of channel 1"]);
    assertEquals([end.multiplexer.held, end.multiplexer.size, end.closed()], [0, 0, 1]);
  }
});

Deno.test("Channel.handleData() refuses an end within a message", async () => {
  const end = lone();
  end.multiplexer.handleChunk(frame(FrameType.OPEN, 1));
  end.multiplexer.handleChunk(frame(FrameType.DATA, 1, text("unfin")));
  end.multiplexer.handleChunk(frame(FrameType.DATA, 1, text("ished"), Flag.END));
  assertEquals(end.ends.map(String), ["ProtocolError: Channel 1 ended within a message"]);
  await assertRejects(() => end.opened[0]!.receive(), ProtocolError);
  assertEquals([end.multiplexer.held, end.multiplexer.size, end.closed()], [0, 0, 1]);
});

Deno.test("Channel.takeBytes() gives plain bytes as they come, and messages to receive()", async () => {
  for (const chop of [1, 7, 1000, 100_000]) {
    const random = new Random(chop);
    const pair = pipePair({ chop: (length) => 1 + random.below(Math.min(length, chop)) });
    const [left, right] = await pair.channel();
    const bytes = random.bytes(chop < 10 ? 2000 : 3 * WINDOW);
    const got: Uint8Array[] = [];
    let size = 0;
    const send = async (): Promise<void> => {
      for (const piece of random.cut(bytes, bytes.length / 3)) {
        left.send(piece, Flag.RAW);
        await left.drained();
      }
      left.send(text("over"), Flag.END);
    };
    const sending = send();
    // Some have arrived before takeBytes() is called.
    await pair.settled();
    right.takeBytes((part) => {
      got.push(part.slice());
      size += part.length;
      right.credit(part.length);
    });
    assertEquals(await readAll(right), [{ bytes: text("over"), flags: 0 }]);
    await sending;
    const all = new Uint8Array(await new Blob(got as BlobPart[]).arrayBuffer());
    assertEquals([size, sha1(all)], [bytes.length, sha1(bytes)], `pieces of ${chop}`);
    right.end();
    await pair.assertNothingOpen();
  }
});

Deno.test("Channel.takeBytes() gives no more than a window's worth that has no credit", async () => {
  const pair = pipePair();
  const [left, right] = await pair.channel();
  left.send(new Uint8Array(3 * WINDOW), Flag.RAW);
  let size = 0;
  right.takeBytes((part) => void (size += part.length));
  await pair.settled();
  assert(size <= WINDOW && size > WINDOW - 40 * HEADER_SIZE - MAX_PAYLOAD, `${size}`);
  for (let before = 0; size < 3 * WINDOW;) {
    const taken = size - before;
    before = size;
    right.credit(taken);
    await pair.settled();
    assert(size > before, "the credit was lost");
  }
  left.reset("over");
  await pair.settled();
  await pair.assertNothingOpen();
});

Deno.test("Channel.takeBytes() gives a message that had begun whole, and no failure", async () => {
  const end = lone();
  end.multiplexer.handleChunk(frame(FrameType.OPEN, 1));
  const channel = end.opened[0]!;
  const got: string[] = [];
  end.multiplexer.handleChunk(frame(FrameType.DATA, 1, text("a"), Flag.RAW));
  channel.takeBytes((part) => got.push(new TextDecoder().decode(part)));
  end.multiplexer.handleChunk(frame(FrameType.DATA, 1, text("b"), Flag.RAW | Flag.MESSAGE));
  end.multiplexer.handleChunk(frame(FrameType.DATA, 1, text("c"), Flag.RAW | Flag.MESSAGE));
  const { RAW, MESSAGE, FAILURE } = Flag;
  end.multiplexer.handleChunk(frame(FrameType.DATA, 1, text("d"), RAW | MESSAGE | FAILURE));
  assertEquals(got, ["ab", "c"]);
  assertEquals(await read(channel), { bytes: text("d"), flags: Flag.RAW | Flag.FAILURE });
});

Deno.test("Channel.takeBytes() lets parts of a frame count against the window, and ends with the channel", async () => {
  const end = lone();
  end.multiplexer.handleChunk(frame(FrameType.OPEN, 1));
  const channel = end.opened[0]!;
  let size = 0;
  channel.takeBytes((part) => void (size += part.length));
  const whole = frame(FrameType.DATA, 1, new Uint8Array(MAX_PAYLOAD), Flag.RAW | Flag.MESSAGE);
  const chunks = Math.floor(WINDOW / whole.length);
  for (let i = 0; i < chunks; i++) end.multiplexer.handleChunk(whole);
  const left = WINDOW - chunks * whole.length;
  end.multiplexer.handleChunk(whole.subarray(0, HEADER_SIZE + left));
  assertEquals([size, end.ends], [chunks * MAX_PAYLOAD + left, []]);
  end.multiplexer.handleChunk(whole.subarray(0, 1));
  assertEquals(end.ends.map(String), [
    "ProtocolError: More data on channel 1 than its window admits",
  ]);
  await assertRejects(() => channel.receive(), ProtocolError);
  assertEquals([end.multiplexer.held, end.multiplexer.size, end.closed()], [0, 0, 1]);
});

Deno.test("Channel.takeBytes() gets no more of a frame within which the channel was given up", () => {
  const end = lone();
  end.multiplexer.handleChunk(frame(FrameType.OPEN, 1));
  const channel = end.opened[0]!;
  const sizes: number[] = [];
  channel.takeBytes((part) => sizes.push(part.length));
  const whole = frame(FrameType.DATA, 1, new Uint8Array(100), Flag.RAW | Flag.MESSAGE);
  end.multiplexer.handleChunk(whole.subarray(0, 50));
  channel.reset("enough");
  end.multiplexer.handleChunk(whole.subarray(50));
  assertEquals([sizes, end.ends, end.multiplexer.size], [[50 - HEADER_SIZE], [], 0]);
});

Deno.test("Channel brings whatever two ends send, over a pipe that chops and stalls", async () => {
  for (let seed = 1; seed <= 25; seed++) {
    const random = new Random(seed);
    const chop = [1, 7, 1000, 100_000][seed % 4]!;
    const pair = pipePair({
      capacity: random.size(300_000),
      chop: (length) => 1 + random.below(Math.min(length, chop)),
    });
    // The naive twin: a list of each channel's messages.
    const tasks: Promise<void>[] = [];
    const exchange = async (channel: Channel, far: Channel): Promise<void> => {
      const sent: Read[] = [];
      const limit = chop < 10 ? 300 : random.below(2) === 0 ? 3000 : 200_000;
      const send = async (): Promise<void> => {
        for (let n = random.below(20); n > 0; n--) {
          const bytes = random.bytes(random.size(limit));
          const flags = random.below(4) * Flag.RAW & (Flag.RAW | Flag.FAILURE);
          sent.push({ bytes, flags });
          const last = n === 1 && random.below(2) === 0;
          channel.send(bytes, last ? flags | Flag.END : flags);
          if (random.below(3) === 0) await channel.drained();
        }
        channel.end();
      };
      const [got] = await Promise.all([readAll(far), send()]);
      assertEquals(got, sent, `seed ${seed}`);
    };
    for (let n = 1 + random.below(6); n > 0; n--) {
      const [left, right] = await pair.channel();
      tasks.push(exchange(left, right), exchange(right, left));
    }
    if (seed % 3 === 0) {
      pair.left.wire.hold();
      await pair.settled();
      pair.left.wire.release();
    }
    await Promise.all(tasks);
    await pair.assertNothingOpen();
    assertEquals(pair.left.ends.concat(pair.right.ends), []);
  }
});
