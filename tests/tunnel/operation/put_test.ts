import { assert, assertEquals, assertNotEquals, assertStringIncludes } from "@std/assert";
import { Buffer } from "node:buffer";
import { getEventListeners } from "node:events";
import fs from "node:fs";
import os from "node:os";
import process from "node:process";
import { Readable } from "node:stream";
import { pathToFileURL } from "node:url";
import { CHUNK } from "../../../agent/files/byte_transfer.ts";
import { type FileProgress, Local, type PutSource } from "../../../mod.ts";
import { needing } from "../../services/services.ts";
import { rejection, rejectsAs, soon } from "../_deadline.ts";
import { asRoot, bytesOf, Folder, modeOf, onRuntimes, RUNTIMES, sha1 } from "./_files.ts";

/** Names that a shell, a URL or an option parser might spoil. */
const ODD_NAMES = [
  "two words",
  "a\nb\r\tc\x1b[31m",
  'it\'s "quoted" `id` $HOME \\',
  "žluť 🥢 \u202e\u2028",
  "-rf",
  "--",
  "~",
  "~root",
  "%2e%2e%00",
  "*?[a]{b,c}",
  "#a?b",
  " ",
  "...",
  ".chopsticks-",
  "n".repeat(255),
  "č".repeat(127),
];

onRuntimes("put() writes a file of any size", async (tun, folder) => {
  for (const size of [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 8 * CHUNK, 40 * CHUNK + 3]) {
    const bytes = bytesOf(size);
    const source = folder.write("source", bytes);
    const told: FileProgress[] = [];
    const result = await tun.put(source, folder.at("target"), {
      onProgress: (progress) => told.push(progress),
    });
    const sha1sum = sha1(bytes);
    const remotePath = folder.at("target");
    assertEquals(result, { remotePath, size, sha1sum, changed: true });
    assertEquals(Deno.readFileSync(folder.at("target")), bytes);
    assert(told.every(({ host, total }) => host === "here" && total === size));
    const counts = told.map((progress) => progress.bytes);
    assertEquals(counts.at(-1), size);
    assert(counts.every((count, i) => i === 0 || count > counts[i - 1]!), `${counts}`);
  }
  assertEquals(folder.names, ["source", "target"]);
});

onRuntimes("put() takes every kind of source", async (tun, folder) => {
  const bytes = bytesOf(3 * CHUNK + 5);
  const path = folder.write("the source", bytes);
  const chunks = (): Uint8Array[] => [
    ...[bytes.subarray(0, 1), new Uint8Array(0), bytes.subarray(1, 3 * CHUNK)],
    bytes.subarray(3 * CHUNK),
  ];
  const byteStream = new ReadableStream({
    type: "bytes",
    start(controller) {
      // Such a stream takes them over.
      for (const chunk of chunks()) if (chunk.length > 0) controller.enqueue(chunk.slice());
      controller.close();
    },
  });
  const sources: Record<string, [PutSource, total: number | undefined]> = {
    path: [path, bytes.length],
    "relative path": [`${".".concat("/..".repeat(30))}${path}`, bytes.length],
    URL: [pathToFileURL(path), bytes.length],
    "URL as text": [pathToFileURL(path).href, bytes.length],
    Uint8Array: [bytes, bytes.length],
    Buffer: [Buffer.from(bytes), bytes.length],
    "view of a part": [new Uint8Array([9, ...bytes, 9]).subarray(1, -1), bytes.length],
    Blob: [new Blob(chunks() as BlobPart[]), bytes.length],
    File: [new File(chunks() as BlobPart[], "name"), bytes.length],
    stream: [ReadableStream.from(chunks()), undefined],
    "byte stream": [byteStream, undefined],
    "async generator": [
      async function* () {
        yield* chunks();
      }(),
      undefined,
    ],
    "Node's stream": [Readable.from(chunks()), undefined],
  };
  for (const [name, [source, expected]] of Object.entries(sources)) {
    const totals = new Set<number | undefined>();
    const onProgress = ({ total }: FileProgress): void => void totals.add(total);
    const result = await tun.put(source, folder.at("target"), { onProgress });
    assertEquals([result.size, result.sha1sum], [bytes.length, sha1(bytes)], name);
    assertEquals(sha1(Deno.readFileSync(folder.at("target"))), sha1(bytes), name);
    assertEquals([...totals], [expected], name);
    Deno.removeSync(folder.at("target"));
  }
  for (const text of ["", "\ufeffžluť 🥢\n", "x".repeat(CHUNK + 1)]) {
    const { size, sha1sum } = await tun.put({ text }, folder.at("target"));
    assertEquals([size, sha1sum], [new TextEncoder().encode(text).length, sha1(text)]);
    assertEquals(Deno.readTextFileSync(folder.at("target")), text);
  }
});

onRuntimes(
  "put() sends bytes as they were, though they are changed meanwhile",
  async (tun, folder) => {
    for (const bytes of [new Uint8Array(64 * CHUNK), Buffer.alloc(64 * CHUNK)]) {
      let count = 0;
      const { sha1sum } = await tun.put(bytes, folder.at("target"), {
        onProgress: () => void bytes.fill(++count),
      });
      assertEquals(sha1sum, sha1(Deno.readFileSync(folder.at("target"))));
    }
    const chunk = Buffer.alloc(CHUNK);
    let count = 0;
    const stream = new ReadableStream({
      pull(controller) {
        if (count > 50) return controller.close();
        chunk.fill(count++);
        controller.enqueue(chunk);
      },
    }, { highWaterMark: 0 });
    const { sha1sum } = await tun.put(stream, folder.at("target"));
    assertEquals(sha1sum, sha1(Deno.readFileSync(folder.at("target"))));
  },
);

onRuntimes("put() gives the file its mode, whatever the umask", async (tun, folder) => {
  const target = folder.at("target");
  for (const mask of [0o077, 0, 0o777, 0o022]) {
    await tun.call((mask: number) => void process.umask(mask), mask);
    await tun.put({ text: "1" }, target);
    assertEquals(modeOf(target), 0o644);
    for (const mode of [0o760, 0o600, 0o777, 0o4755, 0o2750, 0o1777, 0, 0o400]) {
      await tun.put({ text: "2" }, target, { mode });
      assertEquals(modeOf(target).toString(8), mode.toString(8));
    }
    Deno.removeSync(target);
  }
});

onRuntimes("put() does not let others see the file before it is complete", async (tun, folder) => {
  const modes = new Set<number>();
  const onProgress = (): void => {
    for (const name of folder.names) modes.add(modeOf(folder.at(name)));
  };
  await tun.put(bytesOf(64 * CHUNK), folder.at("target"), { mode: 0o777, onProgress });
  assertEquals([...modes], [0o600]);
});

onRuntimes("put() follows a symbolic link at the target", async (tun, folder) => {
  Deno.mkdirSync(folder.at("elsewhere"));
  folder.write("elsewhere/file", "old");
  Deno.symlinkSync("elsewhere/file", folder.at("link"));
  Deno.symlinkSync("link", folder.at("link to link"));
  const { remotePath } = await tun.put({ text: "new" }, folder.at("link to link"));
  assertEquals(remotePath, folder.at("link to link"));
  assertEquals(Deno.readTextFileSync(folder.at("elsewhere/file")), "new");
  assert(Deno.lstatSync(folder.at("link")).isSymlink);
  assertEquals(folder.names, ["elsewhere", "link", "link to link"]);

  Deno.symlinkSync("nothing", folder.at("dangling"));
  Deno.symlinkSync("circle", folder.at("circle"));
  for (const name of ["dangling", "circle"]) {
    const error = await rejection(tun.put({ text: "new" }, folder.at(name))) as Error;
    assertStringIncludes(error.message, `on here, ${folder.at(name)}: `);
  }
  assertEquals(folder.names, ["circle", "dangling", "elsewhere", "link", "link to link"]);
});

Deno.test(asRoot("put() leaves an existing file its owner", async () => {
  for (const { name, needs, open } of RUNTIMES) {
    if (needing(needs, name, () => {}).ignore) continue;
    await using folder = await Folder.create();
    await using tun = open();
    const path = folder.write("target", "old");
    Deno.chownSync(path, 12345, 54321);
    await tun.put({ text: "new" }, path, { mode: 0o6755 });
    const { uid, gid } = Deno.statSync(path);
    assertEquals([uid, gid, modeOf(path)], [12345, 54321, 0o6755]);
    assertEquals(Deno.readTextFileSync(path), "new");
  }
}));

onRuntimes("put() takes any name", async (tun, folder) => {
  for (const name of ODD_NAMES) {
    const text = `contents of ${name}`;
    const source = folder.write(name, text);
    const byPath = await tun.put(source, folder.at("target"));
    assertEquals(byPath.sha1sum, sha1(text));
    Deno.removeSync(source);
    assertEquals((await tun.put({ text }, source)).remotePath, source);
    assertEquals(Deno.readTextFileSync(source), text);
    await tun.put({ text: "by URL" }, pathToFileURL(source));
    assertEquals(Deno.readTextFileSync(source), "by URL");
    Deno.removeSync(source);
  }
  assertEquals(folder.names, ["target"]);
});

for (const { name, needs, open } of RUNTIMES) {
  Deno.test(
    needing(needs, `put() finds relative paths and the home folder, on ${name}`, async () => {
      await using folder = await Folder.create();
      await using home = await Folder.create();
      await using tun = open({ cwd: folder.path, env: { HOME: home.path } });
      Deno.mkdirSync(folder.at("~"));
      for (
        const [path, expected] of [
          ["a", folder.at("a")],
          ["./b", folder.at("b")],
          ["~", undefined],
          ["~/c", home.at("c")],
          ["~root/d", undefined],
          ["./~/e", folder.at("~/e")],
          ["~/../f", undefined],
          [" ", folder.at(" ")],
        ] as const
      ) {
        if (expected === undefined) continue;
        const { remotePath } = await tun.put({ text: path }, path);
        assertEquals([remotePath, Deno.readTextFileSync(expected)], [expected, path]);
      }
      const error = await rejection(tun.put({ text: "" }, "~")) as Error;
      assertStringIncludes(error.message, `${home.path}: it is a folder`);
      assertEquals(folder.names, [" ", "a", "b", "~"]);
    }),
  );
}

onRuntimes("put() without a path makes a temporary file", async (tun) => {
  const results = await Promise.all(
    ["1", "2"].map((text) => tun.put({ text }, undefined, { mode: 0o600 })),
  );
  try {
    const [first, second] = results.map(({ remotePath }) => remotePath) as [string, string];
    assertNotEquals(first, second);
    assertEquals([first, second].map((path) => Deno.readTextFileSync(path)), ["1", "2"]);
    assertEquals([first, second].map(modeOf), [0o600, 0o600]);
    assertEquals(first.replace(/\/[^/]*$/, ""), os.tmpdir());
  } finally {
    for (const { remotePath } of results) Deno.removeSync(remotePath);
  }
});

for (const { name, needs, open } of RUNTIMES) {
  Deno.test(
    needing(
      needs,
      `put() makes a temporary file in a folder with a relative path, on ${name}`,
      async () => {
        await using folder = await Folder.create();
        await using tun = open({ cwd: folder.path, env: { TMPDIR: "." } });
        const { remotePath } = await tun.put({ text: "here" });
        assertEquals([remotePath], folder.names.map((name) => folder.at(name)));
      },
    ),
  );
}

onRuntimes("put() can replace the file that it reads", async (tun, folder) => {
  const bytes = bytesOf(20 * CHUNK);
  const path = folder.write("file", bytes);
  assertEquals((await tun.put(path, path)).sha1sum, sha1(bytes));
  assertEquals(Deno.readFileSync(path), bytes);
  assertEquals(folder.names, ["file"]);
});

onRuntimes("put() can be called many times at once, to one path, too", async (tun, folder) => {
  const all = Array.from({ length: 50 }, (_, i) => bytesOf(i * 7001).fill(i, 0, i * 5000));
  const results = await soon(
    Promise.all(all.map((bytes, i) => tun.put(bytes, folder.at(i % 2 ? `${i}` : "same")))),
    "50 files",
  );
  for (const [i, bytes] of all.entries()) {
    assertEquals(results[i]!.sha1sum, sha1(bytes));
    if (i % 2) assertEquals(Deno.readFileSync(folder.at(`${i}`)), bytes);
  }
  const winner = sha1(Deno.readFileSync(folder.at("same")));
  assert(all.some((bytes, i) => i % 2 === 0 && sha1(bytes) === winner));
  assertEquals(folder.names.length, 26);
});

onRuntimes(
  "close() ends transfers that wait for their turn, and none connects anew",
  async (tun, folder) => {
    const source = folder.write("source", "1");
    for (const close of [() => tun.close(), () => tun[Symbol.asyncDispose]()]) {
      await tun.connect();
      const all = Array.from({ length: 300 }, (_, i) =>
        rejection(
          i % 2 ? tun.put(source, folder.at(`put${i}`)) : tun.fetch(source, folder.at(`fetch${i}`)),
        ));
      const syncing = rejection(tun.sync(folder.path, folder.at("sync")));
      await close();
      for (const error of await soon(Promise.all([...all, syncing]), "the end of all")) {
        assertStringIncludes(`${error}`, "The tunnel to here was closed");
      }
      assertEquals([tun.connected, folder.names], [false, ["source"]]);
    }
  },
);

onRuntimes("put() and fetch() leave no descriptors and no listeners", async (tun, folder) => {
  const openFiles = (): number => {
    return fs.readdirSync("/proc/self/fd").filter((fd) => {
      try {
        return fs.readlinkSync(`/proc/self/fd/${fd}`).includes("chopsticks-test-");
      } catch {
        return false;
      }
    }).length;
  };
  const { signal } = new AbortController();
  const view = tun.with({ signal: new AbortController().signal });
  const source = folder.write("source", "small");
  const missing = folder.at("nothing/there");
  for (let i = 0; i < 200; i++) {
    await (i % 2 ? tun : view).put(source, folder.at(`${i % 3}`), { signal });
    await (i % 2 ? tun : view).fetch(source, folder.at(`${i % 3}`), { signal });
    if (i % 20 === 0) {
      await rejection(tun.put(source, missing, { signal }));
      await rejection(tun.fetch(missing, source, { signal }));
      await rejection(tun.put(missing, source, { signal }));
      await rejection(tun.fetch(source, missing, { signal }));
    }
  }
  assertEquals(getEventListeners(signal, "abort").length, 0);
  assertEquals([openFiles(), await tun.call(openFiles)], [0, 0]);
});

Deno.test("put() refuses what is no source, no path and no mode", async () => {
  await using folder = await Folder.create();
  const source = folder.write("source", "1");
  const target = folder.at("target");
  const tun = new Local("here");
  const put = tun.put.bind(tun) as (...args: unknown[]) => Promise<unknown>;
  const locked = ReadableStream.from(["1"]);
  locked.getReader();
  const calls: [...unknown[]][] = [
    ...[undefined, null, 5, {}, { text: 5 }, [], "", "a\0b", new ArrayBuffer(1), Symbol("s")]
      .map((source) => [source, target]),
    ...[new URL("http://example.com/a"), new URL("file:///a%00b"), locked].map((source) => [
      ...[source, target],
    ]),
    ...["", "a\0b", null, 5, {}, new URL("http://example.com/a"), new URL("file://host/a")]
      .map((path) => [source, path]),
    ...[new URL("file:///a%00b"), new URL("file:///a%2fb"), "file://%"].map((path) => [
      ...[source, path],
    ]),
  ];
  for (const args of calls) await rejectsAs(TypeError, put(...args));
  for (const mode of [-1, 1.5, "x", NaN, 0o10000, null, 5n, "0644", 644, 755, 600, 4755]) {
    const error = await rejectsAs(RangeError, put(source, target, { mode }));
    const expected = typeof mode !== "number"
      ? "expected a number such as 0o644"
      : [644, 755, 600, 4755].includes(mode)
      ? `did you mean 0o${mode}?`
      : "expected permission bits, 0 to 0o7777";
    assertEquals(
      error.message,
      `mode is ${typeof mode === "string" ? `"${mode}"` : mode}: ${expected}`,
    );
  }
  assert(!tun.connected, "it has connected");
  assertEquals(folder.names, ["source"]);
});

for (const { name, needs, open } of RUNTIMES) {
  Deno.test(needing(needs, `put() and fetch() work at the far end, on ${name}`, async () => {
    await using folder = await Folder.create();
    await using tun = open();
    const path = folder.write("source", bytesOf(10 * CHUNK));
    const runtime = name === "Deno" ? "deno" : "node";
    const result = await tun.call(
      async (folder: string, path: string) => {
        const node = process.execPath;
        const inner = new Local("inner", runtime === "node" ? { runtime, node } : { runtime });
        try {
          const put = await inner.put(path, `${folder}/put`, { mode: 0o640 });
          const fetched = await inner.fetch(put.remotePath, `${folder}/fetched`);
          const { bytes } = await inner.fetch(fetched.localPath, null);
          return [put.sha1sum, fetched.sha1sum, bytes.length];
        } finally {
          await inner.close();
        }
      },
      folder.path,
      path,
    );
    const sum = sha1(bytesOf(10 * CHUNK));
    assertEquals(result, [sum, sum, 10 * CHUNK]);
    assertEquals(sha1(Deno.readFileSync(folder.at("fetched"))), sum);
    assertEquals([modeOf(folder.at("put")), modeOf(folder.at("fetched"))], [0o640, 0o640]);
    assertEquals(folder.names, ["fetched", "put", "source"]);
  }));
}
