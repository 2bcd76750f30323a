import { assertEquals, assertStringIncludes } from "@std/assert";
import fs from "node:fs";
import type { Found } from "../../../agent/files/found.ts";
import { isFound } from "../../../tunnel/operation/is_found.ts";
import { MAX_SIZE, TextDiff } from "../../../tunnel/operation/text_diff.ts";
import { Random } from "../../agent/_random.ts";
import { command } from "../../services/command.ts";
import { Folder } from "./_files.ts";

const diff = await TextDiff.load(false);

function file(contents: string | Uint8Array, mode = 0o644): Found {
  const bytes = typeof contents === "string" ? new TextEncoder().encode(contents) : contents;
  return { mode, size: bytes.length, bytes };
}

function of(before: Found | null, after: Found | null, name = "f"): string | undefined {
  return diff.of({ name, before, after });
}

Deno.test("TextDiff gives what diff -u gives", () => {
  const old = Array.from({ length: 30 }, (_, i) => `line ${i}\n`);
  const now = old.with(3, "other\n").toSpliced(20, 1);
  assertEquals(
    of(file(old.join("")), file(now.join(""))),
    `--- f
+++ f
@@ -1,7 +1,7 @@
 line 0
 line 1
 line 2
-line 3
+other
 line 4
 line 5
 line 6
@@ -18,7 +18,6 @@
 line 17
 line 18
 line 19
-line 20
 line 21
 line 22
 line 23
`,
  );
  const added = "--- /dev/null\n+++ f\n@@ -0,0 +1,1 @@\n+new\n\\ No newline at end of file\n";
  assertEquals(of(null, file("new")), added);
  assertEquals(of(file(""), file("a\n")), "--- f\n+++ f\n@@ -0,0 +1,1 @@\n+a\n");
  assertEquals(of(file("a\n"), file("")), "--- f\n+++ f\n@@ -1,1 +0,0 @@\n-a\n");
  const ended = "-a\n\\ No newline at end of file\n+a\n";
  assertEquals(of(file("a"), file("a\n")), `--- f\n+++ f\n@@ -1,1 +1,1 @@\n${ended}`);
  for (const text of ["", "a", "a\n"]) assertEquals(of(file(text), file(text)), "");
  // Nobody could tell these from each other if they were not shown.
  assertEquals(of(file("a\r\n"), file("a\n")), "--- f\n+++ f\n@@ -1,1 +1,1 @@\n-a\r\n+a\n");
  assertEquals(of(file("\ufeffa\n"), file("a\n")), "--- f\n+++ f\n@@ -1,1 +1,1 @@\n-\ufeffa\n+a\n");
  assertEquals(of(file("a\u2028b\rc"), file("a\u2028b\rc")), "");
});

/** Texts of a few lines, which are often the same. */
function someText(random: Random, lines: number): string {
  const words = ["a", "b", "", " ", "a\r", "ž", "-", "+x", "--- f", "@@ -1 +1 @@", "\\ No newline"];
  const text = Array.from({ length: random.below(lines) }, () => words[random.below(words.length)]);
  return text.join("\n") + (random.below(2) === 0 ? "\n" : "");
}

Deno.test("patch makes of an old text, with the diff, the new one", async () => {
  await using folder = await Folder.create();
  const random = new Random(5);
  for (let round = 0; round < 60; round++) {
    // With many lines that differ, the diff is the simple one.
    const lines = round % 20 === 19 ? 6_000 : 12;
    const [old, now] = [someText(random, lines), someText(random, lines)];
    folder.write("f", old);
    folder.write("d", of(file(old), file(now))!);
    const { success, problem } = await command([
      ...["patch", "--binary", "--quiet", "--fuzz=0", folder.at("f"), folder.at("d")],
    ]);
    const result = fs.existsSync(folder.at("f")) ? fs.readFileSync(folder.at("f"), "utf8") : "";
    const isEmpty = fs.statSync(folder.at("d")).size === 0;
    assertEquals(isEmpty || success, true, `${problem} ${JSON.stringify([old, now])}`);
    assertEquals(result, now, JSON.stringify(old));
  }
});

Deno.test("TextDiff replaces all between the first and the last change if there are many", () => {
  const text = (word: string): string =>
    ["same\n", ...Array.from({ length: 3_000 }, (_, i) => `${word}${i}\n`), "end"].join("");
  const lines = of(file(text("a")), file(text("b")))!.split("\n");
  assertEquals(lines.slice(2, 5), ["@@ -1,3002 +1,3002 @@", " same", "-a0"]);
  assertEquals(lines.slice(-4), ["+b2999", " end", "\\ No newline at end of file", ""]);
  assertEquals(lines.length, 2 + 1 + 1 + 6_000 + 2 + 1);
});

Deno.test("TextDiff names files in one line, so that patch finds them", async () => {
  const names = ["two words", "a\nb", 'a"b', "a\\b", "\x1b[31m", "ž\u202e", "a\u2028b", "-rf"];
  for (const name of names) {
    for (const text of [of(null, file("1\n"), name)!, of(null, {}, name)!]) {
      const [first] = text.split(/^@@/m);
      assertEquals(first!.split("\n").length, text.includes("@@") ? 3 : 2, JSON.stringify(text));
      // deno-lint-ignore no-control-regex -- there must be none
      assertEquals(/[\x00-\x08\x0b-\x1f\x7f\u2028]/.test(text), false, JSON.stringify(text));
    }
  }
  await using folder = await Folder.create();
  folder.write("two words", "1\n");
  folder.write("d", of(file("1\n"), file("2\n"), "two words")!);
  await command(["patch", "-p0", "--quiet", "-i", "d"], { cwd: folder.path });
  assertEquals(fs.readFileSync(folder.at("two words"), "utf8"), "2\n");
});

Deno.test("TextDiff is undefined where something is no text", () => {
  const others = [new Uint8Array([0x61, 0, 0x62]), new Uint8Array([0xff, 0x61])];
  for (const bytes of others) {
    assertEquals(of(file("text"), file(bytes)), undefined);
    assertEquals(of(file(bytes), file("text")), undefined);
    assertEquals(of(null, file(bytes)), undefined);
  }
  assertEquals(of({ mode: 0o644, size: 3, isBinary: true }, file("text")), undefined);
});

Deno.test("TextDiff says why it does not show something", async () => {
  const large = { mode: 0o644, size: MAX_SIZE + 1 };
  assertEquals(of(large, file("1")), "Contents of f are not shown: more than 1 MiB\n");
  const unreadable = of({ mode: 0o644, size: 5 }, file("1"))!;
  assertStringIncludes(unreadable, "Contents of f are not shown: they cannot be read");
  const hidden = (mode: string): string =>
    "Contents of f are not shown: only the owner may read them " +
    `(mode ${mode}), diff: true shows them\n`;
  for (const mode of [0o600, 0o400, 0o700, 0o711, 0o4700, 0]) {
    const shown = hidden(mode.toString(8).padStart(4, "0"));
    assertEquals(of(file("old", mode), file("new", mode)), shown);
    assertEquals(of(null, file("new", mode)), shown);
    assertStringIncludes(of(file("old", mode), file("new"))!, shown);
    assertStringIncludes(of(file("old"), file("new", mode))!, shown);
  }
  const secrets = await TextDiff.load(true);
  const all = secrets.of({ name: "f", before: file("old", 0o600), after: file("new", 0o600) })!;
  assertStringIncludes(all, "-old\n");
  // It is not said of what is the same.
  const known = { mode: 0o600, size: 3, sha1sum: "c13e13da2073260c2194c15d782e86a9" };
  assertEquals(of(known, { ...known }), "");
  assertEquals(of(file("old", 0o600), file("old", 0o600)), "");
});

Deno.test("TextDiff tells of modes, links and folders", () => {
  assertEquals(of(file("1", 0o600), file("1", 0o4755)), "Mode of f: 0600 becomes 4755\n");
  assertStringIncludes(of(file("1"), file("2", 0o755))!, "Mode of f: 0644 becomes 0755\n--- f\n");
  assertEquals(of({ link: "a" }, { link: "a" }), "");
  assertEquals(
    of({ link: "a" }, { link: "b\n" }),
    'f becomes a link to "b\\n" instead of a link to "a"\n',
  );
  assertEquals(of(file("1"), { link: "b" }), 'f becomes a link to "b" instead of a file\n');
  assertEquals(of(null, { isFolder: true, mode: 0o755 }), "f becomes a folder\n");
  const [open, closed] = [0o755, 0o700].map((mode): Found => ({ isFolder: true, mode }));
  assertEquals(of(open!, closed!), "Mode of f: 0755 becomes 0700\n");
  assertEquals(of(open!, open!), "");
  assertEquals(of(open!, { link: "a" }), 'f becomes a link to "a" instead of a folder\n');
  assertEquals(of({}, {}), "");
  assertEquals(of({}, file("1")), "f becomes a file instead of something else\n");
  assertEquals(of(null, file("")), "f becomes an empty file\n");
});

Deno.test("isFound() takes nothing else for what is at a path", () => {
  const good = [null, {}, { link: "a" }, { mode: 0o644, size: 0 }, file("1"), {
    ...{ mode: 0o600, size: 1, sha1sum: "a" },
  }];
  for (const value of good) assertEquals(isFound(value), true, Deno.inspect(value));
  const bad: unknown[] = [undefined, 1, "a", { size: 1 }, { bytes: new Uint8Array() }];
  for (const mode of [-1, 0o10000, "1"]) bad.push({ mode, size: 1 }, { isFolder: true, mode });
  const odd = { bytes: "a", isBinary: 1, sha1sum: 1, link: 5, isFolder: 0 };
  for (const [key, value] of Object.entries(odd)) bad.push({ mode: 1, size: 1, [key]: value });
  bad.push({ mode: 1, size: 1.5 }, file(new Uint8Array(MAX_SIZE + 1)), { mode: 1, isBinary: true });
  for (const value of bad) assertEquals(isFound(value), false, Deno.inspect(value));
});
