import { assert, assertEquals, assertThrows } from "@std/assert";
import fs from "node:fs";
import { FileReader } from "../../../agent/files/file_reader.ts";
import { command } from "../../services/command.ts";
import { rejectsAs } from "../../tunnel/_deadline.ts";
import { bytesOf, Folder, sha1 } from "../../tunnel/operation/_files.ts";
import { slow } from "../../services/services.ts";

const MiB = 1024 ** 2;

/** Reads a whole file. Copies each block, since the next ones may be written over it. */
async function readAll(path: string): Promise<Uint8Array> {
  const file = new FileReader(path);
  try {
    const blocks: Uint8Array[] = [];
    for await (const block of file.blocks()) blocks.push(block.slice());
    return new Uint8Array(await new Blob(blocks as BlobPart[]).arrayBuffer());
  } finally {
    file.close();
  }
}

Deno.test("FileReader.blocks() gives the bytes of a file of any size", async () => {
  await using folder = await Folder.create();
  const sizes = [0, 1, 5000, 256 * 1024, 256 * 1024 + 1, 2 * MiB, 2 * MiB + 1, 9 * MiB + 77];
  for (const size of sizes) {
    const bytes = bytesOf(size);
    assertEquals(sha1(await readAll(folder.write("file", bytes))), sha1(bytes), `${size}`);
  }
});

Deno.test("FileReader.blocks() leaves a block alone until a megabyte more was taken", async () => {
  await using folder = await Folder.create();
  const bytes = bytesOf(20 * MiB);
  const file = new FileReader(folder.write("file", bytes));
  const held: { at: number; block: Uint8Array }[] = [];
  let at = 0;
  for await (const block of file.blocks()) {
    held.push({ at, block });
    at += block.length;
    for (const { at, block } of held) {
      assertEquals(sha1(block), sha1(bytes.subarray(at, at + block.length)));
    }
    while (held.length > 0 && held[0]!.at + held[0]!.block.length + MiB <= at) held.shift();
  }
  file.close();
});

Deno.test("FileReader knows the size and the mode at the start", async () => {
  await using folder = await Folder.create();
  const path = folder.write("file", "12345");
  for (const mode of [0o600, 0o4755, 0o1777]) {
    fs.chmodSync(path, mode);
    const file = new FileReader(path);
    assertEquals([file.size, file.mode], [5, mode]);
    file.close();
  }
});

Deno.test("FileReader takes nothing but a regular file", async () => {
  await using folder = await Folder.create();
  await command(["mkfifo", folder.at("fifo")]);
  Deno.symlinkSync("fifo", folder.at("link"));
  const cases = {
    [folder.path]: "it is a folder (EISDIR)",
    [folder.at("fifo")]: "it is not a regular file",
    [folder.at("link")]: "it is not a regular file",
    "/dev/zero": "it is not a regular file",
    [folder.at("missing")]: "no such file or folder (ENOENT)",
  };
  for (const [path, why] of Object.entries(cases)) {
    const error = assertThrows(() => new FileReader(path), Error);
    assertEquals(error.message, `${path}: ${why}`);
  }
});

Deno.test("FileReader.blocks() notices that a file is cut or rewritten", async () => {
  await using folder = await Folder.create();
  const change = {
    cut: (path: string) => fs.truncateSync(path, 5 * MiB),
    emptied: (path: string) => fs.truncateSync(path),
    rewritten: (path: string) => {
      const fd = fs.openSync(path, "r+");
      fs.writeSync(fd, "other");
      fs.closeSync(fd);
    },
  };
  for (const [name, act] of Object.entries(change)) {
    const path = folder.write(name, bytesOf(6 * MiB));
    fs.utimesSync(path, 1e9, 1e9);
    const file = new FileReader(path);
    const read = async (): Promise<void> => {
      let changed = false;
      for await (const _ of file.blocks()) {
        if (!changed) act(path);
        changed = true;
      }
    };
    const error = await rejectsAs(Error, read());
    assert(error.message.startsWith(`${path}: it changed while it was read: `), error.message);
    file.close();
  }
});

Deno.test("FileReader.blocks() gives what there was, though more is appended", async () => {
  await using folder = await Folder.create();
  const bytes = bytesOf(3 * MiB);
  const path = folder.write("log", bytes);
  const file = new FileReader(path);
  const read: Uint8Array[] = [];
  for await (const block of file.blocks()) {
    fs.appendFileSync(path, "more");
    read.push(block.slice());
  }
  file.close();
  const all = new Uint8Array(await new Blob(read as BlobPart[]).arrayBuffer());
  assertEquals(sha1(all), sha1(bytes));
});

Deno.test("FileReader.blocks() does not wait in this thread for a file without a size", async () => {
  const { readSync } = fs;
  let count = 0;
  fs.readSync = ((...args: Parameters<typeof readSync>) => {
    count++;
    return readSync(...args);
  }) as typeof readSync;
  try {
    await using folder = await Folder.create();
    await readAll(folder.write("file", bytesOf(9 * MiB)));
    const quick = count;
    // Another file of its kind, /proc/kmsg, has no end, but waits for something to be logged.
    for (let i = 0; i < 10; i++) await readAll("/proc/self/status");
    assertEquals(count, quick);
  } finally {
    fs.readSync = readSync;
  }
});

Deno.test("FileReader.blocks() gives the bytes of a file that was empty and grew", async () => {
  await using folder = await Folder.create();
  const path = folder.write("log", "");
  const file = new FileReader(path);
  fs.appendFileSync(path, "more");
  const read = await Array.fromAsync(file.blocks());
  file.close();
  assertEquals(read.map((block) => new TextDecoder().decode(block)).join(""), "more");
});

Deno.test(
  slow("FileReader.close() under a read does not touch the next file with its number", async () => {
    await using folder = await Folder.create();
    const path = folder.write("file", bytesOf(8 * MiB));
    const other = bytesOf(8 * MiB).fill(7);
    const otherPath = folder.write("other", other);
    for (let round = 0; round < 100; round++) {
      const file = new FileReader(path);
      const blocks = file.blocks();
      for (let i = 0; i < round % 4; i++) await blocks.next();
      const reading = blocks.next();
      file.close();
      const ended = blocks.return(undefined);
      // A new descriptor has the lowest free number. Only its own reads may move its position.
      const fds: number[] = [];
      for (let i = 0; i < 3; i++) {
        fds.push(fs.openSync(otherPath, "r"));
        await Promise.resolve();
      }
      await Promise.all([reading, ended]);
      await new Promise((resolve) => setTimeout(resolve));
      for (const fd of fds) {
        const byte = new Uint8Array(other.length + 1);
        assertEquals(fs.readSync(fd, byte, 0, byte.length, null), other.length);
        fs.closeSync(fd);
      }
    }
  }),
);
