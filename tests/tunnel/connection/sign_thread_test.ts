import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import { FrameDecoder, frameOf, FrameType } from "../../../agent/wire/frame.ts";
import { giveSigns } from "../../../tunnel/connection/sign_thread.ts";
import { concat } from "../../../agent/wire/concat.ts";
import { soon } from "../_deadline.ts";
import { startCat } from "./_cat.ts";
import { slow } from "../../services/services.ts";

Deno.test("giveSigns() gives no sign within a frame, and ends with the pipe", async () => {
  const drained = [Promise.withResolvers<void>()];
  const sizes: number[] = [];
  let signs = 0;
  const decoder = new FrameDecoder();
  const { child, closed } = startCat({
    onOutput: (chunk) =>
      decoder.push(chunk, ({ type, payload }) => {
        if (type === FrameType.PING) {
          signs++;
          assertEquals([...payload], [0, 0, 0, 1]);
        } else {
          sizes.push(payload.length);
          assert(payload.every((byte) => byte === 7));
        }
      }),
    onDrain: () => drained.at(-1)!.resolve(),
  });
  const stop = await giveSigns(child.direct!, child.lock!, 1, () => {});
  await soon(until(() => signs >= 3), "signs");
  const sent: number[] = [];
  for (let burst = 0; burst < 30 || signs <= 10 && burst < 1_000; burst++) {
    const frames = Array.from({ length: 20 }, (_, i) => {
      sent.push(i % 3 === 0 ? 65_000 : i);
      return frameOf(FrameType.DATA, 0, 1, new Uint8Array(sent.at(-1)!).fill(7));
    });
    drained.push(Promise.withResolvers());
    const goOn = child.pipe.write([concat(
        frames,
        frames.reduce((sum, { length }) => sum + length, 0),
      )])
      ? undefined
      : drained.at(-1)!.promise;
    // This thread is busy while a part of a frame is written and `cat` has taken it.
    await new Promise((resolve) => setTimeout(resolve, 0));
    for (const end = Date.now() + 5; Date.now() < end;);
    await goOn;
    // And it does nothing when all has been written.
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await soon(until(() => sizes.length === sent.length), "the frames");
  assertEquals(sizes, sent);
  assert(signs > 10, `${signs} signs`);
  stop();
  child.pipe.close();
  await soon(closed.promise, "the end of cat");
});

Deno.test("giveSigns() tells that it begins, although other frames leave it no room", async () => {
  const { child, closed } = startCat({
    onOutput: () => closed.reject(new Error("a sign within a frame")),
  });
  child.lock!.take();
  const begun = Promise.withResolvers<Uint8Array>();
  const stop = await giveSigns(child.direct!, child.lock!, 1, begun.resolve);
  assertEquals([...await soon(begun.promise, "the thread")], [0, 0, 0, 1]);
  stop();
  child.pipe.close();
  await soon(closed.promise, "the end of cat");
});

Deno.test("giveSigns() leaves the pipe to its writer when it ends within a sign", async () => {
  const { child, closed } = startCat();
  const { cell } = child.lock!;
  const begun = Promise.withResolvers<Uint8Array>();
  const stop = await giveSigns(child.direct!, child.lock!, 1_000_000, begun.resolve);
  await soon(begun.promise, "the thread");
  // The thread takes the lock for a sign, and never gives it back.
  Atomics.store(cell, 0, 2);
  stop();
  // Otherwise the next write would wait for ever.
  assertNotEquals(Atomics.load(cell, 0), 2);
  child.pipe.write([new Uint8Array(1)]);
  child.pipe.close();
  await soon(closed.promise, "the end of cat");
});

Deno.test(slow("giveSigns() asks no user for a permission", async () => {
  const script = fileURLToPath(import.meta.resolve("../fixture/limited.ts"));
  const root = fileURLToPath(import.meta.resolve("../../../"));
  const flags = `--allow-run --allow-env --allow-sys --allow-read='${root}'`;
  const deno = `'${Deno.execPath()}'`;
  // A program that keeps its terminal, as Deno asks nobody else.
  const child = new Deno.Command("script", {
    args: ["-qefc", `${deno} run --no-check ${flags} '${script}' ${deno}`, "/dev/null"],
    cwd: root,
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  let screen = "";
  const read = (async () => {
    for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
      screen += text;
      if (/Allow\?/.test(screen)) child.kill();
    }
  })();
  await soon(read, "the end of the script");
  await child.stdin.close().catch(() => {});
  await child.status;
  assertEquals(screen.trim(), "done");
}));

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 1));
}
