import { assert, assertEquals } from "@std/assert";
import fs from "node:fs";
import { CHUNK } from "../../../agent/files/byte_transfer.ts";
import type { PutSource } from "../../../mod.ts";
import { needing } from "../../services/services.ts";
import { KINDS } from "../_kinds.ts";
import { bytesOf, Folder, modeOf, onRuntimes, sha1 } from "./_files.ts";

/** All that tells of a file whether something was done to it. */
function stateOf(path: string): unknown[] {
  const { ino, mtimeMs, ctimeMs, mode, size, nlink } = fs.statSync(path);
  return [ino, mtimeMs, ctimeMs, mode, size, nlink];
}

/** Each kind of source with these contents. */
function sourcesOf(folder: Folder, bytes: Uint8Array): Record<string, PutSource> {
  const parts = [bytes.slice(0, 1), bytes.slice(1, CHUNK), bytes.slice(CHUNK)];
  return {
    bytes,
    file: folder.write("source", bytes),
    blob: new Blob(parts),
    stream: ReadableStream.from(parts),
  };
}

onRuntimes("put() leaves a file alone that is the same", async (tun, folder) => {
  fs.mkdirSync(folder.at("there"));
  for (const size of [0, 1, CHUNK, 3 * CHUNK + 7]) {
    const bytes = bytesOf(size);
    const path = folder.write("there/file", bytes);
    const before = [stateOf(path), stateOf(folder.at("there"))];
    for (const [kind, source] of Object.entries(sourcesOf(folder, bytes))) {
      const { changed, sha1sum } = await tun.put(source, path);
      assertEquals([changed, sha1sum], [false, sha1(bytes)], `${size} ${kind}`);
    }
    assertEquals([stateOf(path), stateOf(folder.at("there"))], before, `${size}`);
  }
});

onRuntimes("put() replaces a file in which anything differs", async (tun, folder) => {
  const bytes = bytesOf(3 * CHUNK + 7);
  const flipped = (at: number): Uint8Array => bytes.with(at, bytes[at]! ^ 1);
  const olds = {
    missing: undefined,
    empty: new Uint8Array(),
    first: flipped(0),
    middle: flipped(CHUNK + 5),
    last: flipped(bytes.length - 1),
    shorter: bytes.subarray(0, -1),
    longer: new Uint8Array([...bytes, 0]),
  };
  for (const [name, old] of Object.entries(olds)) {
    for (const [kind, source] of Object.entries(sourcesOf(folder, bytes))) {
      const path = folder.at("target");
      if (old !== undefined) folder.write("target", old);
      const { changed, sha1sum } = await tun.put(source, path);
      assertEquals([changed, sha1sum], [true, sha1(bytes)], `${name} ${kind}`);
      assertEquals(fs.readFileSync(path).equals(bytes), true, `${name} ${kind}`);
      fs.rmSync(path);
      assertEquals(folder.names, ["source"]);
    }
  }
});

onRuntimes("put() only changes the mode of a file that has the contents", async (tun, folder) => {
  const path = folder.write("target", "same");
  fs.chmodSync(path, 0o600);
  const { ino, mtimeMs } = fs.statSync(path);
  assertEquals((await tun.put({ text: "same" }, path)).changed, true);
  assertEquals([modeOf(path), fs.statSync(path).ino, fs.statSync(path).mtimeMs], [
    ...[0o644, ino, mtimeMs],
  ]);
  assertEquals((await tun.put({ text: "same" }, path, { mode: 0o4750 })).changed, true);
  assertEquals((await tun.put({ text: "same" }, path, { mode: 0o4750 })).changed, false);
  assertEquals([modeOf(path), fs.statSync(path).ino], [0o4750, ino]);
});

onRuntimes("put() without a path has changed something", async (tun) => {
  const results = [await tun.put({ text: "1" }), await tun.put({ text: "1" })];
  for (const { remotePath } of results) fs.rmSync(remotePath);
  assertEquals(results.map(({ changed }) => changed), [true, true]);
});

onRuntimes("put() compares with what a link leads to", async (tun, folder) => {
  const path = folder.write("file", "old");
  fs.symlinkSync("file", folder.at("link"));
  assertEquals((await tun.put({ text: "old" }, folder.at("link"))).changed, false);
  assertEquals((await tun.put({ text: "new" }, folder.at("link"))).changed, true);
  assertEquals(fs.readFileSync(path, "utf8"), "new");
  assert(fs.lstatSync(folder.at("link")).isSymbolicLink());
});

onRuntimes("put() knows a file of /proc again, though it has no size", async (tun, folder) => {
  const put = (): Promise<{ changed: boolean }> => tun.put("/proc/version", folder.at("version"));
  assertEquals([(await put()).changed, (await put()).changed], [true, false]);
});

onRuntimes("put() keeps the holes of a file that ends differently", async (tun, folder) => {
  const size = 8 * 1024 ** 2;
  for (const name of ["source", "target"]) {
    fs.writeFileSync(folder.at(name), "start");
    fs.truncateSync(folder.at(name), size);
    fs.appendFileSync(folder.at(name), name);
  }
  const { changed, sha1sum } = await tun.put(folder.at("source"), folder.at("target"));
  assertEquals([changed, sha1sum], [true, sha1(fs.readFileSync(folder.at("target")))]);
  assert(fs.statSync(folder.at("target")).blocks * 512 < size / 2);
  assertEquals((await tun.put(folder.at("source"), folder.at("target"))).changed, false);
});

onRuntimes("put() makes one of many the file, though they begin the same", async (tun, folder) => {
  const base = bytesOf(5 * CHUNK);
  const path = folder.write("target", base);
  const all = Array.from({ length: 20 }, (_, i) => base.with(base.length - 1, i));
  const results = await Promise.all(all.map((bytes) => tun.put(bytes, path)));
  assertEquals(results.map(({ sha1sum }) => sha1sum), all.map(sha1));
  const last = fs.readFileSync(path);
  assert(all.some((bytes) => last.equals(bytes)));
  assertEquals(folder.names, ["target"]);
});

/** A stream that gives the second text only when `goOn` is called. */
function halted(first: string, second: string): { source: PutSource; goOn: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  const source = new ReadableStream<Uint8Array>({
    async start(controller) {
      controller.enqueue(new TextEncoder().encode(first));
      await promise;
      controller.enqueue(new TextEncoder().encode(second));
      controller.close();
    },
  });
  return { source, goOn: resolve };
}

for (const [what, second] of [["end", "2"], ["go on", "3"]] as const) {
  onRuntimes(`put() heeds a file that is replaced before bytes ${what}`, async (tun, folder) => {
    const path = folder.write("target", "12");
    const { source, goOn } = halted("1", second);
    const putting = tun.put(source, path);
    await tun.put({ text: "other" }, path);
    goOn();
    assertEquals((await putting).changed, true);
    assertEquals([fs.readFileSync(path, "utf8"), folder.names], [`1${second}`, ["target"]]);
  });
}

for (const kind of KINDS.filter(({ way }) => way === "sudoNobody")) {
  Deno.test(needing(kind.needs, `put() replaces what it cannot read, ${kind.name}`, async () => {
    await using folder = await Folder.create();
    fs.chmodSync(folder.path, 0o777);
    await using tun = kind.open();
    const path = folder.at("target");
    await tun.put({ text: "same" }, path, { mode: 0o200 });
    assertEquals((await tun.put({ text: "same" }, path)).changed, true);
    assertEquals((await tun.put({ text: "same" }, path)).changed, false);
    assertEquals([modeOf(path), folder.names], [0o644, ["target"]]);
  }));
}
