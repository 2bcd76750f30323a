import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { getEventListeners } from "node:events";
import { CHUNK } from "../../../agent/files/byte_transfer.ts";
import {
  type BaseTunnel,
  ConnectionError,
  type FileOptions,
  type FileProgress,
  Local,
} from "../../../mod.ts";
import { rejection, rejectsAs, soon } from "../_deadline.ts";
import { bytesOf, Folder, onRuntimes, strayIn } from "./_files.ts";
import { Driver } from "../_kinds.ts";
import * as fixture from "../fixture/functions.ts";

const LARGE = bytesOf(16 * 1024 ** 2);
const NAMES = ["source", "target"];

/** A source that has begun. */
interface Stalled {
  readonly source: ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>;
  /** Resolves when the source is told that no more is wanted. */
  readonly cancelled: Promise<unknown>;
}

/** A stream that gives something, and then nothing more, and does not end. */
function stalledStream(): Stalled {
  const cancelled = Promise.withResolvers<unknown>();
  const source = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(LARGE.slice(0, 10 * CHUNK)),
    cancel: (reason) => cancelled.resolve(reason),
  });
  return { source, cancelled: cancelled.promise };
}

/** An async iterable that does the same. */
function stalledIterable(): Stalled {
  const cancelled = Promise.withResolvers<unknown>();
  const first = [LARGE.slice(0, 10 * CHUNK)];
  const iterator: AsyncIterator<Uint8Array> = {
    next() {
      const value = first.pop();
      return value === undefined ? new Promise(() => {}) : Promise.resolve({ value });
    },
    return() {
      const error = new Error("It cannot end");
      cancelled.resolve(error);
      throw error;
    },
  };
  return { source: { [Symbol.asyncIterator]: () => iterator }, cancelled: cancelled.promise };
}

/** A sink that takes nothing, or never closes. */
function stalledSink(
  what: "write" | "close",
  onStalled: () => void,
): WritableStream<Uint8Array> {
  return new WritableStream({
    [what]: () => {
      onStalled();
      return new Promise<void>(() => {});
    },
  });
}

type Transfer = (tun: BaseTunnel, folder: Folder, options: FileOptions) => Promise<unknown>;

/** Transfers that make progress at least once before they are over. */
const TRANSFERS: Record<string, Transfer> = {
  "put() of a file": (tun, folder, options) =>
    tun.put(folder.at("source"), folder.at("target"), options),
  "put() of bytes": (tun, folder, options) => tun.put(LARGE, folder.at("target"), options),
  "put() of a Blob": (tun, folder, options) =>
    tun.put(new Blob([LARGE as BlobPart]), folder.at("target"), options),
  "put() of a stream that stalls": (tun, folder, options) =>
    tun.put(stalledStream().source, folder.at("target"), options),
  "put() of an async iterable that stalls": (tun, folder, options) =>
    tun.put(stalledIterable().source, folder.at("target"), options),
  "fetch() to a file": (tun, folder, options) =>
    tun.fetch(folder.at("source"), folder.at("target"), options),
  "fetch() into the memory": (tun, folder, options) =>
    tun.fetch(folder.at("source"), null, options),
  "fetch() to a stream": (tun, folder, options) =>
    tun.fetch(folder.at("source"), new WritableStream(), options),
  "fetch() to a stream that stalls": (tun, folder, options) =>
    tun.fetch(folder.at("source"), stalledSink("write", () => {}), options),
};

function prepare(folder: Folder): void {
  folder.write("source", LARGE);
  folder.write("target", "old");
}

function assertNothingLeft(folder: Folder): void {
  assertEquals([folder.names, Deno.readTextFileSync(folder.at("target"))], [NAMES, "old"]);
}

for (const [name, transfer] of Object.entries(TRANSFERS)) {
  onRuntimes(`an abort ends ${name}, and leaves nothing`, async (tun, folder) => {
    prepare(folder);
    await tun.connect();
    const { pid } = tun.info!;
    const reason = new Error("enough");
    const settings: [what: string, start: (controller: AbortController) => Promise<unknown>][] = [
      ["signal", (controller) => {
        const onProgress = (): void => controller.abort(reason);
        return transfer(tun, folder, { signal: controller.signal, onProgress });
      }],
      ["with()", (controller) => {
        return transfer(tun.with(controller), folder, {
          onProgress: () => controller.abort(reason),
        });
      }],
      ["both", (controller) => {
        const { signal } = new AbortController();
        const onProgress = (): void => controller.abort(reason);
        return transfer(tun.with(controller), folder, { signal, onProgress });
      }],
      ["a later abort", (controller) => {
        const onProgress = (): void => void setTimeout(() => controller.abort(reason));
        return transfer(tun, folder, { signal: controller.signal, onProgress });
      }],
      ["an abort at once", (controller) => {
        const moving = transfer(tun, folder, controller);
        controller.abort(reason);
        return moving;
      }],
      ["an abort before", (controller) => {
        controller.abort(reason);
        return transfer(tun.with(controller), folder, controller);
      }],
    ];
    for (const [what, start] of settings) {
      const controller = new AbortController();
      assertStrictEquals(await rejection(start(controller), what), reason);
      assertNothingLeft(folder);
      assertEquals(getEventListeners(controller.signal, "abort").length, 0);
    }
    assertEquals([await tun.call(fixture.echo, 1), tun.info!.pid], [[1], pid]);
  });

  Deno.test(`an abort before ${name} connects to nothing`, async () => {
    await using folder = await Folder.create();
    prepare(folder);
    const tun = new Local("here");
    const signal = AbortSignal.abort("enough");
    assertEquals(await rejection(transfer(tun, folder, { signal })), "enough");
    assert(!tun.connected);
    assertNothingLeft(folder);
  });

  Deno.test(`an abort ends ${name} while it connects`, async () => {
    await using folder = await Folder.create();
    prepare(folder);
    await using tun = new Driver(["sh", "-c", "exec sleep 1000"], { stderr: () => {} });
    const controller = new AbortController();
    const moving = transfer(tun, folder, controller);
    setTimeout(() => controller.abort("enough"));
    assertEquals(await rejection(moving), "enough");
    assertNothingLeft(folder);
  });

  onRuntimes(`the end of the agent ends ${name}, and so does close()`, async (tun, folder) => {
    prepare(folder);
    const kill = (): void => Deno.kill(tun.info!.pid, "SIGKILL");
    for (const end of [kill, () => void tun.close()]) {
      await tun.connect();
      let ended = false;
      const onProgress = (): void => {
        if (!ended) end();
        ended = true;
      };
      const moving = transfer(tun, folder, { onProgress });
      const error = await rejectsAs(ConnectionError, moving);
      assertEquals(error.host, "here");
      // What an agent that was killed has left, the next one removes.
      await tun.put({ text: "old" }, folder.at("target"));
      assertNothingLeft(folder);
    }
  });
}

onRuntimes("a source that stalls is let go when put() is over", async (tun, folder) => {
  prepare(folder);
  for (const stalled of [stalledStream, stalledIterable]) {
    for (const end of ["abort", "close", "throw"]) {
      const { source, cancelled } = stalled();
      const controller = new AbortController();
      const onProgress = (): void => {
        if (end === "throw") throw new Error("enough");
        if (end === "abort") controller.abort();
        else void tun.close();
      };
      await rejection(
        tun.put(source, folder.at("target"), { signal: controller.signal, onProgress }),
      );
      assert(await soon(cancelled, "the cancellation") instanceof Error);
      if (source instanceof ReadableStream) assertEquals(source.locked, false);
    }
  }
  assertNothingLeft(folder);
});

onRuntimes(
  "fetch() ends though its stream takes nothing, or does not close",
  async (tun, folder) => {
    prepare(folder);
    const ends: ((controller: AbortController) => void)[] = [
      (controller) => controller.abort("enough"),
      () => void tun.close(),
      () => Deno.kill(tun.info!.pid, "SIGKILL"),
    ];
    for (const what of ["write", "close"] as const) {
      for (const [i, end] of ends.entries()) {
        for (const later of [false, true]) {
          await tun.connect();
          const controller = new AbortController();
          const sink = stalledSink(
            what,
            () => later ? void setTimeout(end, 5, controller) : end(controller),
          );
          const error = await rejection(tun.fetch(folder.at("source"), sink, controller));
          if (i === 0) assertEquals(error, "enough");
          else assert(error instanceof ConnectionError, `${error}`);
        }
      }
    }
  },
);

onRuntimes("an abort when all of it is there is an abort still", async (tun, folder) => {
  folder.write("source", bytesOf(1000));
  const ways: ((options: FileOptions) => Promise<unknown>)[] = [
    (options) => tun.fetch(folder.at("source"), folder.at("target"), options),
    (options) => tun.fetch(folder.at("source"), null, options),
    (options) => tun.fetch(folder.at("source"), new WritableStream(), options),
    (options) => tun.put(folder.at("source"), folder.at("target"), options),
  ];
  for (const way of ways) {
    const controller = new AbortController();
    const onProgress = ({ bytes }: FileProgress): void => {
      if (bytes === 1000) controller.abort("enough");
    };
    assertEquals(await rejection(way({ signal: controller.signal, onProgress })), "enough");
    assertEquals(folder.names, ["source"]);
  }
});

onRuntimes("an abort at any moment leaves all or nothing", async (tun, folder) => {
  prepare(folder);
  Deno.truncateSync(folder.at("source"));
  let aborted = 0;
  for (let moment = 0; moment < 60; moment++) {
    for (const way of ["put", "fetch"] as const) {
      const controller = new AbortController();
      const size = moment % 4 === 0 ? 0 : moment * 40_000;
      Deno.truncateSync(folder.at("source"), size);
      let over = false;
      const moving = tun[way](folder.at("source"), folder.at("target"), controller).then(
        ({ size: moved }) => {
          assertEquals([moved, Deno.statSync(folder.at("target")).size], [size, size]);
          Deno.writeTextFileSync(folder.at("target"), "old");
        },
        (reason) => {
          aborted++;
          assertEquals(reason, moment);
          // It may have been in its place by then, but only the whole of it.
          const { length } = Deno.readFileSync(folder.at("target"));
          if (length !== 3) assertEquals(length, size);
        },
      ).finally(() => over = true);
      for (let i = 0; i < moment * 3 && !over; i++) {
        await (i % 2 ? Promise.resolve() : tun.call(fixture.count));
      }
      controller.abort(moment);
      await soon(moving, "the end of it");
      assertEquals(strayIn(folder.path), []);
      Deno.writeTextFileSync(folder.at("target"), "old");
    }
  }
  assert(aborted > 0);
});
