import { assert, assertEquals } from "@std/assert";
import { BlockQueue } from "../../../agent/files/block_queue.ts";
import { bytesOf, sha1 } from "../../tunnel/operation/_files.ts";
import { Random } from "../_random.ts";

const KiB = 1024;

Deno.test("BlockQueue gives all bytes in order, however they are cut, in as many blocks as are used at once", async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = new Random(seed);
    const bytes = bytesOf(random.size(2000 * KiB));
    const queue = new BlockQueue();
    const buffers = new Set<ArrayBufferLike>();
    const got: Uint8Array[] = [];
    const taking = (async () => {
      for (let block; (block = await queue.next()) !== undefined;) {
        assert(block.length > 0 && block.length <= 64 * KiB);
        buffers.add(block.buffer);
        got.push(block.slice());
      }
    })();
    for (const piece of random.cut(bytes, [10, 1000, 300_000][seed % 3]!)) {
      const transient = piece.slice();
      queue.push(transient);
      transient.fill(0xee);
      if (random.below(4) === 0) await Promise.resolve();
      if (transient.length > 1000) await new Promise((resolve) => setTimeout(resolve));
    }
    queue.end();
    await taking;
    assertEquals(
      sha1(new Uint8Array(await new Blob(got as BlobPart[]).arrayBuffer())),
      sha1(bytes),
    );
    assert(buffers.size <= 10, `${buffers.size} blocks`);
    assertEquals(await queue.next(), undefined);
  }
});

Deno.test("BlockQueue gives a block that is not full when it has waited", async () => {
  const queue = new BlockQueue();
  queue.push(Uint8Array.of(1));
  assertEquals(await queue.next(), Uint8Array.of(1));
  // The queue waits for more, but not for ever.
  const next = queue.next();
  let isGiven = false;
  next.then(() => isGiven = true);
  let count = 0;
  for (; !isGiven; count++) {
    queue.push(Uint8Array.of(2));
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  assert(count > 1, "a byte was given by itself");
  assertEquals((await next)!.every((byte) => byte === 2), true);
});

Deno.test("BlockQueue.clear() drops the bytes that are there and those that still come", async () => {
  const queue = new BlockQueue();
  queue.push(new Uint8Array(300 * KiB));
  assertEquals((await queue.next())!.length, 64 * KiB);
  queue.clear();
  queue.push(new Uint8Array(300 * KiB));
  assertEquals(await queue.next(), undefined);
});
