import { assert, assertEquals, assertStrictEquals, assertStringIncludes } from "@std/assert";
import { CHUNK } from "../../../agent/files/byte_transfer.ts";
import { type PutSource, RemoteError } from "../../../mod.ts";
import { rejection, rejectsAs } from "../_deadline.ts";
import { bytesOf, onRuntimes, until } from "./_files.ts";

const LARGE = bytesOf(16 * 1024 ** 2);

onRuntimes("what onProgress throws ends the transfer, and nothing is left", async (tun, folder) => {
  // Though it may look like one of the system.
  const reason = Object.assign(new Error("enough"), { code: "ENOENT" });
  const target = folder.write("target", "old");
  for (const size of [0, 1, LARGE.length]) {
    const source = folder.write("source", LARGE.subarray(0, size));
    for (const last of [false, true]) {
      const onProgress = ({ bytes }: { bytes: number }): void => {
        if (!last || bytes === size) throw reason;
      };
      const sources: PutSource[] = [
        source,
        LARGE.subarray(0, size),
        new Blob([LARGE.slice(0, size)]),
      ];
      for (const source of sources) {
        assertStrictEquals(await rejection(tun.put(source, target, { onProgress })), reason);
      }
      assertStrictEquals(await rejection(tun.fetch(source, target, { onProgress })), reason);
      assertStrictEquals(await rejection(tun.fetch(source, null, { onProgress })), reason);
      assertEquals([Deno.readTextFileSync(target), folder.names], ["old", ["source", "target"]]);
    }
  }
  assert(tun.connected);
});

onRuntimes("a stream that fails ends put(), and is let go", async (tun, folder) => {
  const target = folder.write("target", "old");
  const reason = Object.assign(new DOMException("enough", "DataError"));
  let ended: unknown;
  const streamOf = (
    last: (controller: ReadableStreamDefaultController) => void,
    count: number,
  ): ReadableStream => {
    let i = 0;
    return new ReadableStream({
      pull: (controller) =>
        i++ < count ? controller.enqueue(LARGE.slice(0, CHUNK)) : last(controller),
      cancel: (why) => void (ended = why),
    });
  };
  for (const count of [0, 1, 100]) {
    const failing = streamOf((controller) => controller.error(reason), count);
    assertStrictEquals(await rejection(tun.put(failing, target)), reason);
    assertEquals(failing.locked, false);
    for (const wrong of ["text", 5, null, new ArrayBuffer(4), new Uint16Array(4)]) {
      ended = undefined;
      const stream = streamOf((controller) => controller.enqueue(wrong), count);
      const error = await rejectsAs(TypeError, tun.put(stream, target));
      assertStringIncludes(error.message, "The stream gave ");
      assertEquals([stream.locked, ended instanceof Error], [false, true]);
    }
  }
  // One that is refused at the far end is not read to its end.
  ended = undefined;
  const endless = streamOf((controller) => controller.enqueue(new Uint8Array(CHUNK)), 0);
  await rejectsAs(RemoteError, tun.put(endless, folder.at("missing/file")));
  assert(ended instanceof Error);
  assertEquals([Deno.readTextFileSync(target), folder.names], ["old", ["target"]]);
  assert(tun.connected);
});

onRuntimes("a generator that fails ends put(), and is let go", async (tun, folder) => {
  const target = folder.write("target", "old");
  const reason = new Error("enough");
  let ended = 0;
  const generatorOf = async function* (count: number, last: () => unknown) {
    try {
      for (let i = 0; i < count; i++) yield LARGE.slice(0, CHUNK);
      for (;;) yield last() as Uint8Array;
    } finally {
      ended++;
    }
  };
  const fail = (): never => {
    throw reason;
  };
  for (const count of [0, 1, 100]) {
    assertStrictEquals(await rejection(tun.put(generatorOf(count, fail), target)), reason);
    assertEquals(ended, 1);
    for (const wrong of ["text", 5, null, new ArrayBuffer(4), new Uint16Array(4)]) {
      ended = 0;
      const error = await rejectsAs(TypeError, tun.put(generatorOf(count, () => wrong), target));
      assertStringIncludes(error.message, "The async iterable gave ");
      assertEquals(ended, 1);
    }
    ended = 0;
  }
  // One that is refused at the far end is not read to its end.
  const endless = generatorOf(0, () => new Uint8Array(CHUNK));
  await rejectsAs(RemoteError, tun.put(endless, folder.at("missing/file")));
  await until(() => ended === 1, "the end of the generator");
  assertEquals([Deno.readTextFileSync(target), folder.names], ["old", ["target"]]);
  assert(tun.connected);
});

onRuntimes(
  "put() lets an iterator go as a loop does, unless it has failed",
  async (tun, folder) => {
    let returned = 0;
    const iterableOf = (next: () => Promise<unknown>): AsyncIterable<Uint8Array> => {
      const iterator = { next, return: () => Promise.resolve({ value: ++returned, done: true }) };
      return { [Symbol.asyncIterator]: () => iterator as never };
    };
    const reason = new Error("enough");
    const failing = iterableOf(() => Promise.reject(reason));
    assertStrictEquals(await rejection(tun.put(failing, folder.at("target"))), reason);
    assertEquals(returned, 0);
    const wrong = iterableOf(() => Promise.resolve({ value: "text", done: false }));
    await rejectsAs(TypeError, tun.put(wrong, folder.at("target")));
    assertEquals(returned, 1);
    await tun.put(iterableOf(() => Promise.resolve({ done: true })), folder.at("target"));
    assertEquals(returned, 1);
  },
);

onRuntimes("what put() is given by a far end goes on to a file", async (tun, folder) => {
  const stream = await tun.call(async function* () {
    for (let i = 0; i < 100; i++) yield new Uint8Array(10_000).fill(i);
  });
  const { size } = await tun.put(stream, folder.at("target"));
  assertEquals(size, 1_000_000);
  assert(
    Deno.readFileSync(folder.at("target")).every((byte, i) => byte === Math.floor(i / 10_000)),
  );
});

onRuntimes(
  "a stream that fails ends fetch(), and one that fetch() fails is aborted",
  async (tun, folder) => {
    const reason = Object.assign(new Error("enough"), { code: "ENOSPC" });
    const fail = (): never => {
      throw reason;
    };
    for (const size of [0, 1, LARGE.length]) {
      const source = folder.write("source", LARGE.subarray(0, size));
      const sinks: UnderlyingSink[] = [{ close: fail }, { start: fail }];
      if (size > 0) sinks.push({ write: fail }, { write: () => Promise.reject(reason) });
      for (const sink of sinks) {
        let stream;
        try {
          stream = new WritableStream(sink);
        } catch {
          continue;
        }
        assertStrictEquals(await rejection(tun.fetch(source, stream)), reason);
      }
    }
    const closed = new WritableStream();
    await closed.close();
    await rejectsAs(TypeError, tun.fetch(folder.at("source"), closed));
    let aborted: unknown;
    const stream = new WritableStream({ abort: (why) => void (aborted = why) });
    const error = await rejectsAs(RemoteError, tun.fetch(folder.at("missing"), stream));
    assertStrictEquals(aborted, error);
    assert(tun.connected);
  },
);
