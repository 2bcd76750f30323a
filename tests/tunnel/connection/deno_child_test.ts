import { assert, assertEquals } from "@std/assert";
import type { Child } from "../../../tunnel/connection/child.ts";
import { startDenoChild } from "../../../tunnel/connection/deno_child.ts";
import { soon } from "../_deadline.ts";

const MiB = 1024 ** 2;

/** A process, and what happens to it. */
interface Started {
  readonly child: Child;
  /** A copy of all that it printed, in the pieces in which it came. */
  readonly output: Uint8Array[];
  readonly closed: Promise<void>;
}

function start(...command: string[]): Started {
  const output: Uint8Array[] = [];
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  const child = startDenoChild({
    command,
    detached: false,
    onOutput(chunk) {
      output.push(chunk.slice());
      // Nobody may look at it any more.
      chunk.fill(0xee);
    },
    onStderr() {},
    onDrain() {},
    onSpawnError() {},
    onExit() {},
    onClose: resolve,
  });
  return { child, output, closed };
}

/** Chunks that are many bytes together, of which each has a value of its own. */
function chunks(value: number): Uint8Array[] {
  return [10, 40_000, 12, 40_000].map((size, i) => new Uint8Array(size).fill(value + i));
}

async function joined(parts: readonly Uint8Array[]): Promise<Uint8Array> {
  return await new Blob([...parts] as BlobPart[]).bytes();
}

Deno.test("startDenoChild() writes the right bytes beside many processes that do not read", async () => {
  const stuck = Array.from({ length: 40 }, () => start("sleep", "1000"));
  for (const { child } of stuck) {
    child.pipe.write(chunks(1));
    child.pipe.write(chunks(1));
  }
  const cats = Array.from({ length: 20 }, () => start("cat"));
  for (const [i, { child }] of cats.entries()) child.pipe.write(chunks(10 * i));
  const hasAll = ({ output }: Started): boolean =>
    output.reduce((sum, { length }) => sum + length, 0) === 80_022;
  const wait = async (): Promise<void> => {
    while (!cats.every(hasAll)) await new Promise((resolve) => setTimeout(resolve, 10));
  };
  await soon(wait(), "the output");
  for (const [i, { output }] of cats.entries()) {
    assertEquals(await joined(output), await joined(chunks(10 * i)));
  }
  for (const { child } of [...stuck, ...cats]) {
    child.pipe.close();
    child.kill();
    child.closeOutputs();
  }
  await soon(Promise.all([...stuck, ...cats].map(({ closed }) => closed)), "the ends");
});

Deno.test("startDenoChild() reads little and much, with a small buffer for little", async () => {
  const script = `printf one; sleep .1; head -c ${3 * MiB} /dev/zero; sleep .1; printf two`;
  const { child, output, closed } = start("sh", "-c", script);
  await soon(closed, "the end");
  child.closeOutputs();
  child.pipe.close();
  const all = await joined(output);
  const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
  assertEquals([all.length, text(all.subarray(0, 3)), text(all.subarray(-3))], [
    3 * MiB + 6,
    "one",
    "two",
  ]);
  assert(all.subarray(3, -3).every((byte) => byte === 0));
  const largest = Math.max(...output.map(({ length }) => length));
  // A reader that comes early never finds a pipe full.
  assert(largest > 8 * 1024 && largest <= 64 * 1024, `the largest chunk has ${largest} bytes`);
});
