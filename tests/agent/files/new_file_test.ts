import { assert, assertEquals, assertMatch } from "@std/assert";
import fs from "node:fs";
import process from "node:process";
import { NewFile } from "../../../agent/files/new_file.ts";
import { rejection } from "../../tunnel/_deadline.ts";
import { asRoot, bytesOf, Folder, modeOf, strayIn, until } from "../../tunnel/operation/_files.ts";

const text = (string: string): Uint8Array => new TextEncoder().encode(string);

/** How many files in a folder this process has open, removed ones too. */
function openIn(folder: string): number {
  let count = 0;
  for (const { name } of Deno.readDirSync("/proc/self/fd")) {
    try {
      if (Deno.readLinkSync(`/proc/self/fd/${name}`).startsWith(`${folder}/`)) count++;
    } catch {
      // It was closed meanwhile.
    }
  }
  return count;
}

Deno.test("NewFile is at its path when it is committed, and not before", async () => {
  await using folder = await Folder.create();
  const path = folder.write("file", "old");
  const file = await NewFile.create(path, 0o600);
  assertEquals([strayIn(folder.path).length, Deno.readTextFileSync(path)], [1, "old"]);
  for (const part of ["new ", "", "contents"]) await file.write(text(part));
  file.writeSync(text("!"));
  assertEquals(Deno.readTextFileSync(path), "old");
  await file.commit(0o640);
  assertEquals([Deno.readTextFileSync(path), modeOf(path)], ["new contents!", 0o640]);
  // A committed file stays.
  file.discard();
  assertEquals([folder.names, openIn(folder.path)], [["file"], 0]);
});

Deno.test("NewFile.discard() leaves the old file, and no trace", async () => {
  await using folder = await Folder.create();
  const path = folder.write("file", "old");
  for (const when of ["at once", "after a write", "during a write", "during a commit"]) {
    const file = await NewFile.create(path, 0o600);
    const writing = when === "at once" ? undefined : file.write(bytesOf(4 * 1024 ** 2));
    if (when !== "during a write") await writing;
    const committing = when === "during a commit" ? file.commit(0o644) : undefined;
    file.discard();
    assertEquals([folder.names, Deno.readTextFileSync(path)], [["file"], "old"], when);
    await Promise.allSettled([writing, committing]);
    file.discard();
    assertMatch(`${await rejection(file.write(text("more")))}`, /given up/);
    assertMatch(`${await rejection(file.commit(0o644))}`, /given up/);
    await until(() => openIn(folder.path) === 0, "the descriptor");
    assertEquals([folder.names, Deno.readTextFileSync(path)], [["file"], "old"], when);
  }
});

Deno.test("NewFile.discard() does not throw, whatever has become of the folder", async () => {
  await using folder = await Folder.create();
  Deno.mkdirSync(folder.at("a"));
  const removed = await NewFile.create(folder.at("a/file"), 0o600);
  Deno.removeSync(folder.at("a"), { recursive: true });
  removed.discard();
  Deno.mkdirSync(folder.at("b"));
  const replaced = await NewFile.create(folder.at("b/file"), 0o600);
  Deno.removeSync(folder.at("b"), { recursive: true });
  folder.write("b", "");
  replaced.discard();
  await until(() => openIn(folder.path) === 0, "the descriptors");

  Deno.mkdirSync(folder.at("c"));
  const name = await (async () => {
    const blocked = await NewFile.create(folder.at("c/file"), 0o600);
    const [name] = strayIn(folder.at("c"));
    // A folder cannot be removed as a file can: a stand-in for a missing permission.
    Deno.removeSync(folder.at(`c/${name}`));
    Deno.mkdirSync(folder.at(`c/${name}`));
    blocked.discard();
    return name;
  })();
  assert(Deno.statSync(folder.at(`c/${name}`)).isDirectory);
});

Deno.test("NewFile.commit() fails, and leaves nothing, when a folder is at its path meanwhile", async () => {
  await using folder = await Folder.create();
  const path = folder.at("file");
  const file = await NewFile.create(path, 0o600);
  Deno.mkdirSync(path);
  folder.write("file/inner", "1");
  const error = await rejection(file.commit(0o644)) as Error;
  assertMatch(error.message, /\/file: (it is a folder|the folder is not empty)/);
  file.discard();
  assertEquals(folder.names, ["file"]);
});

Deno.test("NewFile.commit() gives the mode, whatever the umask, or keeps the one there was", async () => {
  await using folder = await Folder.create();
  const path = folder.at("file");
  const umask = process.umask(0o077);
  try {
    for (const mode of [0o777, 0o4755, 0o1600, 0]) {
      const file = await NewFile.create(path, 0o600);
      await file.commit(mode);
      assertEquals(modeOf(path), mode);
      const next = await NewFile.create(path, 0o600);
      await next.commit(0o644, true);
      assertEquals(modeOf(path), mode & 0o1777);
    }
    Deno.removeSync(path);
    const file = await NewFile.create(path, 0o600);
    await file.commit(0o644, true);
    assertEquals(modeOf(path), 0o644);
  } finally {
    process.umask(umask);
  }
});

Deno.test(
  asRoot(
    "NewFile.commit() leaves an existing file its owner, and none of its rights to new contents",
    async () => {
      await using folder = await Folder.create();
      const path = folder.write("file", "old");
      fs.chownSync(path, 12345, 54321);
      fs.chmodSync(path, 0o6755);
      const file = await NewFile.create(path, 0o600);
      await file.commit(0o600, true);
      const { uid, gid } = fs.statSync(path);
      assertEquals([uid, gid, modeOf(path)], [12345, 54321, 0o755]);
    },
  ),
);

Deno.test("NewFile.create() follows a symbolic link, and keeps its file beside the file it leads to", async () => {
  await using folder = await Folder.create();
  Deno.mkdirSync(folder.at("elsewhere"));
  const path = folder.write("elsewhere/file", "old");
  Deno.symlinkSync("elsewhere/file", folder.at("link"));
  const file = await NewFile.create(folder.at("link"), 0o600);
  assertEquals([strayIn(folder.path).length, strayIn(folder.at("elsewhere")).length], [0, 1]);
  await file.write(text("new"));
  await file.commit(0o644);
  assert(Deno.lstatSync(folder.at("link")).isSymlink);
  assertEquals(Deno.readTextFileSync(path), "new");
});

Deno.test("NewFile.create() does not follow what was planted in its way", async () => {
  await using folder = await Folder.create();
  const victim = folder.write("victim", "untouched");
  const files = await Promise.all(
    Array.from({ length: 20 }, () => NewFile.create(folder.at("file"), 0o600)),
  );
  assertEquals(strayIn(folder.path).length, 20);
  for (const name of strayIn(folder.path)) assertEquals(modeOf(folder.at(name)), 0o600);
  // One of them becomes a link: the bytes still go to the file that was opened.
  const [planted] = strayIn(folder.path);
  Deno.removeSync(folder.at(planted!));
  Deno.symlinkSync("victim", folder.at(planted!));
  for (const file of files) await file.write(text("secret"));
  for (const file of files) file.discard();
  assertEquals([folder.names, Deno.readTextFileSync(victim)], [["victim"], "untouched"]);
  await until(() => openIn(folder.path) === 0, "the descriptors");
});
