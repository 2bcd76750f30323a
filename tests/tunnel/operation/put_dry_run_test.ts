import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import fs from "node:fs";
import process from "node:process";
import {
  type FetchOptions,
  type FileProgress,
  Local,
  type PutOptions,
  type PutResult,
  type PutSource,
  RemoteError,
} from "../../../mod.ts";
import { command } from "../../services/command.ts";
import { needing } from "../../services/services.ts";
import { rejection, rejectsAs } from "../_deadline.ts";
import { everyAgent, Hidden } from "../_hidden.ts";
import { KINDS } from "../_kinds.ts";
import { bytesOf, Folder, needingDisk, onRuntimes, RUNTIMES, SmallDisk } from "./_files.ts";
import { untouched } from "./_untouched.ts";

const OLD = "one\ntwo\nthree\n";
const NEW = "one\n2\nthree\n";

/** Each kind of source with these contents. */
const SOURCES: Record<string, (folder: Folder, text: string) => PutSource> = {
  text: (_, text) => ({ text }),
  bytes: (_, text) => new TextEncoder().encode(text),
  file: (folder, text) => folder.write("source", text),
  blob: (_, text) => new Blob([text]),
  stream: (_, text) => ReadableStream.from([new TextEncoder().encode(text)]),
  generator: async function* (_, text) {
    yield new TextEncoder().encode(text);
  },
};

/** What may be at the target. */
const TARGETS: Record<string, (path: string) => void> = {
  missing: () => {},
  same: (path) => fs.writeFileSync(path, NEW),
  other: (path) => fs.writeFileSync(path, OLD),
  "another mode": (path) => fs.writeFileSync(path, NEW, { mode: 0o755 }),
  "other, and another mode": (path) => fs.writeFileSync(path, OLD, { mode: 0o755 }),
  secret: (path) => fs.writeFileSync(path, OLD, { mode: 0o600 }),
  empty: (path) => fs.writeFileSync(path, ""),
  bytes: (path) => fs.writeFileSync(path, bytesOf(1000)),
  large: (path) => fs.writeFileSync(path, `${"x".repeat(99)}\n`.repeat(20_000)),
  "a link": (path) => {
    fs.writeFileSync(`${path}-real`, OLD);
    fs.symlinkSync("target-real", path);
  },
};

/** Where nothing can be put. */
const REFUSED: Record<string, (path: string) => void> = {
  "a folder": (path) => fs.mkdirSync(path),
  "a link that leads nowhere": (path) => fs.symlinkSync("nowhere", path),
  "a link to itself": (path) => fs.symlinkSync("target", path),
};

onRuntimes("put() with dryRun gives the result of the put, and changes nothing", async (tun, f) => {
  fs.mkdirSync(f.at("there"));
  const path = f.at("there/target");
  for (const [kind, sourceOf] of Object.entries(SOURCES)) {
    for (const [what, make] of Object.entries(TARGETS)) {
      for (const diff of kind === "text" ? [undefined, true, false] : [undefined]) {
        make(path);
        const foreseen = await untouched(
          f.at("there"),
          () =>
            tun.put(sourceOf(f, NEW), path, { dryRun: true, ...diff !== undefined && { diff } }),
        );
        const done = await tun.put(sourceOf(f, NEW), path, { diff: diff ?? true });
        const { diff: told, ...rest } = foreseen;
        const { diff: shown, ...result } = done;
        assertEquals(rest, result, `${kind}, ${what}`);
        if (diff !== undefined) assertEquals(told, shown, `${kind}, ${what}`);
        assertEquals(diff === false && told !== undefined, false);
        for (const name of fs.readdirSync(f.at("there"))) fs.rmSync(f.at(`there/${name}`));
      }
    }
  }
});

onRuntimes("put() with dryRun fails as the put does", async (tun, folder) => {
  fs.mkdirSync(folder.at("there"));
  folder.write("there/file", "1");
  const target = folder.at("there/target");
  const attempts: [path: string, make: (path: string) => void][] = [
    ...Object.values(REFUSED).map((make): [string, typeof make] => [target, make]),
    ...["no/such/folder", "file/x", "target/", "n".repeat(256), "a\0b"].map(
      (name): [string, () => void] => [folder.at(`there/${name}`), () => {}],
    ),
  ];
  for (const [path, make] of attempts) {
    make(path);
    const texts: string[] = [];
    for (const dryRun of [true, false]) {
      const put = (): Promise<unknown> => rejection(tun.put({ text: NEW }, path, { dryRun }));
      texts.push(String(await untouched(folder.at("there"), put)));
    }
    assertEquals(texts[0], texts[1]);
    fs.rmSync(target, { recursive: true, force: true });
  }
  for (const dryRun of [true, false]) {
    await rejectsAs(RemoteError, tun.put({ text: "" }, "/proc/sys/kernel/hostname", { dryRun }));
  }
  const missing = await rejection(tun.put(folder.at("none"), target, { dryRun: true }));
  assertStringIncludes(String(missing), "no such file or folder (ENOENT)");
});

onRuntimes("put() with dryRun tells what changes as a diff", async (tun, folder) => {
  const path = folder.write("target", OLD);
  const dryRun = async (source: PutSource, options: PutOptions = {}): Promise<PutResult> =>
    await tun.put(source, path, { dryRun: true, ...options });
  const lines = "@@ -1,3 +1,3 @@\n one\n-two\n+2\n three\n";
  const header = `--- ${path}\n+++ ${path}\n`;
  assertEquals((await dryRun({ text: NEW })).diff, header + lines);
  assertEquals((await dryRun({ text: OLD })).diff, "");
  assertEquals(
    (await dryRun({ text: OLD }, { mode: 0o755 })).diff,
    [
      `Mode of ${path}: 0644 becomes 0755\n`,
    ].join(""),
  );
  assertMatch((await dryRun({ text: OLD.trimEnd() })).diff!, /\+three\n\\ No newline at end/);
  const binary = await dryRun(bytesOf(100));
  assertEquals([binary.changed, "diff" in binary], [true, false]);
  const large = await dryRun({ text: "x\n".repeat(600_000) });
  assertEquals(large.diff, `Contents of ${path} are not shown: more than 1 MiB\n`);
  const most = folder.write("most", `${"x".repeat(1024 ** 2 - 1)}\n`);
  assertStringIncludes((await tun.put({ text: NEW }, most, { dryRun: true })).diff!, "\n-xxx");
  assertEquals("diff" in await dryRun({ text: NEW }, { diff: false }), false);
  assertEquals("diff" in await tun.put({ text: NEW }, folder.at("other")), false);
  fs.symlinkSync("target", folder.at("link"));
  const link = folder.at("link");
  const { diff, remotePath } = await tun.put({ text: NEW }, link, { dryRun: true });
  assertEquals([diff, remotePath], [`--- ${link}\n+++ ${link}\n${lines}`, link]);
  const added = await tun.put({ text: "1\n" }, folder.at("a new\none"), { dryRun: true });
  assertStringIncludes(added.diff!, `--- /dev/null\n+++ "${folder.path}/a new\\none"\t\n@@`);
});

onRuntimes("put() shows what only the owner may read if one insists", async (tun, folder) => {
  const path = folder.write("key", "old secret\n");
  fs.chmodSync(path, 0o600);
  const put = async (options: PutOptions): Promise<string> =>
    (await tun.put({ text: "new secret\n" }, path, { dryRun: true, ...options })).diff!;
  const hidden = `Contents of ${path} are not shown: only the owner may read them (mode 0600), ` +
    "diff: true shows them\n";
  assertEquals(await put({ mode: 0o600 }), hidden);
  assertEquals(await put({}), `Mode of ${path}: 0600 becomes 0644\n${hidden}`);
  assertStringIncludes(await put({ mode: 0o600, diff: true }), "-old secret\n+new secret\n");
  const other = folder.at("another");
  const { diff } = await tun.put({ text: "secret" }, other, { mode: 0o400, dryRun: true });
  assert(!diff!.includes("secret"), diff);
});

onRuntimes(
  "put() with dryRun tells its progress, and ends with its signal",
  async (tun, folder) => {
    const source = folder.write("source", bytesOf(1_000_000));
    const told: FileProgress[] = [];
    await tun.put(source, folder.at("target"), {
      dryRun: true,
      onProgress: (progress) => told.push(progress),
    });
    const last = { host: "here", bytes: 1_000_000, total: 1_000_000 };
    assertEquals(told.at(-1), last);
    const endless = new ReadableStream({ pull: (c) => c.enqueue(new Uint8Array(1000)) });
    const abort = new AbortController();
    const putting = tun.put(endless, folder.at("target"), {
      dryRun: true,
      signal: abort.signal,
      onProgress: ({ bytes }) => bytes > 1_000_000 && abort.abort(new Error("enough")),
    });
    assertEquals((await rejection(putting) as Error).message, "enough");
    assertEquals(folder.names, ["source"]);
    assertEquals(await tun.call(() => 1), 1);
  },
);

Deno.test("put() with dryRun needs a path, and booleans", async () => {
  await using tun = new Local("here");
  const error = await rejectsAs(TypeError, tun.put({ text: "" }, undefined, { dryRun: true }));
  assertStringIncludes(error.message, "remotePath is undefined");
  for (const name of ["dryRun", "diff"]) {
    const options = { [name]: "yes" } as PutOptions;
    const { message } = await rejectsAs(TypeError, tun.put({ text: "" }, "/tmp/x", options));
    assertEquals(message, `${name} is "yes": expected a boolean`);
  }
  const options = { dryRun: true } as FetchOptions;
  await rejectsAs(TypeError, tun.fetch("/etc/hostname", null, options));
  assertEquals(tun.connected, false);
});

for (const kind of KINDS.filter(({ way }) => way === "sudoNobody" || way === "sudoRoot")) {
  const name = `put() with dryRun sees what its user may do, ${kind.name}`;
  Deno.test(needing(kind.needs, name, async () => {
    await using folder = await Folder.create();
    await using tun = kind.open();
    fs.mkdirSync(folder.at("closed"));
    fs.mkdirSync(folder.at("sticky"));
    fs.chmodSync(folder.at("sticky"), 0o1777);
    for (const path of ["closed/file", "sticky/file"]) folder.write(path, OLD);
    folder.write("closed/secret", OLD);
    fs.chmodSync(folder.at("closed/secret"), 0o600);
    for (const path of ["closed/file", "closed/new", "closed/secret", "sticky/file"]) {
      for (const text of [OLD, NEW]) {
        const put = async (dryRun: boolean): Promise<unknown> =>
          await tun.put({ text }, folder.at(path), { dryRun, diff: true })
            .then(({ changed, diff }) => [changed, diff], String);
        assertEquals(await put(true), await put(false), `${path} ${text}`);
      }
    }
  }));
}

Deno.test("put() with dryRun heeds the permissions of its agent", async () => {
  await using folder = await Folder.create();
  for (const name of ["open", "closed"]) {
    fs.mkdirSync(folder.at(name));
    folder.write(`${name}/file`, OLD);
  }
  // It may not know its user.
  const permissions = { read: true, write: [folder.at("open")] };
  await using tun = new Local("here", { runtime: "deno", permissions });
  for (const path of ["open/file", "open/new", "closed/file", "closed/new"]) {
    for (const text of [OLD, NEW]) {
      for (const mode of [0o644, 0o600]) {
        const put = async (dryRun: boolean): Promise<unknown> =>
          await tun.put({ text }, folder.at(path), { dryRun, mode }).then(
            ({ changed }) => changed,
            (error) => error instanceof RemoteError && /Requires write/.test(error.message),
          );
        assertEquals(await put(true), await put(false), `${path} ${text} ${mode}`);
      }
    }
  }
  const { mode } = fs.statSync(folder.at("closed/file"));
  assertEquals([mode & 0o777, fs.readdirSync(folder.at("closed"))], [0o644, ["file"]]);
});

Deno.test(
  await needingDisk({
    name: "put() with dryRun fails where the disk is read-only, or a file is mounted",
    async fn() {
      await using disk = await SmallDisk.create(1_000_000);
      await using tun = new Local("here");
      fs.writeFileSync(`${disk.path}/file`, OLD);
      await disk.makeReadOnly();
      const put = async (text: string, path: string): Promise<string> =>
        String(
          await tun.put({ text }, path, { dryRun: true }).then(({ changed }) => changed, (e) => e),
        );
      assertEquals(await put(OLD, `${disk.path}/file`), "false");
      assertStringIncludes(await put(NEW, `${disk.path}/file`), "read-only (EROFS)");
      assertStringIncludes(await put(NEW, `${disk.path}/new`), "read-only (EROFS)");
      // As Docker mounts its own /etc/hosts.
      await using folder = await Folder.create();
      const path = folder.write("a file", NEW);
      const mount = await command(["mount", "--bind", folder.write("other", OLD), path]);
      assert(mount.success, mount.problem);
      try {
        for (const dryRun of [true, false]) {
          const error = await rejection(tun.put({ text: NEW }, path, { dryRun }));
          assertStringIncludes(String(error), "mounted there cannot be replaced (EBUSY)");
        }
      } finally {
        await command(["umount", path]);
      }
    },
  }),
);

for (const { name, needs, open } of RUNTIMES) {
  Deno.test(needing(needs, `put() with dryRun works at the far end, on ${name}`, async () => {
    await using folder = await Folder.create();
    await using tun = open();
    const path = folder.write("target", OLD);
    const runtime = name === "Deno" ? "deno" : "node";
    fs.mkdirSync(folder.at("empty"));
    const [changed, removed] = await tun.call(
      async (folder: string, path: string, text: string) => {
        const node = process.execPath;
        const inner = new Local("inner", runtime === "node" ? { runtime, node } : { runtime });
        try {
          const options = { dryRun: true, delete: true };
          const { diff } = await inner.sync(`${folder}/empty`, folder, options);
          return [(await inner.put({ text }, path, { dryRun: true })).diff, diff];
        } finally {
          await inner.close();
        }
      },
      ...[folder.path, path, NEW] as const,
    );
    assertStringIncludes(changed!, "-two\n+2\n");
    assertEquals(removed, "empty is removed\ntarget is removed\n");
  }));
}

// A file at a path that both ends have, with other contents at each.
for (const agent of ["deno", "node18", "node26"]) {
  const name = `put() compares with the disk of the far end, on ${agent}`;
  Deno.test(needing(["sudo", "node"], name, async () => {
    await using folder = await Folder.create();
    fs.mkdirSync(folder.at("both"));
    folder.write("both/file", "what is here\n");
    const source = folder.write("source", NEW);
    await using tun = new Hidden([folder.at("both")], { ...everyAgent()[agent], stderr: () => {} });
    const path = folder.at("both/file");
    await tun.call((path: string, text: string) => fs.writeFileSync(path, text), path, OLD);
    const before = await tun.call((path: string) => fs.statSync(path).ctimeMs, path);
    const { changed, diff } = await tun.put(source, path, { dryRun: true });
    assertEquals([changed, diff], [
      ...[true, `--- ${path}\n+++ ${path}\n@@ -1,3 +1,3 @@\n one\n-two\n+2\n three\n`],
    ]);
    const after = await tun.call((path: string) => fs.statSync(path).ctimeMs, path);
    assertEquals(after, before);
    assertEquals((await tun.put({ text: OLD }, path)).changed, false);
    assertEquals((await tun.put(source, path)).changed, true);
    assertEquals((await tun.put(source, path, { dryRun: true })).changed, false);
    assertEquals(fs.readFileSync(path, "utf8"), "what is here\n");
  }));
}
