import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import process from "node:process";
import { Local, RemoteError, Sudo } from "../../../mod.ts";
import { command } from "../../services/command.ts";
import { needing, service } from "../../services/services.ts";
import { rejectsAs } from "../_deadline.ts";
import {
  bytesOf,
  Folder,
  namesIn,
  needingDisk,
  onRuntimes,
  RUNTIMES,
  sha1,
  SmallDisk,
} from "./_files.ts";

const LARGE = bytesOf(16 * 1024 ** 2);

/** Why there can be no file: as source, and as target if that is told in other words. */
type Why = RegExp | readonly [source: RegExp, target: RegExp];

/** Paths at which there can be no file. */
async function badPlaces(folder: Folder): Promise<Record<string, Why>> {
  Deno.mkdirSync(folder.at("folder"));
  folder.write("file", "file");
  Deno.symlinkSync("circle", folder.at("circle"));
  Deno.symlinkSync("nothing/there", folder.at("dangling"));
  Deno.symlinkSync("folder", folder.at("link"));
  await command(["mkfifo", folder.at("fifo")]);
  return {
    [folder.at("folder")]: /folder: it is a folder \(EISDIR\)$/,
    [folder.at("link")]: /link: it is a folder \(EISDIR\)$/,
    [folder.at("missing/file")]: [
      /missing\/file: no such file or folder \(ENOENT\)$/,
      /missing\/file: no such folder to put it in \(ENOENT\)$/,
    ],
    [folder.at("dangling")]: [
      /dangling: no such file or folder \(ENOENT\)$/,
      /dangling: it is a link that leads nowhere \(ENOENT\)$/,
    ],
    [folder.at("file/file")]: /file\/file: (a part of the path is not a folder|no such)/,
    [folder.at("circle")]: /circle: too many symbolic links \(ELOOP\)$/,
    [folder.at("n".repeat(256))]: /n: the name is too long \(ENAMETOOLONG\)$/,
    [`${folder.path}${"/nnn".repeat(2000)}`]: /n: the name is too long \(ENAMETOOLONG\)$/,
    [folder.at("fifo")]: /fifo: it is not a regular file$/,
    "/dev/null": /null: it is not a regular file$/,
    "/dev/full": /full: it is not a regular file$/,
    "/": /\/: it is the path of a folder \(EISDIR\)$/,
    [folder.at("new/")]: /new\/: it is the path of a folder \(EISDIR\)$/,
    [folder.at("file/")]: /file\/: it is the path of a folder \(EISDIR\)$/,
  };
}

const codeOf = (error: Error): unknown => (error.cause as { code?: string }).code;

onRuntimes("put() and fetch() say why a path at the far end is of no use", async (tun, folder) => {
  const places = await badPlaces(folder);
  const { names } = folder;
  const target = folder.at("file");
  for (const [path, why] of Object.entries(places)) {
    const [asSource, asTarget] = [why, why].flat().slice(-2) as [RegExp, RegExp];
    const failed = [
      await rejectsAs(RemoteError, tun.put(LARGE, path)),
      await rejectsAs(RemoteError, tun.fetch(path, target)),
      await rejectsAs(RemoteError, tun.fetch(path, null)),
    ];
    for (const error of failed) {
      const [said, advice] = error.message.split("; ") as [string, string?];
      assertMatch(said, error === failed[0] ? asTarget : asSource);
      const isFolder = error !== failed[0] && codeOf(error) === "EISDIR";
      assertEquals(advice, isFolder ? "fetchDir(), or fetch -r, fetches folders" : undefined);
      assertEquals([error.host, error.remoteName], ["here", "Error"]);
      assertMatch(`${codeOf(error)}`, /^E[A-Z]+$/);
    }
    assertStringIncludes(
      failed[0]!.message,
      `Cannot put ${LARGE.length} bytes to here: on here, ${path}: `,
    );
    assertStringIncludes(failed[1]!.message, `Cannot fetch ${path} from here: on here, ${path}: `);
  }
  const missing = await rejectsAs(RemoteError, tun.fetch(folder.at("missing"), target));
  assertEquals(codeOf(missing), "ENOENT");
  assertEquals([folder.names, Deno.readTextFileSync(target)], [names, "file"]);
  assertEquals(tun.connected, true);
});

Deno.test("put() and fetch() say why a path here is of no use", async () => {
  await using folder = await Folder.create();
  await using tun = new Local("far");
  const places = await badPlaces(folder);
  const { names } = folder;
  const source = folder.at("file");
  for (const [path, why] of Object.entries(places)) {
    const [asSource, asTarget] = [why, why].flat().slice(-2) as [RegExp, RegExp];
    const failed = [
      await rejectsAs(Error, tun.put(path, source)),
      await rejectsAs(Error, tun.fetch(source, path)),
    ];
    for (const error of failed) {
      assert(!(error instanceof RemoteError));
      const [said, advice] = error.message.split("; ") as [string, string?];
      assertMatch(said, error === failed[0] ? asSource : asTarget);
      const isFolder = error === failed[0] && codeOf(error) === "EISDIR";
      assertEquals(advice, isFolder ? "sync() sends folders" : undefined);
      assertMatch(`${codeOf(error)}`, /^E[A-Z]+$/);
    }
    assertStringIncludes(failed[0]!.message, `Cannot put ${path} to far: here, ${path}: `);
    assertStringIncludes(failed[1]!.message, `Cannot fetch ${source} from far: here, ${path}: `);
  }
  const contents = await rejectsAs(Error, tun.put("port = 80\nuser = me\n", source));
  assertMatch(contents.message, /\(ENOENT\); for contents, give \{ text \}$/);
  for (const [path, advice] of [["file", "; put() sends files"], ["file/file", ""]] as const) {
    const { message } = await rejectsAs(Error, tun.sync(folder.at(path), folder.at("new")));
    assertEquals(message.split(" (ENOTDIR)")[1], advice, message);
  }
  assertEquals([folder.names, Deno.readTextFileSync(source)], [names, "file"]);
});

for (const runtime of RUNTIMES) {
  const needs = [...runtime.needs, "sudo", "deno"] as const;
  const name = `put() and fetch() respect the permissions of a user, on ${runtime.name}`;
  Deno.test(needing(needs, name, async () => {
    await using folder = await Folder.create();
    const major = runtime.name.slice(-2) as "18";
    await using tun = new Sudo({
      user: "nobody",
      stderr: () => {},
      ...runtime.name === "Deno"
        ? { runtime: "deno", deno: service("deno").path }
        : { runtime: "node", node: service("node").paths[major] },
    });
    const secret = folder.write("secret", "secret");
    Deno.chmodSync(secret, 0o600);
    Deno.mkdirSync(folder.at("open"));
    Deno.chmodSync(folder.at("open"), 0o777);
    folder.write("open/other's", "old");
    for (
      const fail of [
        () => tun.put(LARGE, folder.at("target")),
        () => tun.put({ text: "x" }, secret),
        () => tun.fetch(secret, null),
      ]
    ) {
      const error = await rejectsAs(RemoteError, fail());
      assertMatch(error.message, /on nobody, .*: permission denied \(EACCES\)$/);
      assertEquals(codeOf(error), "EACCES");
    }
    // The folder is what counts when a file is replaced; its owner cannot be kept then.
    await tun.put({ text: "new" }, folder.at("open/other's"), { mode: 0o4755 });
    assertEquals(Deno.readTextFileSync(folder.at("open/other's")), "new");
    assertEquals(
      Deno.statSync(folder.at("open/other's")).uid,
      await tun.call(() => process.getuid!()),
    );
    assertEquals([folder.names, namesIn(folder.at("open"))], [["open", "secret"], ["other's"]]);
  }));
}

Deno.test("put() and fetch() respect the permissions of an agent", async () => {
  await using folder = await Folder.create();
  for (const name of ["read", "both"]) Deno.mkdirSync(folder.at(name));
  const both = folder.at("both");
  const permissions = { read: [folder.at("read"), both], write: [both] };
  await using tun = new Local("here", { permissions, stderr: () => {} });
  const source = folder.write("read/file", "contents");
  const { bytes } = await tun.fetch(source, null);
  assertEquals(bytes.length, 8);
  await tun.put(bytes, `${both}/file`, { mode: 0o755 });
  await tun.put(bytes, `${both}/file`);
  assertEquals(Deno.readTextFileSync(`${both}/file`), "contents");
  const outside = folder.write("file", "secret");
  Deno.symlinkSync("../file", folder.at("both/link"));
  for (
    const fail of [
      () => tun.put(LARGE, folder.at("read/other")),
      () => tun.put(LARGE, outside),
      () => tun.put(LARGE, folder.at("both/link")),
      () => tun.put(LARGE, "relative"),
      () => tun.put(LARGE, "~/home"),
      () => tun.put(LARGE),
      () => tun.fetch(outside, null),
    ]
  ) {
    const error = await rejectsAs(RemoteError, fail());
    assertMatch(error.message, /Cannot (put|fetch) .* here: on here, .*Requires \w+ access to /);
  }
  assertEquals([Deno.readTextFileSync(outside), namesIn(both)], ["secret", ["file", "link"]]);
});

onRuntimes("a source that changes while it is read is a failure", async (tun, folder) => {
  const target = folder.write("target", "old");
  const source = folder.at("source");
  const rewrite = (bytes: Uint8Array): void => {
    using file = Deno.openSync(source, { write: true });
    file.writeSync(bytes);
  };
  const changes: Record<string, [change: () => void, why?: RegExp]> = {
    cut: [() => Deno.truncateSync(source, 5), /it had 16777216 bytes, and has 5 now$/],
    emptied: [() => Deno.truncateSync(source), /it had 16777216 bytes, and has 0 now$/],
    rewritten: [() => rewrite(new Uint8Array(9)), /it was written to$/],
    "appended to": [() => Deno.writeFileSync(source, new Uint8Array(99), { append: true })],
    removed: [() => Deno.removeSync(source)],
    replaced: [() => Deno.renameSync(folder.write("other", "other"), source)],
  };
  for (const [name, [change, why]] of Object.entries(changes)) {
    for (const way of ["put", "fetch"] as const) {
      Deno.writeFileSync(source, LARGE);
      // The clock of the file system is coarse.
      Deno.utimeSync(source, 1e9, 1e9);
      let changed = false;
      const onProgress = (): void => {
        if (!changed) change();
        changed = true;
      };
      const moving = tun[way](source, target, { onProgress });
      if (why === undefined) {
        const { size, sha1sum } = await moving;
        assertEquals([size, sha1sum], [LARGE.length, sha1(LARGE)], name);
        Deno.writeTextFileSync(target, "old");
      } else {
        const error = await rejectsAs(way === "put" ? Error : RemoteError, moving);
        const where = way === "put" ? "to here: here" : "from here: on here";
        assertStringIncludes(error.message, `${where}, ${source}: it changed while it was read`);
        assertMatch(error.message, why);
        assertEquals(codeOf(error), "EBUSY");
      }
      assertEquals(Deno.readTextFileSync(target), "old", name);
      assert(tun.connected, name);
    }
  }
  assertEquals(folder.names, ["source", "target"]);
});

for (const { name, needs, open } of RUNTIMES) {
  const full = needing(
    needs,
    `a disk that is full leaves the old file alone, on ${name}`,
    async () => {
      await using folder = await Folder.create();
      await using disk = await SmallDisk.create(1024 ** 2);
      await using tun = open();
      const source = folder.write("source", LARGE);
      const target = `${disk.path}/target`;
      Deno.writeTextFileSync(target, "old");
      for (const size of [LARGE.length, 1024 ** 2 - 100]) {
        Deno.truncateSync(source, size);
        for (const way of ["put", "fetch"] as const) {
          const path = `${disk.path}/new`;
          for (const to of [target, path]) {
            const error = await rejectsAs(
              way === "put" ? RemoteError : Error,
              tun[way](source, to),
            );
            const where = way === "put" ? "on here" : "here";
            assertStringIncludes(
              error.message,
              `: ${where}, ${to}: no space left on the disk (ENOSPC)`,
            );
            assertEquals(codeOf(error), "ENOSPC");
          }
          assertEquals([namesIn(disk.path), Deno.readTextFileSync(target)], [["target"], "old"]);
        }
      }
      // There is room again.
      Deno.truncateSync(source, 1024 ** 2 - 8192);
      await tun.put(source, `${disk.path}/put`);
      Deno.removeSync(`${disk.path}/put`);
      await tun.fetch(source, `${disk.path}/fetched`);
    },
  );
  Deno.test(await needingDisk(full));

  const readOnly = needing(needs, `a read-only file system is called so, on ${name}`, async () => {
    await using disk = await SmallDisk.create(1024 ** 2);
    await using tun = open();
    const source = `${disk.path}/file`;
    Deno.writeTextFileSync(source, "old");
    await disk.makeReadOnly();
    assertEquals((await tun.fetch(source, null)).size, 3);
    const failed = [
      await rejectsAs(RemoteError, tun.put(LARGE, source)),
      await rejectsAs(Error, tun.fetch(source, source)),
    ];
    for (const error of failed) {
      assertStringIncludes(error.message, `here, ${source}: the file system is read-only (EROFS)`);
    }
  });
  Deno.test(await needingDisk(readOnly));

  const mounted = needing(needs, `what helps with a mounted file is said, on ${name}`, async () => {
    await using folder = await Folder.create();
    await using tun = open();
    const source = folder.write("source", "new");
    const target = folder.write("mounted", "old");
    Deno.mkdirSync(folder.at("tree"));
    folder.write("tree/mounted", "new");
    const what = `${target}: a file that is mounted there cannot be replaced (EBUSY); writeFile()`;
    assert((await command(["mount", "--bind", folder.write("other", "other"), target])).success);
    try {
      const works = [
        () => tun.put(source, target),
        () => tun.fetch(source, target),
        () => tun.sync(folder.at("tree"), folder.path),
        () => tun.fetchDir(folder.at("tree"), folder.path),
      ];
      for (const work of works) {
        const { message } = await rejectsAs<Error>(Error, work());
        assertStringIncludes(message, what);
        assertEquals(Deno.readTextFileSync(target), "other");
      }
      assertEquals(folder.names, ["mounted", "other", "source", "tree"]);
    } finally {
      await command(["umount", "--lazy", target]);
    }
  });
  Deno.test(await needingDisk(mounted));
}
