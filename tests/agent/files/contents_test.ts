import { assertEquals, assertThrows } from "@std/assert";
import fs from "node:fs";
import { readLink, readSmall, type Seen, SMALL } from "../../../agent/files/contents.ts";
import { timeOf } from "../../../agent/files/file_time.ts";
import { Folder } from "../../tunnel/operation/_files.ts";

Deno.test("readLink() tells a link that is not UTF-8 from one that only looks so", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const script =
      `cd "$1"; ln -s "$(printf 'x\\377')" odd; ln -s "$(printf 'x\\357\\277\\275')" even`;
    await new Deno.Command("sh", { args: ["-c", script, "sh", folder] }).output();
    assertEquals(readLink(`${folder}/odd`), undefined);
    assertEquals(readLink(`${folder}/even`), "x\ufffd");
    assertThrows(() => readLink(folder), Error, "EINVAL");
    assertThrows(() => readLink(`${folder}/none`), Error, "ENOENT");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

function seenOf(path: string): Seen {
  const { size, mtimeMs } = fs.lstatSync(path);
  return { size, modified: timeOf(mtimeMs) };
}

Deno.test("readSmall() reads a file as it is, whatever was seen of it before", async () => {
  await using folder = await Folder.create();
  const path = folder.write("file", "contents");
  fs.utimesSync(path, 1e9, 1e9);
  const seen = seenOf(path);
  const bytes = new TextEncoder().encode("contents");
  const expected: [Uint8Array, number] = [bytes, 1e12];
  const wrong: (Seen | undefined)[] = [
    undefined,
    { ...seen, size: 0 },
    { ...seen, size: 3 },
    { ...seen, size: 9 },
    { ...seen, modified: 1e12 + 1 },
  ];
  for (const known of [seen, ...wrong]) assertEquals(readSmall(path, known), expected);
  fs.writeFileSync(path, "another text");
  assertEquals(readSmall(path, seen)?.[0].length, 12);
  fs.writeFileSync(path, new Uint8Array(SMALL + 1));
  assertEquals(readSmall(path, seen), undefined);
});

Deno.test("readSmall() refuses what has replaced the file that was seen", async () => {
  await using folder = await Folder.create();
  const path = folder.write("file", "contents");
  const seen = seenOf(path);
  folder.write("other", "contents");
  const changes: [replace: () => void, reason: string][] = [
    [() => fs.symlinkSync("other", path), "ELOOP"],
    [() => fs.mkdirSync(path), "it is a folder"],
    [() => new Deno.Command("mkfifo", { args: [path] }).outputSync(), "not a regular file"],
    [() => {}, "ENOENT"],
  ];
  for (const [replace, reason] of changes) {
    fs.rmSync(path, { recursive: true, force: true });
    replace();
    assertThrows(() => readSmall(path, seen), Error, reason);
  }
});
