import { assert, assertEquals } from "@std/assert";
import fs from "node:fs";
import { isZeros } from "../../../agent/files/zeros.ts";
import { onRuntimes, sha1 } from "./_files.ts";

const SIZE = 32 * 1024 ** 2;

/** How many bytes a file has on the disk. */
function onDisk(path: string): number {
  return fs.statSync(path).blocks * 512;
}

/** Makes a file with bytes at some places, and holes between them. */
function makeSparse(path: string, ...places: readonly number[]): void {
  using file = Deno.openSync(path, { write: true, create: true });
  file.truncateSync(SIZE);
  for (const place of places) {
    file.seekSync(place, Deno.SeekMode.Start);
    file.writeSync(Uint8Array.of(1, 0, 2));
  }
}

onRuntimes("put(), fetch(), sync() and fetchDir() leave holes as they are", async (tun, folder) => {
  fs.mkdirSync(folder.at("source"));
  const files = {
    empty: [],
    middle: [5_000_000],
    ends: [0, SIZE - 3],
    many: [1, 70_000, 10_000_000, 10_000_003, 20_000_000],
  };
  for (const [name, places] of Object.entries(files)) {
    makeSparse(folder.at(`source/${name}`), ...places);
  }
  const full = folder.write("source/full", new Uint8Array(1_000_000));
  const isSupported = onDisk(folder.at("source/empty")) < SIZE / 2;
  fs.mkdirSync(folder.at("put"));
  fs.mkdirSync(folder.at("fetch"));
  for (const name of fs.readdirSync(folder.at("source"))) {
    await tun.put(folder.at(`source/${name}`), folder.at(`put/${name}`));
    await tun.fetch(folder.at(`source/${name}`), folder.at(`fetch/${name}`));
  }
  await tun.sync(folder.at("source"), folder.at("sync"));
  await tun.fetchDir(folder.at("source"), folder.at("fetchDir"));
  for (const way of ["put", "fetch", "sync", "fetchDir"]) {
    for (const name of Object.keys(files)) {
      const path = folder.at(`${way}/${name}`);
      const bytes = fs.readFileSync(path);
      assertEquals(bytes.length, SIZE, path);
      assertEquals(sha1(bytes), sha1(fs.readFileSync(folder.at(`source/${name}`))), path);
      if (isSupported) assert(onDisk(path) < 1_500_000, `${path} has ${onDisk(path)}`);
    }
    // Its zeros were written, and may be needed on the disk.
    assertEquals(onDisk(folder.at(`${way}/full`)), onDisk(full), way);
  }
});

Deno.test("isZeros() sees each byte", () => {
  for (const size of [0, 1, 3, 65_536, 65_537, 200_000]) {
    const bytes = new Uint8Array(size);
    assert(isZeros(bytes));
    for (const at of [0, 1, size >> 1, 65_535, 65_536, size - 1]) {
      if (at < 0 || at >= size) continue;
      bytes[at] = 1;
      assert(!isZeros(bytes), `${size} ${at}`);
      bytes[at] = 0;
    }
  }
});
