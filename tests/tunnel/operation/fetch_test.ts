import {
  assert,
  assertEquals,
  assertMatch,
  assertNotEquals,
  assertStrictEquals,
  assertStringIncludes,
} from "@std/assert";
import fs from "node:fs";
import os from "node:os";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { CHUNK } from "../../../agent/files/byte_transfer.ts";
import { type FileProgress, Local, RemoteError } from "../../../mod.ts";
import { needing } from "../../services/services.ts";
import { rejection, rejectsAs, soon } from "../_deadline.ts";
import { asRoot, bytesOf, Folder, modeOf, onRuntimes, RUNTIMES, sha1 } from "./_files.ts";
import * as fixture from "../fixture/functions.ts";

const SIZES = [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 8 * CHUNK, 40 * CHUNK + 3];

/** A stream that keeps what it is given. */
function collector(): { stream: WritableStream<Uint8Array>; chunks: Uint8Array[]; ends: string[] } {
  const chunks: Uint8Array[] = [];
  const ends: string[] = [];
  const stream = new WritableStream<Uint8Array>({
    write: (chunk) => void chunks.push(chunk),
    close: () => void ends.push("close"),
    abort: (reason) => void ends.push(`abort: ${reason}`),
  });
  return { stream, chunks, ends };
}

onRuntimes("fetch() copies a file of any size", async (tun, folder) => {
  for (const size of SIZES) {
    const bytes = bytesOf(size);
    const source = folder.write("source", bytes);
    const told: FileProgress[] = [];
    const result = await tun.fetch(source, folder.at("target"), {
      onProgress: (progress) => told.push(progress),
    });
    assertEquals(result, {
      ...{ localPath: folder.at("target"), remotePath: source },
      ...{ size, sha1sum: sha1(bytes) },
    });
    assertEquals(Deno.readFileSync(folder.at("target")), bytes);
    assert(told.every(({ host, total }) => host === "here" && total === size));
    const counts = told.map((progress) => progress.bytes);
    assertEquals(counts.at(-1), size);
    assert(counts.every((count, i) => i === 0 || count > counts[i - 1]!), `${counts}`);
  }
  assertEquals(folder.names, ["source", "target"]);
});

Deno.test("fetch() and fetchDir() put the host's name for {host}", async () => {
  await using folder = await Folder.create();
  await using tun = new Local("$& a");
  const source = folder.write("source", "1");
  Deno.mkdirSync(folder.at("from"));
  const targets: [target: string | URL, name: string][] = [
    [folder.at("x-{host}"), "x-$& a"],
    [pathToFileURL(folder.at("y-{host}{host}")), "y-$& a$& a"],
    [String(pathToFileURL(folder.at("z-{host}"))), "z-$& a"],
  ];
  for (const [target, name] of targets) {
    assertEquals((await tun.fetch(source, target)).localPath, folder.at(name));
    await Deno.remove(folder.at(name));
    assertEquals((await tun.fetchDir(folder.at("from"), target)).localDir, folder.at(name));
    assert(folder.names.includes(name));
  }
  for (const host of ["..", "../x", "a/b"]) {
    const climbing = new Local(host);
    for (const fetch of [climbing.fetch(source, "{host}"), climbing.fetchDir("from", "{host}")]) {
      const { message } = await rejectsAs(TypeError, fetch);
      assertEquals(
        message,
        `Cannot fetch to "{host}": host "${host}" would lead out of that folder`,
      );
    }
    assert(!climbing.connected, "it has connected");
  }
});

Deno.test("fetch() makes the folders of a path with {host}, once there is a file for them", async () => {
  await using folder = await Folder.create();
  await using tun = new Local("here");
  const source = folder.write("source", "1");
  const { message } = await rejectsAs(
    RemoteError,
    tun.fetch(folder.at("no"), folder.at("a/{host}")),
  );
  assertStringIncludes(message, "no such file or folder (ENOENT)");
  assertEquals(folder.names, ["source"]);
  for (const template of ["a/b/{host}", "{host}/c/d"]) {
    const { localPath } = await tun.fetch(source, folder.at(template));
    assertEquals(localPath, folder.at(template.replace("{host}", "here")));
    assertEquals(Deno.readTextFileSync(localPath), "1");
    assertEquals(modeOf(localPath), 0o644);
  }
  const below = await rejectsAs(Error, tun.fetch(source, folder.at("source/e/{host}")));
  assertMatch(below.message, /here, .*source\/e\/?.*: .*\((ENOTDIR|EEXIST)\)$/);
  const plain = await rejectsAs(Error, tun.fetch(source, folder.at("x/y")));
  assertStringIncludes(plain.message, "x/y: no such folder to put it in (ENOENT)");
  assertEquals(folder.names, ["a", "here", "source"]);
});

onRuntimes("fetch() takes every kind of target", async (tun, folder) => {
  const cwd = process.cwd();
  for (const size of [0, 3 * CHUNK + 5]) {
    const bytes = bytesOf(size);
    const source = pathToFileURL(folder.write("the source", bytes));
    const expected = { remotePath: folder.at("the source"), size, sha1sum: sha1(bytes) };
    try {
      process.chdir(folder.path);
      for (const target of ["a b", pathToFileURL("a b"), pathToFileURL("a b").href, "./x/../a b"]) {
        const result = await tun.fetch(source, target);
        assertEquals(result, { ...expected, localPath: folder.at("a b") });
        assertEquals(Deno.readFileSync("a b"), bytes);
        Deno.removeSync("a b");
      }
    } finally {
      process.chdir(cwd);
    }
    const inMemory = await tun.fetch(source, null);
    assertEquals(inMemory, { ...expected, localPath: null, bytes });
    assertStrictEquals(Object.getPrototypeOf(inMemory.bytes), Uint8Array.prototype);
    assertEquals(inMemory.bytes.buffer.byteLength, size);

    const { stream, chunks, ends } = collector();
    assertEquals(await tun.fetch(source, stream), { ...expected, localPath: null });
    assertEquals([new Uint8Array(await new Blob(chunks as BlobPart[]).arrayBuffer()), ends], [
      bytes,
      ["close"],
    ]);
    for (const chunk of chunks) {
      assertStrictEquals(Object.getPrototypeOf(chunk), Uint8Array.prototype);
      assertEquals(chunk.buffer.byteLength, chunk.length, "it has the bytes of others beside it");
    }
  }
});

onRuntimes("fetch() without a path makes a temporary file", async (tun, folder) => {
  const source = folder.write("source", "contents");
  Deno.chmodSync(source, 0o777);
  const results = await Promise.all([tun.fetch(source), tun.fetch(source, undefined, {})]);
  try {
    const [first, second] = results.map(({ localPath }) => localPath) as [string, string];
    assertNotEquals(first, second);
    for (const path of [first, second]) {
      assertEquals([Deno.readTextFileSync(path), modeOf(path)], ["contents", 0o600]);
      assertEquals(path.replace(/\/[^/]*$/, ""), os.tmpdir());
    }
  } finally {
    for (const { localPath } of results) Deno.removeSync(localPath);
  }
});

onRuntimes(
  "fetch() gives a new file the mode that it has there, less the umask",
  async (tun, folder) => {
    const source = folder.write("source", "1");
    const target = folder.at("target");
    const before = process.umask(0o027);
    try {
      for (const mode of [0o644, 0o755, 0o777, 0o600, 0o4755, 0o2070]) {
        Deno.chmodSync(source, mode);
        await tun.fetch(source, target);
        // The bits that give others' rights do not travel, and the owner can always read and write.
        assertEquals(modeOf(target).toString(8), (mode & 0o777 & ~0o027 | 0o600).toString(8));
        Deno.removeSync(target);
      }
    } finally {
      process.umask(before);
    }
  },
);

onRuntimes(
  "fetch() leaves an existing file its mode, without the right to run as its owner",
  async (tun, folder) => {
    const source = folder.write("source", "new");
    const target = folder.write("target", "old");
    Deno.chmodSync(source, 0o777);
    for (const mode of [0o640, 0o604, 0o4711]) {
      Deno.chmodSync(target, mode);
      await tun.fetch(source, target);
      assertEquals([Deno.readTextFileSync(target), modeOf(target)], ["new", mode & 0o777]);
    }
  },
);

Deno.test(asRoot("fetch() leaves an existing file its owner", async () => {
  await using folder = await Folder.create();
  await using tun = new Local("here");
  const source = folder.write("source", "new");
  const target = folder.write("target", "old");
  Deno.chownSync(target, 12345, 54321);
  Deno.chmodSync(target, 0o4755);
  await tun.fetch(source, target);
  const { uid, gid } = Deno.statSync(target);
  assertEquals([uid, gid, modeOf(target)], [12345, 54321, 0o755]);
  assertEquals(Deno.readTextFileSync(target), "new");
}));

onRuntimes("fetch() follows symbolic links on both sides", async (tun, folder) => {
  Deno.mkdirSync(folder.at("elsewhere"));
  folder.write("elsewhere/file", "old");
  folder.write("source", "new");
  Deno.symlinkSync("elsewhere/file", folder.at("link"));
  Deno.symlinkSync("source", folder.at("source link"));
  const { localPath, remotePath } = await tun.fetch(folder.at("source link"), folder.at("link"));
  assertEquals([localPath, remotePath], [folder.at("link"), folder.at("source link")]);
  assertEquals(Deno.readTextFileSync(folder.at("elsewhere/file")), "new");
  assert(Deno.lstatSync(folder.at("link")).isSymlink);
  Deno.symlinkSync("nothing", folder.at("dangling"));
  const error = await rejection(tun.fetch(folder.at("source"), folder.at("dangling"))) as Error;
  assertStringIncludes(error.message, `here, ${folder.at("dangling")}: `);
  const other = await rejection(tun.fetch(folder.at("dangling"), folder.at("target"))) as Error;
  assertStringIncludes(other.message, `on here, ${folder.at("dangling")}: no such file`);
  assertEquals(folder.names, ["dangling", "elsewhere", "link", "source", "source link"]);
});

for (const { name, needs, open } of RUNTIMES) {
  Deno.test(
    needing(needs, `fetch() finds relative paths and the home folder, on ${name}`, async () => {
      await using folder = await Folder.create();
      await using home = await Folder.create();
      await using tun = open({ cwd: folder.path, env: { HOME: home.path } });
      folder.write("a", "1");
      home.write("c", "2");
      Deno.mkdirSync(folder.at("~"));
      folder.write("~/e", "3");
      for (
        const [path, expected, text] of [
          ["a", folder.at("a"), "1"],
          ["~/c", home.at("c"), "2"],
          ["./~/e", folder.at("~/e"), "3"],
          ["~/./c", home.at("c"), "2"],
        ] as const
      ) {
        const { remotePath, bytes } = await tun.fetch(path, null);
        assertEquals([remotePath, new TextDecoder().decode(bytes)], [expected, text]);
      }
    }),
  );
}

Deno.test({
  name: "fetch() reads files that the system makes up when they are read",
  ignore: Deno.build.os !== "linux",
  async fn() {
    await using folder = await Folder.create();
    await using tun = new Local("here");
    const { bytes, size } = await tun.fetch("/proc/self/status", null);
    assertEquals(bytes.length, size);
    assertStringIncludes(new TextDecoder().decode(bytes), `Pid:\t${tun.info!.pid}\n`);
    await tun.fetch("/proc/cpuinfo", folder.at("cpuinfo"));
    assertStringIncludes(Deno.readTextFileSync(folder.at("cpuinfo")), "processor");
    // This one says that it has 4096 bytes.
    const mtu = "/sys/class/net/lo/mtu";
    assertEquals((await tun.fetch(mtu, null)).bytes, Deno.readFileSync(mtu));
    // One that gives little at a time.
    const mounts = await tun.call(() => fs.readFileSync("/proc/self/mountinfo", "utf8").length);
    assertEquals((await tun.fetch("/proc/self/mountinfo", null)).size, mounts);
  },
});

onRuntimes("fetch() waits for a slow stream, which costs no memory", async (tun, folder) => {
  const size = 48 * 1024 ** 2;
  const source = folder.at("source");
  Deno.writeFileSync(source, new Uint8Array(0));
  Deno.truncateSync(source, size);
  const moved: number[] = [];
  const gates: (() => void)[] = [];
  let taken = 0;
  const stream = new WritableStream<Uint8Array>({
    async write(chunk) {
      taken += chunk.length;
      if (gates.length < 3) await new Promise<void>((resolve) => gates.push(resolve));
    },
  });
  const fetching = tun.fetch(source, stream, { onProgress: ({ bytes }) => void moved.push(bytes) });
  for (let step = 0; step < 3; step++) {
    while (gates.length <= step) await tun.call(fixture.count);
    // What could come in the meantime has come.
    for (let i = 0; i < 50; i++) await tun.call(fixture.count);
    assert(moved.at(-1)! - taken < 8 * 1024 ** 2, `${moved.at(-1)} of ${taken}`);
    gates[step]!();
  }
  assertEquals([(await soon(fetching, "the file")).size, taken], [size, size]);
});

onRuntimes("fetch() can be called many times at once", async (tun, folder) => {
  const all = Array.from({ length: 50 }, (_, i) => bytesOf(i * 7001).fill(i, 0, i * 5000));
  for (const [i, bytes] of all.entries()) folder.write(`${i}`, bytes);
  const fetches = all.map((_, i) =>
    i % 3 === 0
      ? tun.fetch(folder.at(`${i}`), folder.at(`to ${i}`))
      : tun.fetch(folder.at(`${i}`), null)
  );
  const results = await soon(Promise.all(fetches as Promise<{ sha1sum: string }>[]), "50 files");
  for (const [i, bytes] of all.entries()) {
    assertEquals(results[i]!.sha1sum, sha1(bytes));
    if (i % 3 === 0) assertEquals(Deno.readFileSync(folder.at(`to ${i}`)), bytes);
  }
  assertEquals(folder.names.length, 67);
});

Deno.test("fetch() refuses what is no path and no target", async () => {
  await using folder = await Folder.create();
  const source = folder.write("source", "1");
  const tun = new Local("here");
  const fetch = tun.fetch.bind(tun) as (...args: unknown[]) => Promise<unknown>;
  const locked = new WritableStream();
  locked.getWriter();
  const bad = ["", "a\0b", 5, {}, new URL("http://example.com/a"), new URL("file:///a%00b")];
  for (const path of [...bad, null, undefined]) {
    await rejectsAs(TypeError, fetch(path, folder.at("target")));
  }
  for (const target of [...bad, locked, new ReadableStream()]) {
    await rejectsAs(TypeError, fetch(source, target));
  }
  assert(!tun.connected, "it has connected");
  assertEquals(folder.names, ["source"]);
});
