import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import fs from "node:fs";
import process from "node:process";
import {
  type BaseTunnel,
  Group,
  Local,
  Queue,
  type SyncOptions,
  type SyncResult,
} from "../../../mod.ts";
import { command } from "../../services/command.ts";
import { needing } from "../../services/services.ts";
import { rejection, rejectsAs } from "../_deadline.ts";
import { everyAgent, Hidden } from "../_hidden.ts";
import { KINDS } from "../_kinds.ts";
import { assertSame, bothWays, make, setTime, type Way, waysOf } from "../fixture/tree_ways.ts";
import { bytesOf, Folder, needingDisk, SmallDisk, strayIn } from "./_files.ts";
import { untouched } from "./_untouched.ts";

const OLD = "one\ntwo\nthree\n";
const NEW = "one\n2\nthree\n";
const LINES = "@@ -1,3 +1,3 @@\n one\n-two\n+2\n three\n";

/** What a transfer would do; it must not touch the target. */
async function foresee(
  way: Way,
  [source, target]: readonly [string, string],
  options: SyncOptions = {},
): Promise<SyncResult> {
  const dry = (): Promise<SyncResult> => way(source, target, { ...options, dryRun: true });
  return fs.existsSync(target) ? await untouched(target, dry) : await dry();
}

bothWays("tell what changes as a diff, and change nothing with dryRun", async (way, trees) => {
  const { source, target } = trees;
  make(source, {
    ...{ "text": NEW, "new/file": "1\n", "new/empty": "", "same": "1", "touched": "1" },
    ...{
      "binary": bytesOf(500),
      "new/binary": bytesOf(10),
      "link": { to: "b" },
      "was": { to: "x" },
    },
    ...{ "mode": "1", "folder": "1", "end": "1" },
  });
  make(target, {
    ...{ "text": OLD, "same": "1", "touched": "1", "binary": bytesOf(400), "link": { to: "a" } },
    ...{ "was": "a file", "mode": "1", "folder/x": "2", "gone": "3", "end": "1\n" },
  });
  for (const path of ["same", "mode"]) {
    for (const root of [source, target]) setTime(`${root}/${path}`, 1_600_000_000);
  }
  setTime(`${target}/touched`, 1_600_000_000);
  fs.chmodSync(`${source}/mode`, 0o755);
  const foreseen = await foresee(way, [source, target], { delete: true });
  const expected = `Binary file binary differs
--- end
+++ end
@@ -1,1 +1,1 @@
-1
+1
\\ No newline at end of file
folder becomes a file instead of a folder
link becomes a link to "b" instead of a link to "a"
Mode of mode: 0644 becomes 0755
new becomes a folder
Binary file new/binary is new
new/empty becomes an empty file
--- /dev/null
+++ new/file
@@ -0,0 +1,1 @@
+1
--- text
+++ text
${LINES}was becomes a link to "x" instead of a file
folder/x is removed
gone is removed
`;
  assertEquals(foreseen.diff, expected);
  const { diff: _, ...plain } = await foresee(way, [source, target], { delete: true, diff: false });
  const done = await way(source, target, { delete: true, diff: true });
  assertEquals(done, { ...plain, diff: expected });
  assertSame(source, target, way);
  assertEquals((await foresee(way, [source, target])).diff, "");
  assertEquals("diff" in await way(source, target), false);
});

bothWays("make a diff that patch turns into the same folder", async (way, { source, target }) => {
  const contents = { "a b/c d": NEW, "x/y": "1\n2\n", "new": "no newline", "more/n": "1\n" };
  make(source, contents);
  make(target, { "a b/c d": OLD, "x/y": "2\n3\n4\n" });
  const { diff } = await foresee(way, [source, target]);
  const patch = `${source}.patch`;
  fs.writeFileSync(patch, diff!);
  const { success, problem } = await command(["patch", "-p0", "--fuzz=0", "-i", patch], {
    cwd: target,
  });
  assert(success, problem);
  for (const [path, text] of Object.entries(contents)) {
    assertEquals(fs.readFileSync(`${target}/${path}`, "utf8"), text);
  }
});

bothWays("show what only the owner may read if one insists", async (way, { source, target }) => {
  make(source, { "key": "new secret\n", "new key": "another secret\n" });
  make(target, { "key": "an old secret\n" });
  for (const path of [`${source}/key`, `${source}/new key`, `${target}/key`]) {
    fs.chmodSync(path, 0o600);
  }
  const hidden = (name: string): string =>
    `Contents of ${name} are not shown: only the owner may read them (mode 0600), ` +
    "diff: true shows them\n";
  const { diff } = await foresee(way, [source, target]);
  assertEquals(diff, hidden("key") + hidden("new key"));
  const all = await foresee(way, [source, target], { diff: true });
  assertStringIncludes(all.diff!, "-an old secret\n+new secret\n");
  // Only the time differs.
  fs.writeFileSync(`${target}/key`, "new secret\n");
  setTime(`${target}/key`, 1_600_000_000);
  assertEquals((await foresee(way, [source, target])).diff, hidden("new key"));
});

bothWays("make no diff of what is large, or much", async (way, { source, target }) => {
  make(source, { "large": "x\n".repeat(600_000), "many": "1" });
  make(target, { "large": "old" });
  const { diff } = await foresee(way, [source, target]);
  assertStringIncludes(diff!, "Contents of large are not shown: more than 1 MiB\n");
  for (const [large, small] of [[source, target], [target, source]] as const) {
    make(large, { "large": "x".repeat(1024 ** 2) });
    make(small, { "large": "old" });
    const { diff } = await foresee(way, [source, target]);
    assertEquals(diff, "… (more paths differ than are shown)\n"); // which would be longer
  }
  make(source, { "large": "x\n".repeat(600_000) });
  for (let i = 0; i < 1_200; i++) make(source, { [`${i}`]: `${i}\n` });
  const all = await foresee(way, [source, target]);
  assertEquals(all.created.length, 1_201);
  assertEquals(all.diff!.match(/^\+\+\+ /mg)!.length, 1_000);
  assert(all.diff!.endsWith("\n… (more paths differ than are shown)\n"));
  for (let i = 0; i < 20; i++) make(source, { [`0${i}`]: `${"y".repeat(99)}\n`.repeat(1_000) });
  const much = (await foresee(way, [source, target])).diff!;
  assert(much.length < 1.1 * 1024 ** 2, `${much.length}`);
  assert(much.endsWith("\n… (more paths differ than are shown)\n"));
});

bothWays("tell of the modes of folders that change", async (way, { source, target }) => {
  for (const root of [source, target]) make(root, { "d": null, "e": null });
  for (const path of ["", "/d"]) fs.chmodSync(`${source}${path}`, 0o700);
  // What the folder here has of these stays, as far as it is for its files.
  fs.chmodSync(`${target}/e`, 0o3777);
  const { diff, updated } = await foresee(way, [source, target]);
  assertEquals(diff!.split("\n").slice(0, 2), [
    ...["Mode of .: 0755 becomes 0700", "Mode of d: 0755 becomes 0700"],
  ]);
  await way(source, target);
  const mode = fs.statSync(`${target}/e`).mode & 0o7777;
  const line = `Mode of e: 3777 becomes ${mode.toString(8).padStart(4, "0")}\n`;
  assertEquals(diff!.split("\n").slice(2).join("\n"), updated.includes("e") ? line : "");
});

bothWays("tell what a folder that is not there will be", async (way, { source, target }) => {
  make(source, { "a/b": "1\n", "l": { to: "a" } });
  const { diff, created } = await foresee(way, [source, target]);
  assertEquals(created.length, 4);
  assertEquals(
    diff,
    '. becomes a folder\na becomes a folder\n--- /dev/null\n+++ a/b\n@@ -0,0 +1,1 @@\n+1\nl becomes a link to "a"\n',
  );
  assertEquals(fs.existsSync(target), false);
});

bothWays("follow no link for a diff", async (way, { source, target, folder }) => {
  make(folder.at("outside"), { "x": "not for others\n" });
  make(source, { "d/x": "1\n", "f": "1\n" });
  make(target, { "d": { to: "../outside" }, "f": { to: "../outside/x" } });
  const { diff } = await foresee(way, [source, target]);
  assert(!diff!.includes("not for others"), diff);
  assertStringIncludes(diff!, 'd becomes a folder instead of a link to "../outside"\n');
  assertStringIncludes(diff!, 'f becomes a file instead of a link to "../outside/x"\n');
  // The root itself may be one.
  fs.symlinkSync(source, folder.at("source-link"));
  const linked = await foresee(way, [folder.at("source-link"), target]);
  assertEquals(linked.diff, diff);
});

bothWays("name paths of any kind in a diff", async (way, { source, target }) => {
  const names = ["two words", "a\nb", "-rf", 'it\'s "quoted"', "back\\slash", "ž 🥢", "\x1b[2J"];
  for (const name of names) {
    make(source, { [name]: NEW });
    make(target, { [name]: OLD });
  }
  const { diff } = await foresee(way, [source, target]);
  // deno-lint-ignore no-control-regex -- there must be none
  assertEquals(/[\x00-\x08\x0b-\x1f]/.test(diff!), false);
  assertEquals(diff!.split(LINES).length, names.length + 1);
});

bothWays("leave alone what is excluded, in a diff, too", async (way, { source, target }) => {
  make(source, { "a": NEW, "b.log": "1", "x/y": "1" });
  make(target, { "a": OLD, "b.log": "2" });
  const { diff } = await foresee(way, [source, target], { exclude: ["*.log", "x"] });
  assertEquals(diff, `--- a\n+++ a\n${LINES}`);
});

Deno.test("sync() fails with dryRun if there is no folder, and knows its options", async () => {
  await using folder = await Folder.create();
  await using tun = new Local("here");
  const error = await rejection(tun.sync(folder.at("none"), folder.at("x"), { dryRun: true }));
  assertStringIncludes(String(error), "no such file or folder (ENOENT)");
  const wrong = tun.sync(folder.path, folder.at("x"), { diff: 1 } as unknown as SyncOptions);
  assertEquals((await rejectsAs(TypeError, wrong)).message, "diff is 1: expected a boolean");
});

Deno.test("each host of a group has its own diff, in a queue, too", async () => {
  await using folder = await Folder.create();
  const at = (name: string): Local => new Local(name, { cwd: folder.at(name) });
  make(folder.at("source"), { "conf": NEW });
  make(folder.at("old"), { "etc/conf": OLD });
  make(folder.at("older"), { "etc/conf": OLD });
  make(folder.at("new"), { "etc/conf": NEW });
  fs.mkdirSync(folder.at("none"));
  await using group = new Group(["old", "older", "new", "none"].map(at));
  const source = folder.at("source");
  const header = "--- conf\n+++ conf\n";
  const diffs = [header + LINES, header + LINES, ""];
  const queue = new Queue();
  const syncing = queue.sync(group, source, "etc", { dryRun: true, checksum: true });
  const putting = queue.put(group, folder.at("source/conf"), "etc/conf", { dryRun: true });
  await queue.run();
  const synced = await group.sync(source, "etc", { dryRun: true, checksum: true });
  const put = await group.put({ text: NEW }, "etc/conf", { dryRun: true });
  for (const result of [synced, syncing.value]) {
    const told = [...result.successful()].map(([, { diff }]) => diff);
    assertEquals(told.slice(0, 3), diffs);
    assertStringIncludes(told[3]!, "--- /dev/null\n+++ conf\n");
  }
  for (const result of [put, putting.value]) {
    const told = [...result.successful()].map(([, { diff, changed }]) => [changed, diff]);
    assertEquals(told, [
      ...["old", "older"].map((name) => {
        const path = folder.at(`${name}/etc/conf`);
        return [true, `--- ${path}\n+++ ${path}\n${LINES}`];
      }),
      [false, ""],
    ]);
    const [failure] = [...result.failures()];
    assertEquals(failure![0], "none");
    assertStringIncludes(failure![1].msg, "no such folder to put it in (ENOENT)");
  }
  assertEquals(fs.readdirSync(folder.at("none")), []);
});

/** What a sync with these options gives, or the reason why it fails. */
async function outcomeOf(
  tun: BaseTunnel,
  source: string,
  target: string,
  options: SyncOptions,
): Promise<unknown> {
  try {
    const { created, updated, deleted } = await tun.sync(source, target, options);
    return { created, updated, deleted };
  } catch (error) {
    return /[^:]*$/.exec(`${error}`)![0];
  }
}

for (const kind of KINDS.filter(({ way }) => way === "sudoRoot" || way === "sudoNobody")) {
  const name = `sync() with dryRun fails where its user may not write, ${kind.name}`;
  Deno.test(needing(kind.needs, name, async () => {
    await using folder = await Folder.create();
    await using tun = kind.open();
    make(folder.at("source"), { "in/a": "1", "in/b": { to: "a" }, "in/c/d": "2" });
    make(folder.at("updated"), { "in/a": "0" });
    make(folder.at("extra"), { "in/a": "1", "in/b": { to: "a" }, "in/c/d": "2", "in/gone": "3" });
    for (const root of ["source", "extra"]) {
      for (const path of ["in/a", "in/b", "in/c/d"]) setTime(`${folder.at(root)}/${path}`, 1e9);
    }
    make(folder.at("own"), { "in/a": "0" });
    const uid = await tun.call(() => process.getuid!());
    for (const path of ["own", "own/in"]) fs.chownSync(folder.at(path), uid, uid);
    fs.chmodSync(folder.at("own/in"), 0o555);
    for (const target of ["updated", "extra", "missing", "missing/too", "own"]) {
      const options = { delete: true };
      const at = folder.at(target);
      const foreseen = await outcomeOf(tun, folder.at("source"), at, { ...options, dryRun: true });
      assertEquals(foreseen, await outcomeOf(tun, folder.at("source"), at, options), target);
      const mayFail = kind.way === "sudoNobody" && target !== "own";
      assertEquals(typeof foreseen === "string", mayFail, target);
    }
  }));
}

Deno.test(
  await needingDisk({
    name: "sync() and fetchDir() with dryRun fail where the disk is read-only",
    async fn() {
      await using folder = await Folder.create();
      await using disk = await SmallDisk.create(1_000_000);
      await using tun = new Local("here");
      make(folder.at("source"), { "a": "1" });
      make(`${disk.path}/target`, { "a": "22", "b": "3" });
      await disk.makeReadOnly();
      for (const target of [`${disk.path}/target`, `${disk.path}/missing`]) {
        for (const way of Object.values(waysOf(tun))) {
          for (const dryRun of [true, false]) {
            const error = await rejection(way(folder.at("source"), target, { dryRun }));
            assertStringIncludes(String(error), "read-only (EROFS)");
          }
        }
      }
    },
  }),
);

for (const kind of KINDS.filter(({ way }) => way === "sudoRoot" || way === "ssh")) {
  Deno.test(needing(kind.needs, `sync() tells what changes as a diff, ${kind.name}`, async () => {
    await using folder = await Folder.create();
    await using tun = kind.open();
    make(folder.at("source"), { "a": NEW });
    make(folder.at("target"), { "a": OLD });
    const sync = (): Promise<SyncResult> =>
      tun.sync(folder.at("source"), folder.at("target"), { dryRun: true });
    const { diff } = await untouched(folder.at("target"), sync);
    assertEquals(diff, `--- a\n+++ a\n${LINES}`);
    assertEquals(strayIn(folder.at("target")), []);
  }));
}

for (const agent of ["deno", "node18", "node26"]) {
  const name = `sync() and fetchDir() compare with the disk of the far end, on ${agent}`;
  Deno.test(needing(["sudo", "node"], name, async () => {
    await using folder = await Folder.create();
    // A folder that both ends have at one path, with other contents at each.
    const both = folder.at("both");
    make(both, { "conf": "what is here\n", "decoy": "1" });
    make(folder.at("source"), { "conf": NEW });
    await using tun = new Hidden([both], { ...everyAgent()[agent], stderr: () => {} });
    await tun.call(
      (path: string, text: string) => fs.writeFileSync(path, text),
      `${both}/conf`,
      OLD,
    );
    const options = { dryRun: true, delete: true };
    const up = await tun.sync(folder.at("source"), both, options);
    const mode = "Mode of .: 1777 becomes 0755\n";
    assertEquals([up.diff, up.deleted], [`${mode}--- conf\n+++ conf\n${LINES}`, []]);
    const down = await tun.fetchDir(both, folder.at("source"), options);
    const back = "@@ -1,3 +1,3 @@\n one\n-2\n+two\n three\n";
    assertEquals(down.diff, `--- conf\n+++ conf\n${back}`);
    const there = await tun.call((path: string) => fs.readdirSync(path), both);
    assertEquals(there, ["conf"]);
    assertEquals((await tun.sync(folder.at("source"), both)).updated, [".", "conf"]);
    assertEquals((await tun.sync(folder.at("source"), both, options)).diff, "");
    assertEquals(fs.readFileSync(`${both}/conf`, "utf8"), "what is here\n");
  }));
}
