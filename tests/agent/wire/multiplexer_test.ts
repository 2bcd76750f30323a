import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { type Channel, WINDOW } from "../../../agent/wire/channel.ts";
import {
  Flag,
  FrameDecoder,
  FrameType,
  HEADER_SIZE,
  MAX_PAYLOAD,
  writeUint32,
} from "../../../agent/wire/frame.ts";
import type { MultiplexerOptions } from "../../../agent/wire/multiplexer.ts";
import { ProtocolError } from "../../../agent/wire/protocol_error.ts";
import { slow } from "../../services/services.ts";
import { frame, type Lone, lone, pipePair } from "./_memory_pipe.ts";
import { Random } from "../_random.ts";

const MiB = 1024 * 1024;
const EMPTY = new Uint8Array(0);
const text = (string: string): Uint8Array => new TextEncoder().encode(string);
const shown = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

function credit(bytes: number): Uint8Array {
  const payload = new Uint8Array(4);
  writeUint32(payload, 0, bytes);
  return payload;
}

/** Asserts that the connection was closed, once, and that nothing is kept. */
function assertCutOff({ multiplexer, ends, closed }: Lone, message: string): void {
  assertEquals(ends.length, 1);
  assert(ends[0]! instanceof ProtocolError);
  assertStringIncludes(ends[0]!.message, message);
  assertEquals(multiplexer.ended, ends[0]);
  assertEquals([multiplexer.size, closed()], [0, 1]);
}

/** How often `chunk` is taken before the connection is closed. */
function flood({ multiplexer }: Lone, limit: number, chunk: (i: number) => Uint8Array): number {
  let i = 0;
  while (i < limit && multiplexer.ended === undefined) multiplexer.handleChunk(chunk(i++));
  return i;
}

Deno.test("Multiplexer.open() opens a channel at the other end, from both ends", async () => {
  const pair = pipePair();
  const { left, right } = pair;
  const mine = [1, 2, 3].map((i) => left.multiplexer.open(text(`from left ${i}`)));
  const theirs = [1, 2].map((i) => right.multiplexer.open(text(`from right ${i}`)));
  await pair.settled();
  assertEquals(right.opened.map(({ header }) => shown(header)), [
    "from left 1",
    "from left 2",
    "from left 3",
  ]);
  assertEquals(left.opened.map(({ header }) => shown(header)), ["from right 1", "from right 2"]);
  assertEquals(right.opened.map(({ channel }) => channel.id), mine.map(({ id }) => id));
  const ids = [...mine, ...theirs].map(({ id }) => id);
  assertEquals(new Set(ids).size, 5);
  assertEquals([left.multiplexer.size, right.multiplexer.size], [5, 5]);
  const all = [...mine, ...theirs, ...left.opened.map((one) => one.channel)];
  for (const channel of [...all, ...right.opened.map((one) => one.channel)]) channel.end();
  await pair.assertNothingOpen();
});

Deno.test("Multiplexer carries a thousand channels side by side", async () => {
  const random = new Random(1);
  const pair = pipePair({ capacity: 10_000, chop: () => 1 + random.below(5000) });
  const pairs: [Channel, Channel][] = [];
  for (let i = 0; i < 1000; i++) pairs.push(await pair.channel());
  const bytes = random.bytes(3000);
  const got = await Promise.all(pairs.map(async ([left, right], i) => {
    left.send(text(`to ${i}`));
    left.send(bytes, Flag.END);
    right.send(text(`from ${i}`), Flag.END);
    const messages = [await right.receive(), await right.receive(), await left.receive()];
    return messages.map((message) => message!.bytes);
  }));
  got.forEach((messages, i) => assertEquals(messages, [text(`to ${i}`), bytes, text(`from ${i}`)]));
  await pair.assertNothingOpen();
});

Deno.test("Multiplexer lets a small message pass a message of 256 MiB", async () => {
  const pair = pipePair();
  const [large, largeFar] = await pair.channel();
  const [small, smallFar] = await pair.channel();
  large.send(new Uint8Array(256 * MiB));
  const receiving = assertRejects(() => largeFar.receive());
  const { frames } = pair.left.wire;
  while (frames.length < 100) await new Promise((resolve) => setTimeout(resolve));
  for (let i = 0; i < 10; i++) {
    const before = frames.length;
    small.send(text("quick"));
    assertEquals(shown((await smallFar.receive())!.bytes), "quick");
    const since = frames.slice(before).findIndex((frame) => frame.channel === small.id);
    assert(since === 0 || since === 1, `${since} frames were sent first`);
    // The answer comes as quickly: the way back is free.
    smallFar.send(text("thanks"));
    assertEquals(shown((await small.receive())!.bytes), "thanks");
  }
  const sent = pair.left.wire.framesOf(FrameType.DATA, large.id).length * MAX_PAYLOAD;
  assert(sent < 256 * MiB, "the large message had passed already");
  small.end();
  smallFar.end();
  large.reset(new Error("seen enough"));
  await receiving;
  await pair.assertNothingOpen();
});

Deno.test("Multiplexer gives each of several large messages its turn", async () => {
  const pair = pipePair();
  const pairs: [Channel, Channel][] = [];
  for (let i = 0; i < 4; i++) pairs.push(await pair.channel());
  const size = 8 * MiB;
  const receiving = pairs.map(([, far]) => far.receive());
  for (const [channel] of pairs) channel.send(new Uint8Array(size), Flag.END);
  for (const [, far] of pairs) far.end();
  for (const message of await Promise.all(receiving)) assertEquals(message!.bytes.length, size);
  const order = pair.left.wire.frames.filter(({ type }) => type === FrameType.DATA)
    .map(({ channel }) => channel);
  // They are about equally far at any time. Credit may arrive in another order.
  const slack = 2 * WINDOW / MAX_PAYLOAD;
  const counts = new Map<number, number>(pairs.map(([{ id }]) => [id, 0]));
  for (const id of order) {
    counts.set(id, counts.get(id)! + 1);
    const all = [...counts.values()];
    assert(Math.max(...all) - Math.min(...all) <= slack, `${all}`);
  }
  await pair.assertNothingOpen();
});

Deno.test("Multiplexer keeps a reader that does not read from delaying the others", async () => {
  const pair = pipePair();
  const [stuck, stuckFar] = await pair.channel();
  for (let i = 0; i < 100; i++) stuck.send(new Uint8Array(MAX_PAYLOAD));
  await pair.settled();
  const [other, otherFar] = await pair.channel();
  other.send(new Uint8Array(20 * MiB), Flag.END);
  otherFar.end();
  assertEquals((await otherFar.receive())!.bytes.length, 20 * MiB);
  assert(pair.right.multiplexer.held < 2 * WINDOW);
  stuckFar.reset(new Error("never read"));
  await pair.assertNothingOpen();
});

Deno.test("Multiplexer writes what is sent in one turn at once", async () => {
  const end = lone();
  end.multiplexer.open(text("header")).send(text("message"), Flag.END);
  end.multiplexer.open(text("header")).end();
  end.multiplexer.sendPing();
  await Promise.resolve();
  assertEquals(end.writes.length, 1);
  const types: number[] = [];
  const decoder = new FrameDecoder();
  for (const chunk of end.writes[0]!) decoder.push(chunk, ({ type }) => types.push(type));
  assertEquals(types.sort(), [1, 1, 2, 2, 5]);
  // Many small messages also take one write, and so do messages of several channels.
  const channel = end.multiplexer.open(EMPTY);
  for (let i = 0; i < 100; i++) channel.send(text("x"));
  await Promise.resolve();
  assertEquals(end.writes.length, 2);
  end.multiplexer.end(new Error("done"));
});

Deno.test("Multiplexer.flush() does not wait for the end of the turn", () => {
  const end = lone();
  end.multiplexer.open(EMPTY);
  assertEquals(end.writes.length, 0);
  end.multiplexer.flush();
  assertEquals(end.writes.length, 1);
  end.multiplexer.end(new Error("done"));
});

Deno.test("Multiplexer writes nothing more until the pipe has drained", async () => {
  const end = lone({}, false);
  const channel = end.multiplexer.open(EMPTY);
  await Promise.resolve();
  for (let n = 1; n < 5; n++) {
    channel.send(new Uint8Array(10 * MAX_PAYLOAD));
    end.multiplexer.sendPing();
    await Promise.resolve();
    end.multiplexer.flush();
    assertEquals(end.writes.length, n);
    end.multiplexer.handleDrain();
    assertEquals(end.writes.length, n + 1);
    // A write is not much longer than one frame, however much there is to send.
    const size = end.writes[n]!.reduce((sum, chunk) => sum + chunk.length, 0);
    assert(size <= 2 * MAX_PAYLOAD, `${size} bytes`);
  }
  end.multiplexer.end(new Error("done"));
});

Deno.test(
  slow("Multiplexer.open() may be called more often in a turn than anything is read", async () => {
    const pair = pipePair({ right: { maxChannels: Infinity } });
    const channels = Array.from({ length: 110_000 }, () => pair.left.multiplexer.open(EMPTY));
    for (const channel of channels) channel.reset(new Error("never mind"));
    await pair.assertNothingOpen();
    assertEquals(pair.left.ends, []);
  }),
);

Deno.test("Multiplexer.sendPing() is answered", async () => {
  const pair = pipePair();
  const { multiplexer } = pair.left;
  pair.right.wire.hold();
  for (let n = 1; n <= 3; n++) {
    multiplexer.sendPing();
    await pair.settled();
  }
  assertEquals(pair.right.wire.framesOf(FrameType.PONG, 0).length, 3);
  pair.right.wire.release();
  await pair.settled();
  await pair.assertNothingOpen();
});

Deno.test("Multiplexer sends a PING's payload back", async () => {
  const end = lone();
  end.multiplexer.handleChunk(frame(FrameType.PING, 0, text("payload")));
  await Promise.resolve();
  assertEquals(end.writes, [[frame(FrameType.PONG, 0, text("payload"))]]);
});

Deno.test("Multiplexer sends a PING's payload back though its room is used again", async () => {
  for (const size of [100, 9_000, MAX_PAYLOAD]) {
    const end = lone();
    const payload = new Uint8Array(size).fill(1);
    const chunk = frame(FrameType.PING, 0, payload);
    end.multiplexer.handleChunk(chunk.subarray(0, 50));
    const rest = chunk.slice(50);
    end.multiplexer.handleChunk(rest);
    rest.fill(2);
    // Another connection, whose frame is put together in the same place.
    const other = lone();
    const secret = frame(FrameType.PING, 0, new Uint8Array(MAX_PAYLOAD).fill(3));
    other.multiplexer.handleChunk(secret.subarray(0, 50));
    other.multiplexer.handleChunk(secret.subarray(50));
    await Promise.resolve();
    const written = new Uint8Array(await new Blob(end.writes.flat() as never).arrayBuffer());
    assertEquals(written, frame(FrameType.PONG, 0, payload));
  }
});

Deno.test("Multiplexer passes on what concerns the whole pipe", async () => {
  const calls: unknown[] = [];
  const end = lone({
    onHello: (payload) => calls.push(shown(payload)),
    onBye: () => calls.push("bye"),
    onExit: (payload) => calls.push(shown(payload)),
  });
  const pair = pipePair({ right: { onBye: () => calls.push("bye from left") } });
  pair.left.multiplexer.sendBye();
  end.multiplexer.handleChunk(frame(FrameType.HELLO, 0, text("hello")));
  end.multiplexer.handleChunk(frame(FrameType.BYE));
  end.multiplexer.handleChunk(frame(FrameType.EXIT, 0, text("007")));
  await pair.settled();
  assertEquals(calls, ["hello", "bye", "007", "bye from left"]);
  assertEquals(end.ends, []);
});

Deno.test("Multiplexer.end() fails every channel once, and the other end's too", async () => {
  const pair = pipePair();
  const failures: string[] = [];
  const pending: Promise<unknown>[] = [];
  for (let i = 0; i < 5; i++) {
    const [left, right] = await pair.channel();
    left.onFailure((error) => failures.push(`left ${i} ${error}`));
    right.onFailure((error) => failures.push(`right ${i} ${error}`));
    left.send(new Uint8Array(3 * WINDOW));
    pending.push(left.receive(), left.drained(), right.receive());
  }
  const outcomes = Promise.allSettled(pending);
  const error = new Error("gone");
  pair.left.multiplexer.end(error);
  pair.left.multiplexer.end(new Error("again"));
  assertEquals(pair.left.ends, [error]);
  assertEquals(pair.left.multiplexer.ended, error);
  for (const { status } of await outcomes) assertEquals(status, "rejected");
  assertEquals(pair.right.ends.map(String), ["Error: The pipe was closed"]);
  const expected = ["left", "right"].flatMap((end) =>
    [0, 1, 2, 3, 4].map((i) =>
      `${end} ${i} Error: ${end === "left" ? "gone" : "The pipe was closed"}`
    )
  );
  assertEquals(failures.sort(), expected);
  const late = pair.left.multiplexer.open(EMPTY);
  late.send(EMPTY);
  late.end();
  await assertRejects(() => late.receive(), Error, "gone");
  pair.left.multiplexer.sendPing();
  pair.left.multiplexer.handleChunk(text("whatever"));
  pair.left.multiplexer.handleDrain();
  await pair.assertNothingOpen();
});

Deno.test(slow("Multiplexer.end() leaves nothing behind, whenever it comes", async () => {
  for (let seed = 1; seed <= 40; seed++) {
    const random = new Random(seed);
    const pair = pipePair({ capacity: 1000, chop: () => 1 + random.below(3000) });
    const pending: Promise<unknown>[] = [];
    for (let n = 0; n < 5; n++) {
      const [left, right] = await pair.channel();
      for (const channel of [left, right]) {
        for (let i = random.below(6); i > 0; i--) channel.send(random.bytes(random.size(9000)));
        if (random.below(2) === 0) channel.end();
        if (random.below(2) === 0) pending.push(channel.receive().catch(() => {}));
        if (random.below(4) === 0) channel.reset(new Error("reset"));
      }
    }
    for (let i = random.below(30); i > 0; i--) await new Promise((resolve) => setTimeout(resolve));
    const { multiplexer } = random.below(2) === 0 ? pair.left : pair.right;
    multiplexer.end(new Error("broken"));
    // Pending promises have been rejected.
    await Promise.all(pending);
    await pair.settled();
    assertEquals([pair.left.ends.length, pair.right.ends.length], [1, 1]);
    assertEquals([pair.left.multiplexer.size, pair.right.multiplexer.size], [0, 0]);
    assertEquals([pair.left.wire.queued, pair.right.wire.queued], [0, 0]);
  }
}));

Deno.test("Multiplexer.failAll() fails the channels and leaves the pipe open", async () => {
  const pair = pipePair({ right: { onBye: () => pair.right.multiplexer.end(new Error("bye")) } });
  const [left, right] = await pair.channel();
  pair.left.multiplexer.failAll(new Error("closing"));
  await assertRejects(() => left.receive(), Error, "closing");
  await assertRejects(() => pair.left.multiplexer.open(EMPTY).receive(), Error, "closing");
  // Frames that the other end still sends are ignored; they do not break the protocol.
  right.send(text("too late"), Flag.END);
  await pair.settled();
  assertEquals(pair.left.multiplexer.ended, undefined);
  pair.left.multiplexer.sendBye();
  await pair.assertNothingOpen();
  assertEquals(pair.left.ends.map(String), ["Error: The pipe was closed"]);
});

/** The first frame of a message whose size it tells, without bytes of that. */
function size(bytes: number, channel = 1): Uint8Array {
  return frame(FrameType.DATA, channel, credit(bytes), Flag.SIZE);
}

/** Input that breaks the protocol, each with its error. */
const offences: [message: string, chunks: Uint8Array[], options?: Partial<MultiplexerOptions>][] = [
  ["Expected a frame, got 68 65 6c 6c 6f", [text("hello")]],
  ["Unknown frame type 77", [frame(77)]],
  ["Channel 2 cannot be opened", [frame(FrameType.OPEN, 2)]],
  ["Channel 0 cannot be opened", [frame(FrameType.OPEN, 0)]],
  ["Channel 3 cannot be opened", [frame(FrameType.OPEN, 3), frame(FrameType.OPEN, 3)]],
  ["Channel 1 cannot be opened", [frame(FrameType.OPEN, 3), frame(FrameType.OPEN, 1)]],
  ["channel 1, which was never opened", [frame(FrameType.DATA, 1, text("x"), Flag.MESSAGE)]],
  ["channel 2, which was never opened", [frame(FrameType.CREDIT, 2, credit(1))]],
  ["channel 4294967295, which was never", [frame(FrameType.RESET, 0xffff_ffff)]],
  ["channel 0, which was never opened", [frame(FrameType.DATA, 0, text("x"))]],
  ["A credit frame without a number", [frame(FrameType.OPEN, 1), frame(FrameType.CREDIT, 1)]],
  ["A BYE frame, which only a controller sends", [frame(FrameType.BYE)]],
  ["An EXIT frame, which only an agent's shell sends", [frame(FrameType.EXIT, 0, text("001"))]],
  ["A size that is none", [frame(FrameType.OPEN, 1), frame(FrameType.DATA, 1, EMPTY, Flag.SIZE)]],
  ["or within a message", [frame(FrameType.OPEN, 1), size(9), size(9)]],
  ["or within a message", [
    frame(FrameType.OPEN, 1),
    frame(FrameType.DATA, 1, text("x")),
    size(9),
  ]],
  ["of 3 bytes, of which 9 were told", [
    frame(FrameType.OPEN, 1),
    size(9),
    frame(FrameType.DATA, 1, text("12")),
    frame(FrameType.DATA, 1, text("3"), Flag.MESSAGE),
  ]],
  ["more bytes than the 2 that were told", [
    frame(FrameType.OPEN, 1),
    size(2),
    frame(FrameType.DATA, 1, text("123")),
  ]],
  ["ended within a message", [
    frame(FrameType.OPEN, 1),
    size(2),
    frame(FrameType.DATA, 1, EMPTY, Flag.END),
  ]],
  [
    "More than 1000 bytes of messages that were only begun",
    [frame(FrameType.OPEN, 1), frame(FrameType.OPEN, 3), size(600), size(600, 3)],
    { maxUnread: 1000 },
  ],
];

Deno.test("Multiplexer.handleChunk() cuts off an end that breaks the protocol", async (t) => {
  for (const [message, chunks, options] of offences) {
    await t.step(message, () => {
      const end = lone(options);
      for (const chunk of chunks) end.multiplexer.handleChunk(chunk);
      assertCutOff(end, message);
      // Frames that follow are ignored, in the same chunk or later.
      end.multiplexer.handleChunk(frame(FrameType.OPEN, 5));
      assertEquals([end.multiplexer.size, end.ends.length], [0, 1]);
    });
  }
});

Deno.test("Multiplexer.handleChunk() puts pieces of a long message in place as they come", async () => {
  const random = new Random(1);
  const bytes = Uint8Array.from({ length: 600_000 }, () => random.below(256));
  for (const most of [7, 1000, 100_000]) {
    const pair = pipePair({
      chop: (length) => Math.min(length, 1 + random.below(most)),
      // Parts take no memory of their own.
      right: { maxUnread: bytes.length },
    });
    const [left, right] = await pair.channel();
    left.send(bytes.subarray(0, 300_000), Flag.RAW);
    left.send(bytes.subarray(300_000), Flag.END);
    assertEquals((await right.receive())?.bytes, bytes.subarray(0, 300_000));
    assertEquals(await right.receive(), { bytes: bytes.subarray(300_000), flags: 0 });
    right.end();
    await pair.assertNothingOpen();
  }
});

Deno.test("Multiplexer.handleChunk() refuses a part beyond the size that was told", () => {
  const end = lone();
  end.multiplexer.handleChunk(frame(FrameType.OPEN, 1));
  end.multiplexer.handleChunk(size(4));
  const piece = frame(FrameType.DATA, 1, text("12345678"), Flag.MESSAGE);
  end.multiplexer.handleChunk(piece.subarray(0, HEADER_SIZE + 4));
  assertEquals(end.ends, []);
  end.multiplexer.handleChunk(piece.subarray(HEADER_SIZE + 4, HEADER_SIZE + 5));
  assertCutOff(end, "more bytes than the 4 that were told");
});

Deno.test("Multiplexer.handleChunk() forgets the size of a message that does not come", () => {
  const end = lone({ maxUnread: 1000 });
  for (let id = 1; id < 20; id += 2) {
    for (const one of [frame(FrameType.OPEN, id), size(600, id), frame(FrameType.RESET, id)]) {
      end.multiplexer.handleChunk(one);
    }
  }
  assertEquals([end.ends.length, end.multiplexer.size, end.multiplexer.held], [0, 0, 0]);
});

Deno.test("Multiplexer.handleChunk() passes over frames for channels that are over", async () => {
  const end = lone();
  const { multiplexer } = end;
  multiplexer.open(EMPTY).reset(new Error("never mind"));
  multiplexer.handleChunk(frame(FrameType.OPEN, 1));
  multiplexer.handleChunk(frame(FrameType.RESET, 1));
  for (const id of [1, 2]) {
    multiplexer.handleChunk(frame(FrameType.DATA, id, text("x"), Flag.MESSAGE | Flag.END));
    multiplexer.handleChunk(frame(FrameType.DATA, id, text("x"), Flag.MESSAGE | Flag.END));
    multiplexer.handleChunk(frame(FrameType.CREDIT, id, credit(0xffff_ffff)));
    multiplexer.handleChunk(frame(FrameType.RESET, id));
  }
  await assertRejects(() => end.opened[0]!.receive());
  assertEquals([end.ends.length, multiplexer.size, multiplexer.held], [0, 0, 0]);
});

Deno.test("Multiplexer cuts off an end that asks without reading the answers", () => {
  // Whatever the answers are, the memory that they take has a limit.
  for (const payload of [EMPTY, new Uint8Array(MAX_PAYLOAD)]) {
    const end = lone({}, false);
    end.multiplexer.sendPing();
    end.multiplexer.flush();
    const ping = frame(FrameType.PING, 0, payload);
    const pings = flood(end, 1_000_000, () => ping);
    assertCutOff(end, "asks without reading the answers");
    assert(pings * (payload.length + 200) < 65 * MiB, `${pings} pings`);
  }
});

Deno.test("Multiplexer cuts off an end that opens what is refused, without reading it", () => {
  const end = lone({
    onChannel: (channel) => channel.reset(new Error("no"), new Uint8Array(1000)),
  }, false);
  end.multiplexer.sendPing();
  end.multiplexer.flush();
  flood(end, 1_000_000, (i) => frame(FrameType.OPEN, 2 * i + 1));
  assertCutOff(end, "asks without reading the answers");
});

Deno.test("Multiplexer cuts off an end that opens too many channels", () => {
  const end = lone({ maxChannels: 10 });
  const count = flood(end, 1000, (i) => frame(FrameType.OPEN, 2 * i + 1));
  assertEquals(count, 11);
  assertCutOff(end, "More than 10 channels open at once");
  // Channels that are over do not count.
  const other = lone({ maxChannels: 10 });
  const close = (id: number): Uint8Array => frame(FrameType.RESET, id);
  const opened = flood(other, 1000, (i) => {
    const id = i - i % 2 + 1;
    return i % 2 === 0 ? frame(FrameType.OPEN, id) : close(id);
  });
  assertEquals([opened, other.ends.length, other.multiplexer.size], [1000, 0, 0]);
});

Deno.test("Multiplexer cuts off an end that sends more than it may hold", async () => {
  const kinds: Record<string, (id: number) => Uint8Array> = {
    "a message without an end": (id) => frame(FrameType.DATA, id, new Uint8Array(MAX_PAYLOAD)),
    "a message in tiny pieces": (id) => frame(FrameType.DATA, id, new Uint8Array(1)),
    "unread messages": (id) => frame(FrameType.DATA, id, new Uint8Array(9000), Flag.MESSAGE),
    "unread tiny messages": (id) => frame(FrameType.DATA, id, EMPTY, Flag.MESSAGE),
  };
  for (const make of Object.values(kinds)) {
    const maxUnread = 8 * MiB;
    const end = lone({ maxUnread });
    const channels = 50;
    for (let id = 1; id < 2 * channels; id += 2) {
      end.multiplexer.handleChunk(frame(FrameType.OPEN, id));
    }
    const frames = Array.from({ length: channels }, (_, i) => make(2 * i + 1));
    const count = flood(end, 1_000_000, (i) => frames[i % channels]!);
    assertCutOff(end, `More than ${maxUnread} bytes of unread messages`);
    // A message takes some hundred bytes beside its content.
    assert(count * 200 <= maxUnread + 200, `${count} frames`);
    for (const channel of end.opened) await assertRejects(() => channel.receive(), ProtocolError);
  }
});

Deno.test("Multiplexer.open() takes a header of any length", async () => {
  const random = new Random(9);
  const pair = pipePair({ chop: (length) => 1 + random.below(Math.max(length, 100_000)) });
  const { left, right } = pair;
  const sizes = [1, MAX_PAYLOAD, MAX_PAYLOAD + 1, 5 * WINDOW];
  const headers = sizes.map((size) => new Uint8Array(size).fill(size % 251));
  const channels = headers.map((header) => left.multiplexer.open(header));
  for (const [i, channel] of channels.entries()) channel.send(text(`${i}`), Flag.END);
  await pair.settled();
  // Headers in a frame may overtake headers that are too long for one.
  const opened = right.opened.toSorted((a, b) => a.channel.id - b.channel.id);
  assertEquals(opened.map(({ header }) => header), headers);
  for (const [i, { channel }] of opened.entries()) {
    assertEquals(shown((await channel.receive())!.bytes), `${i}`);
    channel.end();
  }
  await pair.assertNothingOpen();

  const lost = right.multiplexer.open(new Uint8Array(5 * WINDOW));
  lost.reset("enough");
  await pair.assertNothingOpen();
  assertEquals([left.opened.length, left.ends.length], [0, 0]);
});

Deno.test("Multiplexer cuts off an end whose long header it does not take", async () => {
  const refusal = new ProtocolError("No such thing");
  const end = lone({
    onChannel: () => {
      throw refusal;
    },
  });
  end.multiplexer.handleChunk(frame(FrameType.OPEN, 1, EMPTY, Flag.LONG));
  end.multiplexer.handleChunk(frame(FrameType.DATA, 1, text("header"), Flag.MESSAGE));
  await new Promise((resolve) => setTimeout(resolve));
  assertCutOff(end, "No such thing");
  // A header that never arrives takes a channel, and nothing else.
  const other = lone();
  other.multiplexer.handleChunk(frame(FrameType.OPEN, 1, EMPTY, Flag.LONG));
  other.multiplexer.handleChunk(frame(FrameType.DATA, 1, EMPTY, Flag.END));
  await new Promise((resolve) => setTimeout(resolve));
  assertEquals([other.opened.length, other.ends.length, other.multiplexer.size], [0, 0, 0]);
});

Deno.test("Multiplexer.handleChunk() survives a flipped byte anywhere", async () => {
  // These are the bytes of one end of a short session, as they arrive.
  const pair = pipePair();
  const [left, right] = await pair.channel();
  left.send(text("a message"));
  left.send(new Uint8Array(40), Flag.END);
  right.end();
  const [other] = await pair.channel();
  pair.left.multiplexer.sendPing();
  other.reset(new Error("enough"), text("reason"));
  await pair.settled();
  const chunks = pair.left.wire.frames.map(({ type, channel, payload, flags }) =>
    frame(type, channel, payload, flags)
  );
  const stream = new Uint8Array(await new Blob(chunks as BlobPart[]).arrayBuffer());
  assert(stream.length > 8 * HEADER_SIZE);
  for (let at = 0; at < stream.length; at++) {
    for (const flip of [1, 2, 0x80, 0xff]) {
      const flipped = stream.slice();
      flipped[at]! ^= flip;
      const end = lone({ maxUnread: 1000, maxChannels: 5, onBye: () => {}, onExit: () => {} });
      for (const piece of new Random(at).cut(flipped, 50)) end.multiplexer.handleChunk(piece);
      assert(end.ends.length <= 1);
      assert(end.ends.every((error) => error instanceof ProtocolError));
      const { ended } = end.multiplexer;
      end.multiplexer.end(new Error("done"));
      for (const channel of end.opened) channel.reset(new Error("done"));
      assertEquals([end.multiplexer.size, end.multiplexer.held], [0, 0], String(ended));
    }
  }
});
