import { assert, assertEquals } from "@std/assert";
import { spawn } from "node:child_process";
import { PassThrough } from "node:stream";
import process from "node:process";
import { readOutput } from "../../../tunnel/connection/read_output.ts";
import { soon } from "../_deadline.ts";
import { sha1 } from "../operation/_files.ts";

const MiB = 1024 ** 2;

Deno.test("readOutput() gives all that a process prints, and the process closes", async () => {
  const child = spawn("sh", ["-c", "printf one; sleep .01; printf two; head -c 3000000 /dev/zero"]);
  const got: Uint8Array[] = [];
  const buffers = new Set<ArrayBufferLike>();
  const output = readOutput(child.stdout, (chunk) => {
    got.push(chunk.slice());
    buffers.add(chunk.buffer);
    chunk.fill(0xee);
  });
  const closed = new Promise((resolve) => child.on("close", resolve));
  await soon(new Promise((resolve) => output.on("close", resolve)), "the end of the output");
  assertEquals(await soon(closed, "the end of the process"), 0);
  const all = new Uint8Array(await new Blob(got as BlobPart[]).arrayBuffer());
  const wanted = new Uint8Array(3_000_006);
  wanted.set(new TextEncoder().encode("onetwo"));
  assertEquals([all.length, sha1(all)], [wanted.length, sha1(wanted)]);
  // There is one buffer, used over and over.
  assertEquals(buffers.size, 1);
});

Deno.test("readOutput() takes no memory in proportion to what it reads", async () => {
  const child = spawn("head", ["-c", `${512 * MiB}`, "/dev/zero"]);
  const closed = new Promise((resolve) => child.on("close", resolve));
  const start = process.memoryUsage.rss();
  let most = start;
  let size = 0;
  const output = readOutput(child.stdout, (chunk) => {
    size += chunk.length;
    most = Math.max(most, process.memoryUsage.rss());
  });
  await soon(
    new Promise((resolve) => output.on("close", resolve)),
    "the end of the output",
    180_000,
  );
  await soon(closed, "the end of the process");
  assertEquals(size, 512 * MiB);
  assert(most - start < 64 * MiB, `${(most - start) / MiB} MiB`);
});

Deno.test("readOutput() can be destroyed, which ends a process that still prints", async () => {
  const child = spawn("yes");
  const output = readOutput(child.stdout, () => {});
  const closed = new Promise((resolve) => child.on("close", (_code, signal) => resolve(signal)));
  output.destroy();
  assertEquals(await soon(closed, "the end of the process"), "SIGPIPE");
});

Deno.test("readOutput() reads a stream that is not a process's as usual", async () => {
  const stream = new PassThrough();
  const got: string[] = [];
  const output = readOutput(stream, (chunk) => got.push(new TextDecoder().decode(chunk)));
  stream.end("words");
  await soon(new Promise((resolve) => output.on("end", resolve)), "the end of the stream");
  assertEquals(got, ["words"]);
});
