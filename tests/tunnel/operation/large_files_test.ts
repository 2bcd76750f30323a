import { assert, assertEquals } from "@std/assert";
import { createHash } from "node:crypto";
import process from "node:process";
import type { FileProgress, Local } from "../../../mod.ts";
import { needing } from "../../services/services.ts";
import { Folder, onRuntimes, RUNTIMES, strayIn } from "./_files.ts";
import * as fixture from "../fixture/functions.ts";

const MiB = 1024 ** 2;

/** How much memory one end may take more than at the start. */
const MORE = 64 * MiB;

/** What V8 lets wait until it is collected: of what a stream was given, which is the stream's. */
const GARBAGE = 64 * MiB;

const sums = new Map<number, string>();

/** The SHA-1 of so many zeros. */
function sumOfZeros(size: number): string {
  const known = sums.get(size);
  if (known !== undefined) return known;
  const hash = createHash("sha1");
  const zeros = new Uint8Array(MiB);
  for (let at = 0; at < size; at += MiB) hash.update(zeros.subarray(0, size - at));
  const sum = hash.digest("hex");
  sums.set(size, sum);
  return sum;
}

/** A file that takes no room on the disk. */
function sparseFile(folder: Folder, name: string, size: number): string {
  const path = folder.write(name, "");
  Deno.truncateSync(path, size);
  return path;
}

function rss(): number {
  return process.memoryUsage.rss();
}

/**
 * Zeros, given when they are asked for. They are always the same ones: what a source takes is not
 * the transfer's.
 */
function streamOfZeros(size: number): ReadableStream<Uint8Array> {
  const zeros = new Uint8Array(100_000);
  let left = size;
  return new ReadableStream({
    pull(controller) {
      if (left === 0) return controller.close();
      const block = zeros.subarray(0, left);
      left -= block.length;
      controller.enqueue(block);
    },
  }, { highWaterMark: 0 });
}

type OnProgress = (progress: FileProgress) => void;

/** Runs a transfer, and tells how much memory either end took more than before at the most. */
async function growthDuring<T>(
  tun: Local,
  transfer: (onProgress: OnProgress) => Promise<T>,
): Promise<{ result: T; here: number; there: number; calls: number }> {
  const start = { here: rss(), there: await tun.call(rss) };
  const most = { ...start };
  let calls = 0;
  let calling: Promise<void> | undefined;
  let next = 0;
  // Now and then: what calls take is not the file's.
  const ask = async (): Promise<void> => {
    most.there = Math.max(most.there, await tun.call(rss));
    calls++;
    calling = undefined;
  };
  const result = await transfer(({ bytes }) => {
    most.here = Math.max(most.here, rss());
    if (bytes < next || calling !== undefined) return;
    next = bytes + 8 * MiB;
    calling = ask();
  });
  // Those that were answered while the file was under way.
  const before = calls;
  await calling;
  return {
    ...{ result, calls: before },
    ...{ here: most.here - start.here, there: most.there - start.there },
  };
}

type Way = "put" | "fetch" | "put from a stream" | "fetch to a stream";

const WAYS: Readonly<
  Record<
    Way,
    (tun: Local, folder: Folder, size: number, onProgress: OnProgress) => Promise<{
      size: number;
      sha1sum: string;
    }>
  >
> = {
  "put": async (tun, folder, size, onProgress) => {
    const source = sparseFile(folder, "source", size);
    const result = await tun.put(source, folder.at("target"), { onProgress });
    assertEquals(Deno.statSync(result.remotePath).size, size);
    return result;
  },
  "fetch": async (tun, folder, size, onProgress) => {
    const source = sparseFile(folder, "source", size);
    const result = await tun.fetch(source, folder.at("target"), { onProgress });
    assertEquals(Deno.statSync(result.localPath).size, size);
    return result;
  },
  "put from a stream": (tun, folder, size, onProgress) =>
    tun.put(streamOfZeros(size), folder.at("target"), { onProgress }),
  "fetch to a stream": async (tun, folder, size, onProgress) => {
    let taken = 0;
    const sink = new WritableStream<Uint8Array>({ write: (chunk) => void (taken += chunk.length) });
    const result = await tun.fetch(sparseFile(folder, "source", size), sink, { onProgress });
    assertEquals(taken, size);
    return result;
  },
};

/**
 * What is moved on each runtime: all ways with a large file, and one with a file of more than 32
 * bits can count.
 */
const PLANS: Readonly<Record<string, readonly [way: Way, size: number][]>> = {
  "Deno": [
    ["put", 4096 * MiB + 1],
    ["fetch", 256 * MiB],
    ["put from a stream", 256 * MiB],
    ["fetch to a stream", 256 * MiB],
  ],
  "Node 26": [
    ["put", 256 * MiB],
    ["fetch", 256 * MiB],
    ["put from a stream", 256 * MiB],
    ["fetch to a stream", 4096 * MiB + 1],
  ],
};

for (const { name, needs, open } of RUNTIMES) {
  const plan = PLANS[name];
  if (plan === undefined) continue;
  Deno.test(needing(needs, `large files take little memory, on ${name}`, async (t) => {
    await using folder = await Folder.create();
    await using tun = open();
    // What the code that does it takes is not the files'.
    for (const way of ["put", "fetch"] as const) await WAYS[way](tun, folder, 1, () => {});
    for (const [way, size] of plan) {
      await t.step(`${way}() of ${size} bytes`, async () => {
        const { result, here, there, calls } = await growthDuring(
          tun,
          (onProgress) => WAYS[way](tun, folder, size, onProgress),
        );
        assertEquals([result.size, result.sha1sum], [size, sumOfZeros(size)]);
        const limit = way === "fetch to a stream" ? MORE + GARBAGE : MORE;
        assert(here < limit, `${here / MiB} MiB more here`);
        assert(there < MORE, `${there / MiB} MiB more there`);
        assert(calls > 3, `${calls} calls were answered meanwhile`);
        for (const name of folder.names) Deno.removeSync(folder.at(name));
      });
    }
  }));
}

onRuntimes("put() takes no more of a stream than there is room for", async (tun, folder) => {
  const size = 32 * MiB;
  let given = 0;
  let ahead = 0;
  const blocks: Promise<unknown>[] = [];
  const stream = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (given === size) return controller.close();
      const [name] = strayIn(folder.path);
      const arrived = name === undefined ? 0 : Deno.statSync(folder.at(name)).size;
      ahead = Math.max(ahead, given - arrived);
      // An agent that is busy takes nothing.
      if (given % (8 * MiB) === 0) blocks.push(tun.call(fixture.block, 200));
      controller.enqueue(new Uint8Array(64 * 1024));
      given += 64 * 1024;
    },
  }, { highWaterMark: 0 });
  const { sha1sum } = await tun.put(stream, folder.at("target"));
  await Promise.all(blocks);
  assertEquals(sha1sum, sumOfZeros(size));
  assert(ahead < 6 * MiB, `${ahead / MiB} MiB were ahead`);
});

onRuntimes("a small call is answered while files move both ways", async (tun, folder) => {
  const source = sparseFile(folder, "source", 128 * MiB);
  const moving = [
    tun.put(source, folder.at("put")),
    tun.fetch(source, folder.at("fetched")),
    tun.fetch(source, new WritableStream()),
  ];
  let moved = 0;
  for (const one of moving) one.finally(() => moved++).catch(() => {});
  let calls = 0;
  for (; moved === 0; calls++) assertEquals(await tun.call(fixture.echo, calls), [calls]);
  assert(calls > 10, `${calls} calls were answered meanwhile`);
  const found = (await Promise.all(moving)).map(({ sha1sum }) => sha1sum);
  assertEquals(new Set(found), new Set([sumOfZeros(128 * MiB)]));
});
