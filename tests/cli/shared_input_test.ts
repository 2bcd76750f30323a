import { assertEquals, assertThrows } from "@std/assert";
import { SharedInput } from "../../cli/shared_input.ts";

/** A source of a number of chunks, which counts how many were taken. */
function source(chunks: number): { stream: ReadableStream<Uint8Array>; taken: () => number } {
  let taken = 0;
  const stream = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (taken === chunks) controller.close();
      else controller.enqueue(new Uint8Array([taken++]));
    },
  }, { highWaterMark: 0 });
  return { stream, taken: () => taken };
}

async function all(stream: ReadableStream<Uint8Array>): Promise<number[]> {
  return (await Array.fromAsync(stream)).flatMap((chunk) => [...chunk]);
}

Deno.test("SharedInput gives all to each reader, whenever that begins", async () => {
  const { stream, taken } = source(3);
  const shared = new SharedInput(stream, 3);
  const early = shared.stream().getReader();
  assertEquals(taken(), 0);
  assertEquals((await early.read()).value, new Uint8Array([0]));
  assertEquals(taken(), 1);
  assertEquals(await all(shared.stream()), [0, 1, 2]);
  assertEquals((await early.read()).value, new Uint8Array([1]));
  await early.cancel();
  assertEquals(await all(shared.stream()), [0, 1, 2]);
  assertThrows(() => shared.stream(), Error, "All readers of the input have begun");
});

Deno.test("SharedInput tells each reader that the input has failed", async () => {
  const failing = new ReadableStream<Uint8Array>({
    pull(controller) {
      controller.error(new Error("no such luck"));
    },
  }, { highWaterMark: 0 });
  const shared = new SharedInput(failing, 2);
  for (let i = 0; i < 2; i++) {
    const said = await all(shared.stream()).catch((error) => error.message);
    assertEquals(said, "no such luck");
  }
});
