import { assertEquals } from "@std/assert";
import { PipeProcess } from "../../../tunnel/connection/pipe_process.ts";
import { until } from "../operation/_files.ts";

Deno.test("the last output of a process is read though the script was busy meanwhile", async () => {
  let said = "";
  let end = (): void => {};
  const ended = new Promise<void>((resolve) => end = resolve);
  const process = new PipeProcess({
    // What is left of it, in its group, holds stderr.
    command: ["sh", "-c", "(sleep .2; echo last words >&2; sleep 60) & exit 1"],
    detached: true,
    onOutput() {},
    onStderr: (chunk) => said += new TextDecoder().decode(chunk),
    onDrain() {},
    onSpawnError: (error) => said += error,
    onEnd: () => end(),
    isOver: () => true,
    afterlife: 0,
  });
  await until(() => process.exit !== undefined, "the end of the process");
  const start = performance.now();
  while (performance.now() - start < 1_000);
  await ended;
  assertEquals(said, "last words\n");
  process.pipe.close();
  process.release();
  await process.gone;
});
