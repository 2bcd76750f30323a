import { assert, assertEquals, assertMatch } from "@std/assert";
import fs from "node:fs";
import process from "node:process";
import { SMALL } from "../../../agent/files/contents.ts";
import { Local, SSHTunnel, type SyncProgress, type SyncResult } from "../../../mod.ts";
import { command } from "../../services/command.ts";
import { needing, service, slow } from "../../services/services.ts";
import { rejectsAs } from "../_deadline.ts";
import { bytesOf, Folder, modeOf, onRuntimes, strayIn } from "./_files.ts";
import { sshArgs } from "../_kinds.ts";
import {
  assertSame,
  bothWays,
  type Contents,
  differences,
  listing,
  make,
  newTrees,
  setTime,
  waysOf,
} from "../fixture/tree_ways.ts";

/** The lists and counts of a result, without what is empty or 0. */
function told(result: SyncResult): Record<string, unknown> {
  const { localDir: _, remoteDir: __, diff: ___, ...rest } = result;
  const isSaid = (value: unknown): boolean => Array.isArray(value) ? value.length > 0 : value !== 0;
  return Object.fromEntries(
    Object.entries(rest).filter(([, value]) => isSaid(value))
      .map(([key, value]) => [key, Array.isArray(value) ? [...value].sort() : value]),
  );
}

bothWays("create, update and remove, and leave alone what is the same", async (way, trees) => {
  const { source, target } = trees;
  make(source, { "a": "1", "b/c": "22", "b/d": { to: "c" }, "e": null });
  const first = await way(source, target);
  assertEquals(first.localDir, source === first.localDir ? source : target);
  assertEquals([first.localDir, first.remoteDir].sort(), [source, target]);
  const all = [".", "a", "b", "b/c", "b/d", "e"];
  assertEquals(told(first), { created: all, bytes: 3 });
  assertSame(source, target);

  assertEquals(told(await way(source, target, { delete: true })), { unchanged: 6 });
  make(source, { "a": "333", "b/f": "4444" });
  make(target, { "x/y/z": "5", "b/g": { to: "/" }, "e/h": null });
  const changed = { created: ["b/f"], updated: ["a"], unchanged: 5, bytes: 7 };
  assertEquals(told(await way(source, target)), changed);
  assert(fs.existsSync(`${target}/x/y/z`));

  fs.rmSync(`${source}/b/c`);
  const removed = ["b/c", "b/g", "e/h", "x", "x/y", "x/y/z"];
  const last = await way(source, target, { delete: true });
  assertEquals(told(last), { deleted: removed, unchanged: 6 });
  assertSame(source, target);
});

bothWays("make the target empty if the source is, with delete", async (way, { source, target }) => {
  make(target, { "a/b/c": "1", "-d": "2", "e": { to: "a" } });
  assertEquals(told(await way(source, target)), { unchanged: 1 });
  const { deleted } = await way(source, target, { delete: true });
  assertEquals([...deleted].sort(), ["-d", "a", "a/b", "a/b/c", "e"]);
  assertSame(source, target);
});

bothWays("compare sizes and times, or contents with checksum", async (way, trees) => {
  const { source, target } = trees;
  const large = bytesOf(SMALL + 1);
  make(source, { "content": "abc", "time": "abc", "both": "abc", large, "large time": large });
  for (const name of fs.readdirSync(source)) setTime(`${source}/${name}`, 1_600_000_000);
  await way(source, target);
  const before = listing(source);
  make(target, { "content": "xyz", "large": large.toReversed() });
  for (const name of ["content", "large"]) setTime(`${target}/${name}`, 1_600_000_000);
  for (const name of ["time", "large time"]) setTime(`${target}/${name}`, 1_700_000_000);

  const bytes = 3 + SMALL + 1;
  const quick = await way(source, target, { dryRun: true });
  assertEquals(told(quick), { updated: ["large time", "time"], unchanged: 4, bytes });
  const updated = ["content", "large", "large time", "time"];
  const thorough = await way(source, target, { checksum: true });
  assertEquals(told(thorough), { updated, unchanged: 2, bytes });
  assertEquals(listing(target), before);
  assertEquals(told(await way(source, target, { checksum: true })), { unchanged: 6 });
});

bothWays("carry modes, those of what may not be written to included", async (way, trees) => {
  const { source, target } = trees;
  make(source, {
    "plain": "1",
    "none": "2",
    "run": "3",
    "group": "4",
    "ro/in/a": "5",
    "sgid": null,
  });
  const modes = {
    plain: 0o600,
    run: 0o755,
    group: 0o1755,
    sgid: 0o2770,
    "ro/in": 0o500,
    ro: 0o555,
  };
  for (const [name, mode] of Object.entries(modes)) fs.chmodSync(`${source}/${name}`, mode);
  // Only root can read it.
  fs.chmodSync(`${source}/none`, Deno.uid() === 0 ? 0o000 : 0o400);
  await way(source, target);
  assertSame(source, target, way);

  fs.chmodSync(`${source}/plain`, 0o711);
  fs.chmodSync(`${source}/sgid`, 0o1777);
  fs.chmodSync(`${source}/ro/in`, 0o700);
  make(source, { "ro/in/a": "6", "ro/in/b": "7" });
  fs.chmodSync(`${source}/ro/in`, 0o500);
  const again = await way(source, target, { delete: true });
  const changes = { created: ["ro/in/b"], updated: ["plain", "ro/in/a", "sgid"] };
  assertEquals(told(again), { ...changes, unchanged: 6, bytes: 2 });
  assertSame(source, target, way);
  fs.rmSync(`${source}/ro`, { recursive: true, force: true });
  assertEquals((await way(source, target, { delete: true })).deleted.length, 4);
  assertSame(source, target, way);
});

onRuntimes("fetchDir() heeds the umask, and lets nobody else write", async (tun, folder) => {
  make(folder.at("source"), { "f": "1", "d/run": "2" });
  const modes = { "": 0o2777, "/f": 0o6777, "/d": 0o7777, "/d/run": 0o777 };
  for (const [path, mode] of Object.entries(modes)) fs.chmodSync(folder.at(`source${path}`), mode);
  // A folder here keeps the group that its files get.
  fs.mkdirSync(folder.at("sgid"));
  fs.chmodSync(folder.at("sgid"), 0o2700);
  const umask = process.umask();
  try {
    for (const [mask, expected] of [[0o077, 0o700], [0o027, 0o750], [0, 0o775]] as const) {
      process.umask(mask);
      const target = folder.at(`target${mask}`);
      const told = await tun.fetchDir(folder.at("source"), target);
      assertEquals(told.created.length, 4);
      for (const path of Object.keys(modes)) {
        assertEquals(modeOf(target + path), expected, `${path} with umask ${mask.toString(8)}`);
      }
      assertEquals((await tun.fetchDir(folder.at("source"), target)).unchanged, 4);
      await tun.fetchDir(folder.at("source"), folder.at("sgid"));
      assertEquals(modeOf(folder.at("sgid")), 0o2000 | expected);
    }
  } finally {
    process.umask(umask);
  }
});

onRuntimes("sync() runs of one folder at once do not fail each other", async (tun, folder) => {
  make(folder.at("source"), { "f": "1", "d/e/g": "2", "was a file/h": "3", "l": { to: "f" } });
  await using other = new Local("other", { runtime: "deno", stderr: () => {} });
  await Promise.all([tun, other].map((each) => each.connect()));
  // Too many runs to be lucky in each.
  for (let i = 0; i < 60; i++) {
    const target = folder.at(`target/${i}`);
    if (i % 2 > 0) make(target, { "was a file": "" });
    const ways = [waysOf(tun), waysOf(other)].flatMap(({ sync, fetchDir }) => [sync, fetchDir]);
    await Promise.all(ways.map((way) => way(folder.at("source"), target, { delete: true })));
    assertSame(folder.at("source"), target);
    assertEquals(strayIn(target), []);
  }
});

Deno.test("fetchDir() needs no permission but for its folder", async () => {
  await using folder = await Folder.create();
  make(folder.at("source"), { "f": "1", "d/g": "2" });
  const [source, target] = [folder.at("source"), folder.at("target")];
  const mod = import.meta.resolve("../../../mod.ts");
  const script = folder.write(
    "script.ts",
    `import { Local } from ${JSON.stringify(mod)};
    await using tun = new Local("here", { runtime: "deno" });
    await tun.fetchDir(${JSON.stringify(source)}, ${JSON.stringify(target)});`,
  );
  const { problem } = await command([
    ...[Deno.execPath(), "run", "--no-prompt", "--no-check", "--allow-env", "--allow-sys"],
    ...["--allow-run=sh", `--allow-read=${target}`, `--allow-write=${target}`, script],
  ]);
  assertEquals(problem, "");
  assertSame(source, target);
});

Deno.test("sync() changes no mode or time that its agent may not write", async () => {
  await using trees = await newTrees();
  const { source, target, folder } = trees;
  for (const path of [source, target]) {
    make(path, { "closed/file": "1" });
    setTime(`${path}/closed/file`, 1_500_000_000);
    setTime(`${path}/closed`, 1_500_000_000);
    setTime(path, 1_500_000_000);
  }
  const permissions = { read: true, write: [folder.at("elsewhere")] };
  await using tun = new Local("here", { runtime: "deno", permissions });
  const before = listing(target);
  const changes: Record<string, () => void> = {
    mode: () => fs.chmodSync(`${source}/closed/file`, 0o600),
    time: () => {
      fs.chmodSync(`${source}/closed/file`, modeOf(`${target}/closed/file`));
      setTime(`${source}/closed/file`, 1_400_000_000);
    },
  };
  for (const [what, change] of Object.entries(changes)) {
    change();
    for (const dryRun of [true, false]) {
      for (const checksum of [true, false]) {
        const error = await rejectsAs(Error, tun.sync(source, target, { dryRun, checksum }));
        assertMatch(error.message, /closed\S*: Requires write access to /, what);
        assertEquals(listing(target), before, what);
      }
    }
  }
});

bothWays("know a time just before a millisecond", async (way, { source, target, folder }) => {
  make(source, { "small": "abc", "large": bytesOf(SMALL + 1), "link": { to: "small" } });
  for (const name of ["small", "large", "link"]) {
    // Node's own number for it is the next millisecond.
    await command(["touch", "-h", "-d", "@1700000000.122999950", `${source}/${name}`]);
  }
  await command(["cp", "-a", source, target]);
  const { bytes, unchanged } = await way(source, target);
  assertEquals([bytes, unchanged], [0, 4]);
  // A copy of ours has whole milliseconds.
  const copy = folder.at("copy");
  await way(source, copy);
  assertEquals(Deno.lstatSync(`${copy}/small`).mtime?.getTime(), 1_700_000_000_122);
  for (const to of [copy, target]) assertEquals((await way(copy, to)).unchanged, 4);
});

bothWays("carry times of modification of everything", async (way, { source, target }) => {
  make(source, { "f": "1", "d/e": "2", "l": { to: "f" }, "1960": "3", "2100": "4", "zero": "5" });
  setTime(`${source}/1960`, -315_000_000);
  setTime(`${source}/2100`, 4_102_444_800);
  setTime(`${source}/zero`, 0);
  const touch = (seconds: number): void => {
    for (const path of ["f", "l", "d/e", "d", ""]) setTime(`${source}/${path}`, seconds++);
  };
  touch(1_500_000_000.123);
  await way(source, target);
  assertSame(source, target);
  touch(1_400_000_000.999);
  // The times of folders follow without being counted: each change in one makes it another.
  const { updated, unchanged } = await way(source, target);
  assertEquals([[...updated].sort(), unchanged], [["d/e", "f", "l"], 5]);
  assertSame(source, target);
});

bothWays("carry links as they are, and follow none", async (way, { source, target, folder }) => {
  make(folder.at("outside"), { "secret": "1" });
  make(source, {
    ...{ "file": "2", "d/e": "3", "relative": { to: "file" }, "d/up": { to: "../file" } },
    ...{ "absolute": { to: folder.at("outside") }, "dangling": { to: "no/such" } },
    ...{ "self": { to: "self" }, "folder": { to: "d" }, "odd": { to: " -> \n\u{1f962}" } },
    "long": { to: "x/".repeat(2000) },
  });
  assertEquals((await way(source, target)).bytes, 2);
  assertSame(source, target);
  // They may lead elsewhere later, and be replaced.
  for (const name of ["dangling", "folder", "absolute"]) fs.rmSync(`${source}/${name}`);
  make(source, { "dangling": { to: "file" }, "folder/x": "4", "absolute": { to: "d" } });
  const { updated } = await way(source, target, { delete: true });
  assertEquals([...updated].sort(), ["absolute", "dangling", "folder"]);
  assertSame(source, target);
  assertEquals(fs.readdirSync(folder.at("outside")), ["secret"]);
});

/** Each kind of thing that a name may stand for. */
const THINGS: Readonly<Record<string, Contents>> = {
  file: { "x": "file" },
  "large file": { "x": bytesOf(SMALL + 1) },
  folder: { "x/y/z": "in it" },
  "empty folder": { "x": null },
  link: { "x": { to: "elsewhere" } },
  "link to a folder": { "x": { to: "../outside" } },
};

bothWays("replace anything by anything", async (way, { source, target, folder }) => {
  make(folder.at("outside"), { "a": "1" });
  const outside = listing(folder.at("outside"));
  for (const [before, old] of Object.entries(THINGS)) {
    for (const [after, replacement] of Object.entries(THINGS)) {
      for (const remove of [false, true]) {
        for (const root of [source, target]) fs.rmSync(root, { recursive: true, force: true });
        make(target, old);
        // One of a whole second, which is that of the source, would be taken for the same.
        if ("x" in old) setTime(`${target}/x`, 1_600_000_000);
        make(source, replacement);
        const options = { delete: remove };
        if (before === "folder" && !remove && !["folder", "empty folder"].includes(after)) {
          const there = listing(target);
          const expected = /target\/x: a folder is in the way, and it is not empty: delete: true/;
          for (const dryRun of [true, false]) {
            const error = await rejectsAs(Error, way(source, target, { ...options, dryRun }));
            assertMatch(error.message, expected);
            // Only the folder itself is younger.
            assertEquals(listing(target).slice(1), there.slice(1));
          }
          continue;
        }
        const { diff: _, ...foreseen } = await way(source, target, { ...options, dryRun: true });
        assertEquals(await way(source, target, options), foreseen, `${before} by ${after}`);
        if (remove || before !== "folder") assertSame(source, target);
        assertEquals(listing(folder.at("outside")), outside);
      }
    }
  }
});

bothWays("carry names of any kind", async (way, { source, target }) => {
  const names = [
    ...[
      "-rf",
      "--delete",
      " ",
      " a ",
      "two\nlines",
      "tab\t",
      "'",
      '"',
      "\\",
      "$HOME",
      "`id`",
      "*?",
    ],
    ...[
      "[a]",
      "{a,b}",
      "~",
      "#",
      "žluťoučký",
      "z\u030c",
      "\u017e",
      "🥢",
      "\u{1f468}\u200d\u{1f469}",
    ],
    ...[
      "...",
      "..a",
      "\x01\x1b[31m\x7f",
      "\u202etxt",
      "\ufffd",
      "\ufeff",
      "a:b|c",
      "CON",
      "a.",
      "A",
    ],
    ...["__proto__", "constructor", "0", ".chopsticks-", ".chopsticks-mine", "x".repeat(255)],
    "é".repeat(127),
  ];
  for (const name of names) {
    make(source, { [name]: name, [`in/${name}/${name}/file`]: name });
    make(source, { [`links/${name}`]: { to: name } });
  }
  const { created } = await way(source, target);
  assertEquals(created.length, 3 + 5 * names.length);
  assertSame(source, target);
  assertEquals((await way(source, target, { delete: true })).unchanged, created.length);
  fs.rmSync(source, { recursive: true });
  fs.mkdirSync(source);
  assertEquals((await way(source, target, { delete: true })).deleted.length, created.length - 1);
});

bothWays("carry deep folders", async (way, { source, target }) => {
  make(source, { [`${"d/".repeat(200)}file`]: "deep" });
  assertEquals((await way(source, target)).created.length, 202);
  assertSame(source, target);
  fs.rmSync(`${source}/d/d`, { recursive: true });
  assertEquals((await way(source, target, { delete: true })).deleted.length, 200);
  assertSame(source, target);
});

Deno.test(slow("sync() and fetchDir() carry folders with many files", async () => {
  await using trees = await newTrees();
  await using tun = new Local("here");
  const { source, target, folder } = trees;
  const { sync, fetchDir } = waysOf(tun);
  for (let i = 0; i < 10_000; i++) fs.writeFileSync(`${source}/${i}`, `${i}`);
  assertEquals((await sync(source, target)).bytes, 10 + 90 * 2 + 900 * 3 + 9000 * 4);
  assertEquals((await fetchDir(target, folder.at("back"))).created.length, 10_001);
  assertSame(source, folder.at("back"));
  for (let i = 0; i < 10_000; i += 2) fs.rmSync(`${source}/${i}`);
  const again = await sync(source, target, { delete: true });
  assertEquals([again.deleted.length, again.unchanged], [5_000, 5_001]);
  assertSame(source, target);
}));

const SIZES = [0, 1, SMALL - 1, SMALL, SMALL + 1, 3 * 1024 ** 2, 3 * 1024 ** 2 + 1];

bothWays("carry files of any size, and tell how far they are", async (way, { source, target }) => {
  for (const size of SIZES) make(source, { [`${size}`]: bytesOf(size) });
  for (let i = 0; i < 600; i++) make(source, { [`small/${i}`]: bytesOf(1000) });
  const told: SyncProgress[] = [];
  const { bytes } = await way(source, target, { onProgress: (progress) => told.push(progress) });
  assertSame(source, target);
  const total = SIZES.reduce((sum, size) => sum + size) + 600_000;
  assertEquals(bytes, total);
  for (const [i, now] of told.entries()) {
    const before = told[i - 1] ?? { files: 0, bytes: 0, totalFiles: 0, totalBytes: 0 };
    for (const key of ["files", "bytes", "totalFiles", "totalBytes"] as const) {
      assert(now[key] >= before[key], `${key} goes back from ${before[key]} to ${now[key]}`);
    }
    assert(now.files <= now.totalFiles && now.bytes <= now.totalBytes);
  }
  const files = SIZES.length + 600;
  const end = { host: "here", files, totalFiles: files, bytes: total, totalBytes: total };
  assertEquals(told.at(-1), end);
  assert(told.length > 10, "it was told only at the end");

  const nothing: SyncProgress[] = [];
  await way(source, target, { onProgress: (progress) => nothing.push(progress) });
  assertEquals(nothing, [{ ...end, files: 0, totalFiles: 0, bytes: 0, totalBytes: 0 }]);
});

bothWays("carry files that have no size but contents", async (way, { source, target }) => {
  if (Deno.build.os !== "linux") return;
  const random = "/proc/sys/kernel/random";
  await way(random, target);
  for (const name of ["boot_id", "poolsize"]) {
    assertEquals(fs.readFileSync(`${target}/${name}`), fs.readFileSync(`${random}/${name}`));
  }
  // Those that are really empty, too.
  make(source, { "empty": "" });
  await way(source, target, { delete: true });
  assertSame(source, target);
});

bothWays("leave sockets and pipes alone, on both sides", async (way, { source, target }) => {
  make(source, { "a/b": "1" });
  await command(["mkfifo", `${source}/a/fifo`]);
  const socket = Deno.listen({ transport: "unix", path: `${source}/socket` });
  if (Deno.uid() === 0) await command(["mknod", `${source}/null`, "c", "1", "3"]);
  const specials = Deno.uid() === 0 ? ["a/fifo", "null", "socket"] : ["a/fifo", "socket"];
  make(target, { "socket": "has the name of what cannot be sent" });
  await command(["mkfifo", `${target}/old`]);
  fs.mkdirSync(`${target}/a`);
  await command(["mkfifo", `${target}/a/b`]);
  const result = await way(source, target, { delete: true });
  socket.close();
  const expected = { created: [], updated: ["a/b"], deleted: ["old"], skipped: specials };
  const { created, updated, deleted, skipped } = result;
  assertEquals({ created, updated, deleted, skipped: [...skipped].sort() }, expected);
  assertEquals(fs.readdirSync(target).sort(), ["a", "socket"]);
});

bothWays("refuse names that are not UTF-8, wherever", async (way, { source, target }) => {
  const odd = async (script: string): Promise<void> => {
    const { success, problem } = await command(["sh", "-c", script]);
    assert(success, problem);
  };
  await odd(`touch "${source}/$(printf 'x\\377')"`);
  const refused = /source\/x\ufffd: its name is not UTF-8/;
  assertMatch((await rejectsAs(Error, way(source, target))).message, refused);
  // Another one that looks the same makes no difference.
  make(source, { "x\ufffd": "1" });
  assertMatch((await rejectsAs(Error, way(source, target))).message, refused);
  await way(source, target, { exclude: ["x?"] });
  fs.rmSync(source, { recursive: true });
  make(source, { "a": "1" });
  await odd(`touch "${target}/$(printf 'y\\377')"`);
  await way(source, target);
  const error = await rejectsAs(Error, way(source, target, { delete: true }));
  assertMatch(error.message, /target\/y\ufffd: its name is not UTF-8/);
  await odd(`ln -s "$(printf 'z\\377')" "${source}/link"`);
  const link = await rejectsAs(Error, way(source, target));
  assertMatch(link.message, /source\/link: the path that the link leads to is not UTF-8/);
  // One that was there before is no obstacle.
  await odd(`rm "${source}/link"; ln -s "$(printf 'z\\377')" "${target}/link"`);
  make(source, { "link": { to: "a" } });
  assertEquals((await way(source, target)).updated, ["link"]);
});

bothWays("change nothing with dryRun, and tell what would be", async (way, { source, target }) => {
  make(source, { "a": "1", "b/c": "2", "new/x/y": "3", "l": { to: "a" }, "t": { to: "b" } });
  fs.chmodSync(`${source}/b`, 0o555);
  const missing = await way(source, target, { dryRun: true });
  assertEquals([missing.created.length, missing.bytes], [9, 3]);
  assert(!fs.existsSync(target));
  make(target, { "a": "0", "b/c": "22", "gone/x/y": "4", "l/z": "5", "t": null, "keep/k.o": "6" });
  const before = listing(target);
  const options = { delete: true, exclude: ["*.o"] };
  const { diff: _, ...foreseen } = await way(source, target, { ...options, dryRun: true });
  assertEquals(listing(target), before);
  const done = await way(source, target, options);
  assertEquals(done, foreseen);
  assertEquals(done.deleted.length, 4);
  fs.rmSync(`${target}/keep`, { recursive: true });
  setTime(target, fs.statSync(source).mtimeMs / 1000);
  assertSame(source, target);
});

onRuntimes("sync() and fetchDir() take thousands of globs", async (tun, folder) => {
  Deno.mkdirSync(folder.at("source"));
  folder.write("source/kept", "1");
  folder.write("source/number-4999", "2");
  const exclude = Array.from({ length: 5000 }, (_, i) => `number-${i}`);
  const calling = tun.call(Date.now);
  await tun.sync(folder.at("source"), folder.at("there"), { exclude });
  await tun.fetchDir(folder.at("source"), folder.at("here"), { exclude });
  for (const name of ["there", "here"]) {
    assertEquals([...Deno.readDirSync(folder.at(name))].map(({ name }) => name), ["kept"]);
  }
  assert(await calling > 0);
});

Deno.test(needing(["ssh", "deno", "rsync"], "sync() and fetchDir() work over ssh", async () => {
  await using trees = await newTrees();
  const { source, target, folder } = trees;
  await using tun = new SSHTunnel("host1", { deno: service("deno").path, sshArgs: sshArgs() });
  const { sync, fetchDir } = waysOf(tun);
  make(source, { "large": bytesOf(5_000_000), "a b/'c'": "1", "l": { to: "a b" }, "e": null });
  for (let i = 0; i < 1000; i++) make(source, { [`many/${i % 10}/${i}`]: `${i}` });
  await sync(source, target);
  assertEquals(await differences(source, target), "");
  await fetchDir(target, folder.at("back"));
  assertEquals(await differences(source, folder.at("back")), "");
  fs.rmSync(`${source}/many/3`, { recursive: true });
  const { deleted, unchanged } = await sync(source, target, { delete: true });
  assertEquals([deleted.length, unchanged], [101, 1000 + 17 - 101]);
  assertEquals(await differences(source, target), "");
}));
