import { setImmediate } from "node:timers";
import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import {
  BrokenTransfer,
  CHUNK,
  Interruption,
  receiveBytes,
  sendBytes,
} from "../../../agent/files/byte_transfer.ts";
import { type Channel, WINDOW } from "../../../agent/wire/channel.ts";
import { Flag, FrameType } from "../../../agent/wire/frame.ts";
import { encode } from "../../../codec/mod.ts";
import { rejection, rejectsAs } from "../../tunnel/_deadline.ts";
import { bytesOf, sha1 } from "../../tunnel/operation/_files.ts";
import { pipePair } from "../wire/_memory_pipe.ts";
import { Random } from "../_random.ts";

const { RAW, END, FAILURE } = Flag;
const never = new Promise<never>(() => {});

async function* inBlocks(blocks: Iterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* blocks;
}

/** Keeps copies of the received bytes. */
function store(): { write(bytes: Uint8Array): Promise<void>; all(): Promise<Uint8Array> } {
  const kept: Uint8Array[] = [];
  return {
    write: async (bytes) => {
      // The bytes are not written over until this is done.
      await new Promise((resolve) => setImmediate(resolve));
      kept.push(bytes.slice());
    },
    all: async () => new Uint8Array(await new Blob(kept as BlobPart[]).arrayBuffer()),
  };
}

/** Runs `receiveBytes()` on the messages that `act` sends. */
async function receiving(
  act: (channel: Channel) => void,
): Promise<{ outcome: unknown; moved: number[]; written: number }> {
  const pair = pipePair();
  const [left, right] = await pair.channel();
  const moved: number[] = [];
  let written = 0;
  const write = ({ length }: Uint8Array): Promise<void> => {
    written += length;
    return Promise.resolve();
  };
  act(left);
  const outcome = await receiveBytes(right, write, (bytes) => moved.push(bytes))
    .catch((error) => error);
  left.reset(new Error("over"));
  right.reset(new Error("over"));
  await pair.assertNothingOpen();
  return { outcome, moved, written };
}

Deno.test("sendBytes() and receiveBytes() move bytes, however they are cut", async () => {
  const random = new Random(3);
  for (const size of [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 5 * CHUNK + 3, 3 * WINDOW]) {
    for (const limit of [size + 1, 100_000, size > 100_000 ? 5_000 : 7]) {
      const pair = pipePair({ chop: (length) => 1 + random.below(Math.max(length, 100_000)) });
      const [left, right] = await pair.channel();
      const bytes = bytesOf(size);
      const { write, all } = store();
      const moved: Record<"sent" | "received", number[]> = { sent: [], received: [] };
      const [sent, received] = await Promise.all([
        sendBytes(left, inBlocks(random.cut(bytes, limit)), never, (n) => moved.sent.push(n)),
        receiveBytes(right, write, (n) => moved.received.push(n)),
      ]);
      assertEquals([sent, received], [{ size, sha1sum: sha1(bytes) }, sent]);
      assertEquals(sha1(await all()), sha1(bytes));
      for (const counts of Object.values(moved)) {
        assertEquals(counts.at(-1), size);
        assert(counts.every((count, i) => i === 0 || count >= counts[i - 1]!));
      }
      for (const { payload } of pair.left.wire.framesOf(FrameType.DATA, left.id)) {
        assert(payload.length <= CHUNK);
      }
      right.end();
      await pair.assertNothingOpen();
    }
  }
});

Deno.test("sendBytes() takes no more of its source than there is room for", async () => {
  const pair = pipePair();
  const [left, right] = await pair.channel();
  let given = 0;
  const source = async function* (): AsyncGenerator<Uint8Array> {
    for (; given < 8 * WINDOW; given += CHUNK) yield new Uint8Array(CHUNK);
  };
  const sending = sendBytes(left, source(), never, () => {});
  await pair.settled();
  assert(given <= WINDOW + CHUNK, `${given}`);
  const { size } = await receiveBytes(right, () => Promise.resolve(), () => {});
  assert(given >= 8 * WINDOW, `${given}`);
  assertEquals([size, (await sending).size], [given, given]);
  right.end();
  await pair.assertNothingOpen();
});

Deno.test("receiveBytes() writes one thing after the other, and holds the sender back", async () => {
  const pair = pipePair();
  const [left, right] = await pair.channel();
  let given = 0;
  const source = async function* (): AsyncGenerator<Uint8Array> {
    for (; given < 8 * WINDOW; given += CHUNK) yield new Uint8Array(CHUNK);
  };
  const sending = sendBytes(left, source(), never, () => {});
  let writing = 0;
  let resume = (): void => {};
  const write = async (): Promise<void> => {
    assertEquals(++writing, 1);
    await new Promise<void>((resolve) => resume = resolve);
    writing--;
  };
  const receiving = receiveBytes(right, write, () => {});
  await pair.settled();
  assert(given <= 2 * WINDOW, `${given}`);
  let done = false;
  receiving.finally(() => done = true);
  while (!done) {
    resume();
    await pair.settled();
  }
  assertEquals((await receiving).size, (await sending).size);
  right.end();
  await pair.assertNothingOpen();
});

Deno.test("sendBytes() ends when an answer comes ahead of the end, and lets its source go", async () => {
  for (const answer of ["failure", "end"] as const) {
    const pair = pipePair();
    const [left, right] = await pair.channel();
    let returned = false;
    const source: AsyncIterable<Uint8Array> = {
      [Symbol.asyncIterator]: () => ({
        next: () => never,
        return: () => {
          returned = true;
          return Promise.resolve({ done: true, value: undefined });
        },
      }),
    };
    const sending = rejectsAs(Interruption, sendBytes(left, source, left.receive(), () => {}));
    if (answer === "end") right.end();
    else right.send(encode("no"), FAILURE | END);
    const error = await sending;
    assertEquals(error.answer?.flags, answer === "end" ? undefined : FAILURE);
    assert(returned);
    left.reset(error);
    right.reset(error);
    await pair.assertNothingOpen();
  }
});

Deno.test("sendBytes() ends when its source fails, its hook throws or its channel fails", async () => {
  const reason = new Error("enough");
  const failing = async function* (): AsyncGenerator<Uint8Array> {
    yield new Uint8Array(5);
    throw reason;
  };
  const throwing = (): never => {
    throw reason;
  };
  const attempts: ((channel: Channel) => Promise<unknown>)[] = [
    (channel) => sendBytes(channel, failing(), never, () => {}),
    (channel) => sendBytes(channel, inBlocks([new Uint8Array(5)]), never, throwing),
    (channel) => sendBytes(channel, inBlocks([]), never, throwing),
    (channel) => {
      const sending = sendBytes(
        channel,
        inBlocks([new Uint8Array(2 * WINDOW)]),
        channel.receive(),
        () => {},
      );
      channel.reset(reason);
      return sending;
    },
  ];
  for (const attempt of attempts) {
    const pair = pipePair();
    const [left, right] = await pair.channel();
    assertStrictEquals(await rejection(attempt(left)), reason);
    left.reset(reason);
    right.reset(reason);
    await pair.assertNothingOpen();
  }
});

Deno.test("receiveBytes() refuses messages that are not of a transfer", async () => {
  const sum = sha1(new Uint8Array(5));
  const five = (channel: Channel): void => channel.send(new Uint8Array(5), RAW);
  const ends: unknown[] = [
    ...[null, 5, "", [], {}, [5], [5, 5], [4, sum], [6, sum], [5, "0".repeat(40)], ["5", sum]],
    ...[[5n, sum], [NaN, sum], [5, sum.toUpperCase()], [5, `${sum} `], [5, `${sum}\n`]],
    ...[[5, Object.create(null)], [Object.create(null), sum], [5, "\x1b]0;title\x07"], [5, [sum]]],
    [5, sum].toString(),
  ];
  for (const end of ends) {
    const { outcome } = await receiving((channel) => {
      five(channel);
      channel.send(encode(end), END);
    });
    assert(outcome instanceof BrokenTransfer, `${Deno.inspect(end)}: ${outcome}`);
    // deno-lint-ignore no-control-regex -- the test looks for them
    assert(!/[\x00-\x1f\x7f]/.test(`${outcome}`), `${outcome}`);
  }
  const right = await receiving((channel) => {
    five(channel);
    channel.send(encode([5, sum]), END);
  });
  assertEquals(right, { outcome: { size: 5, sha1sum: sum }, moved: [5, 5], written: 5 });
});

Deno.test("receiveBytes() ends when the other end gives up", async () => {
  for (
    const act of [
      (channel: Channel) => channel.end(),
      (channel: Channel) => channel.send(encode("no"), FAILURE | END),
      (channel: Channel) => channel.send(encode("no"), FAILURE | RAW),
    ]
  ) {
    const { outcome } = await receiving((channel) => {
      channel.send(new Uint8Array(5), RAW);
      act(channel);
    });
    assert(outcome instanceof Interruption, `${outcome}`);
  }
});

Deno.test("receiveBytes() ends when writing fails or its hook throws, and never while it writes", async () => {
  const reason = new Error("enough");
  const fail = (): never => {
    throw reason;
  };
  for (const how of ["throws", "rejects", "hook"]) {
    const pair = pipePair();
    const [left, right] = await pair.channel();
    const blocks = Array.from({ length: 200 }, () => new Uint8Array(CHUNK));
    const sending = sendBytes(left, inBlocks(blocks), left.receive(), () => {}).catch(() => {});
    let writing = false;
    const write = async (): Promise<void> => {
      writing = true;
      await pair.settled();
      writing = false;
      if (how !== "hook") fail();
    };
    const receiving = receiveBytes(
      right,
      how === "throws" ? async () => await fail() : write,
      how === "hook" ? fail : () => {},
    );
    assertStrictEquals(await rejection(receiving), reason);
    assert(!writing, "it is still writing");
    right.reset(reason);
    left.reset(reason);
    await sending;
    await pair.assertNothingOpen();
  }
});
