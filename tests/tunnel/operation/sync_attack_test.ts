import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import fs from "node:fs";
import process from "node:process";
import { SMALL } from "../../../agent/files/contents.ts";
import {
  ConnectionError,
  Local,
  ProtocolError,
  type SyncProgress,
  type SyncResult,
} from "../../../mod.ts";
import { command } from "../../services/command.ts";
import { needing } from "../../services/services.ts";
import { rejection, rejectsAs, soon } from "../_deadline.ts";
import { bytesOf, needingDisk, onRuntimes, RUNTIMES, SmallDisk } from "./_files.ts";
import type { Step } from "../fixture/tree_agent.ts";
import { attack, attackInAllWays, END } from "../fixture/tree_attack.ts";
import {
  assertSame,
  bothWays,
  listing,
  make,
  newTrees,
  type Trees,
  type Way,
  waysOf,
} from "../fixture/tree_ways.ts";

/** What was never finished, anywhere in a folder. */
function strayIn(root: string): string[] {
  return listing(root).filter((line) => line.includes("/.chopsticks-"));
}

const CHANGES = { created: [], updated: [], deleted: [], skipped: [], unchanged: 3, bytes: 0 };

/** An array with billions of holes, which nobody could go through. */
const HOLES: unknown[] = [];
HOLES.length = 2 ** 32 - 1;

Deno.test("sync() cuts off a far end that says what no agent would", async () => {
  // The source has the folder itself, a file, a folder, a file in it, and a link that leads out.
  const told: Step[] = [["receive"], ["receive"]];
  const done: Step = ["send", null];
  const cases: Record<string, Step[]> = Object.fromEntries([
    ...[0, 2, 3, -1, 1.5, "1", 99, null, "length", "__proto__", [1], {}, 1n]
      .map((index): [string, Step[]] => [
        `wants ${Deno.inspect(index)}`,
        [...told, ["send", [index]], done, ["send", ["/remote", CHANGES]], END],
      ]),
    ...[[], {}, 5, "x", true, undefined].map((wanted): [string, Step[]] => [
      `wants ${Deno.inspect(wanted)} for a list`,
      [...told, ["send", wanted], done, ["send", ["/remote", CHANGES]], END],
    ]),
    ...[
      ...[null, 5, [], ["/remote"], ["/remote", null], [5, CHANGES], [CHANGES, "/remote"]],
      ...["created", "updated", "deleted", "skipped"].flatMap((key) =>
        [undefined, "x", [5], {}, HOLES].map((value) => ["/remote", { ...CHANGES, [key]: value }])
      ),
      ...["unchanged", "bytes"].flatMap((key) =>
        [undefined, "5", -1, 0.5, NaN].map((value) => ["/remote", { ...CHANGES, [key]: value }])
      ),
    ].map((answer): [string, Step[]] => [
      `answers ${Deno.inspect(answer)}`,
      [...told, done, ["send", answer], END],
    ]),
  ]);
  Object.assign(cases, {
    "wants before anything is listed": [["send", [1]], ...told, END],
    "wants a file twice": [...told, ["send", [1]], ["send", [1]], done, END],
    "wants a file twice at once": [...told, ["send", [1, 1]], done, END],
    "wants without an end": [...told, ["flood", []]],
    "ends at once": [END],
    "ends when all is listed": [...told, done, END],
    "sends bytes": [...told, ["raw", new Uint8Array(10), 2], END],
    "sends what cannot be read": [...told, ["raw", Uint8Array.of(0xc1)], END],
    "gives up": [...told, ["reset", new Uint8Array(0)]],
  });
  await attackInAllWays(cases, async ({ tun, check, local }) => {
    fs.rmSync(local, { recursive: true });
    make(local, { "a": "1", "b/c": "2", "l": { to: "../outside/kept" } });
    const error = await rejectsAs(ProtocolError, tun.sync(local, "/remote"));
    assertMatch(error.message, /^[ -~]{1,1000}$/);
    assert(!tun.connected);
    check();
  });
});

Deno.test("sync() takes nothing from the far end but what it did", async () => {
  const forged = {
    ...CHANGES,
    localDir: "/forged",
    remoteDir: "/forged",
    then: 5,
    __proto__: null,
  };
  const answer: Step = ["send", ["/remote", forged]];
  await attack([["send", null], answer, END], async ({ tun, local }) => {
    const result = await tun.sync(local, "/remote");
    assertEquals<SyncResult>(result, { ...CHANGES, localDir: local, remoteDir: "/remote" });
  });
});

/** Runs `way`, and does something once when the first file is under way. */
async function disturbed(
  way: Way,
  { source, target }: Trees,
  disturb: (progress: SyncProgress) => void,
): Promise<SyncResult> {
  let isDone = false;
  return await way(source, target, {
    delete: true,
    onProgress: (progress) => {
      if (isDone || progress.bytes === 0) return;
      isDone = true;
      disturb(progress);
    },
  });
}

/**
 * More than is on its way at any time: when it begins to arrive, nothing behind it has been read.
 */
const FIRST = bytesOf(12 * 1024 ** 2);

bothWays("get along with files that go or change meanwhile", async (way, trees) => {
  const { source, target } = trees;
  const large = bytesOf(SMALL + 1);
  make(source, { "0": FIRST, "large": large, "small": "1", "became/folder": "2", "kept": "3" });
  make(source, {
    "large link": large,
    "link": "4",
    "pipe": "5",
    "grown": "6",
    "large grown": large,
  });
  make(source, { "shrunk": large, "large old": large, "old": "7" });
  make(target, { "large old": "old", "old": "older" });
  const result = await disturbed(way, trees, () => {
    const gone = ["large", "small", "became", "large link", "link", "pipe", "large old", "old"];
    for (const name of gone) fs.rmSync(`${source}/${name}`, { recursive: true });
    make(source, { "became": "a file", "link": { to: "kept" }, "large link": { to: "kept" } });
    fs.mkdirSync(`${source}/pipe`);
    make(source, { "grown": "grown", "large grown": bytesOf(SMALL * 2), "shrunk": "small now" });
  });
  const { created, updated, skipped, unchanged } = result;
  const lost = [
    "became/folder",
    "large",
    "large link",
    "large old",
    "link",
    "old",
    "pipe",
    "small",
  ];
  assertEquals([...skipped].sort(), lost);
  const arrived = ["0", "became", "grown", "kept", "large grown", "shrunk"];
  assertEquals([...created].sort(), arrived);
  assertEquals([updated, unchanged], [[], 1]);
  assertEquals(fs.readFileSync(`${target}/grown`, "utf8"), "grown");
  assertEquals(fs.readFileSync(`${target}/shrunk`, "utf8"), "small now");
  assertEquals(fs.statSync(`${target}/large grown`).size, SMALL * 2);
  // What was there stays: the source said that it has such a file.
  assertEquals(fs.readFileSync(`${target}/old`, "utf8"), "older");
  assertEquals(strayIn(target), []);
  await way(source, target, { delete: true });
  assertSame(source, target);
});

bothWays("carry a file to which somebody writes all the time", async (way, trees) => {
  const { source, target } = trees;
  make(source, { "log": "x" });
  // Small all the time, but for what is read in one go.
  const script = `while :; do
    i=0; while [ $i -lt 50000 ]; do printf .; i=$((i + 1)); done >> log; mv log old
  done`;
  const writer = new Deno.Command("sh", { args: ["-c", script], cwd: source }).spawn();
  try {
    for (let i = 0; i < 20; i++) await way(source, target, { checksum: i % 2 === 0 });
  } finally {
    writer.kill("SIGKILL");
    await writer.status;
  }
});

/**
 * Has links take the place of folders that are about to be used, and asserts that nothing comes of
 * it.
 */
async function swapFolders(way: Way, trees: Trees): Promise<void> {
  const { source, target, folder } = trees;
  const large = bytesOf(SMALL + 1);
  const swap = (root: string, path: string): void => {
    fs.renameSync(`${root}/${path}`, folder.at(path.replace("/", "-")));
    fs.symlinkSync(folder.at("outside"), `${root}/${path}`);
  };
  for (const at of ["1", "1/in"]) {
    for (const [root, isNew] of [[source, true], [target, true], [target, false]] as const) {
      for (const one of [source, target]) fs.rmSync(one, { recursive: true, force: true });
      fs.rmSync(folder.at(at.replace("/", "-")), { recursive: true, force: true });
      const inside = { "1/in/small": "1", "1/in/large": large };
      make(source, { "0": FIRST, ...inside });
      make(folder.at("outside"), { "small": "secret", "large": "secret", "in/small": "secret" });
      if (!isNew) make(target, { "1/in/small": "old", "1/in/gone": "old" });
      const outside = listing(folder.at("outside"));
      const syncing = disturbed(way, trees, () => swap(root, at));
      if (root === source) {
        const { skipped } = await syncing;
        assertEquals([...skipped].sort(), ["1/in/large", "1/in/small"]);
        assert(!fs.existsSync(`${target}/1/in/small`));
      } else {
        assertMatch(
          (await rejectsAs(Error, syncing)).message,
          /here, \S+target\/1\S*: (a part of the path is not a folder|it is not a folder any more)/,
        );
      }
      assertEquals(listing(folder.at("outside")), outside);
      assertEquals(strayIn(target), []);
    }
  }
}

bothWays("follow no link that takes the place of a folder meanwhile", swapFolders);

Deno.test("sync() and fetchDir() follow no such link without access to /proc either", async () => {
  await using trees = await newTrees();
  const own = [trees.folder.path];
  const permissions = { read: own, write: own };
  await using tun = new Local("here", { runtime: "deno", permissions, stderr: () => {} });
  await swapFolders(waysOf(tun).sync, trees);
  await swapFolders(waysOf(tun).fetchDir, trees);
});

bothWays("leave folders as others can use them when they fail", async (way, trees) => {
  const { source, target } = trees;
  make(source, { "0": FIRST, "d/e/f": "1", "old/g": "2", "z": FIRST });
  make(target, { "old/h": "3" });
  fs.chmodSync(`${source}/d`, 0o755);
  fs.chmodSync(`${source}/old`, 0o711);
  fs.chmodSync(`${target}/old`, 0o555);
  const modes = (): string[] =>
    ["", "/d", "/d/e", "/old"].map((path) => (fs.statSync(target + path).mode & 0o777).toString(8));
  const controller = new AbortController();
  const aborted = way(source, target, {
    signal: controller.signal,
    onProgress: () => controller.abort(new Error("enough")),
  });
  assertEquals((await rejectsAs(Error, aborted)).message, "enough");
  assertEquals(modes(), ["755", "755", "755", "555"]);
  fs.mkdirSync(`${target}/z`);
  make(target, { "z/in": "in the way" });
  await rejectsAs(Error, way(source, target));
  assertEquals(modes(), ["755", "755", "755", "555"]);
});

bothWays("refuse a file that is changed while it is sent", async (way, trees) => {
  const { source, target } = trees;
  const changes: Record<string, (at: string) => void> = {
    "it had 12582912 bytes, and has 1 now": (at) => fs.truncateSync(at, 1),
    "it was written to": (at) => {
      const file = fs.openSync(at, "r+");
      fs.writeSync(file, bytesOf(10));
      fs.futimesSync(file, new Date(1e12), new Date(1e12));
      fs.closeSync(file);
    },
  };
  for (const [how, change] of Object.entries(changes)) {
    make(source, { "0": FIRST, "1": "new", "2/3": how });
    make(target, { "0": "old", "4": "kept" });
    const error = await rejectsAs(
      Error,
      disturbed(way, trees, () => change(`${source}/0`)),
    );
    assertMatch(error.message, /here, \S+\/source\/0: it changed while it was read: /);
    assertStringIncludes(error.message, how);
    assertEquals(fs.readFileSync(`${target}/0`, "utf8"), "old");
    assertEquals(strayIn(target), []);
    // All else has arrived, and nothing was removed.
    assertEquals(fs.readFileSync(`${target}/2/3`, "utf8"), how);
    assert(fs.existsSync(`${target}/4`));
  }
});

/** Asserts that each file is as it was, or as it was to be. */
function assertWhole(target: string, ...sizes: number[]): void {
  for (const name of fs.readdirSync(target)) {
    const bytes = fs.readFileSync(`${target}/${name}`);
    assert(sizes.includes(bytes.length), `${name} has ${bytes.length} bytes`);
    assert(bytes.every((byte) => byte === bytes[0]), `${name} is of both`);
  }
}

bothWays("can be aborted at any time, and leave whole files", async (way, trees) => {
  const { source, target } = trees;
  const fill = (root: string, size: number, byte: number): void => {
    for (let i = 0; i < 20; i++) make(root, { [`${i}`]: new Uint8Array(size + i).fill(byte) });
  };
  fill(source, 700_000, 1);
  const sizes = Array.from({ length: 20 }, (_, i) => [700_000 + i, 500_000 + i]).flat();
  for (const bytes of [0, 1, 500_000, 3_000_000, 9_000_000]) {
    fill(target, 500_000, 2);
    const controller = new AbortController();
    const reason = { enough: bytes };
    if (bytes === 0) controller.abort(reason);
    let told = 0;
    const aborted = way(source, target, {
      signal: controller.signal,
      onProgress: (progress) => {
        told++;
        if (progress.bytes >= bytes) controller.abort(reason);
      },
    });
    assertEquals(await soon(rejection(aborted), "the abort"), reason);
    assertEquals(told > 0, bytes > 0);
    assertEquals(strayIn(target), []);
    assertWhole(target, ...sizes);
  }
  const thrown = Object.assign(new Error("mine"), { code: "ENOENT" });
  const failed = disturbed(way, trees, () => {
    throw thrown;
  });
  assert(await rejection(failed) === thrown);
  assertEquals(strayIn(target), []);
  assertWhole(target, ...sizes);
  await way(source, target);
  assertSame(source, target);
});

onRuntimes("sync() and fetchDir() are ended by the signal of with()", async (tun, folder) => {
  make(folder.at("source"), { "a": FIRST, "b": FIRST });
  for (const name of ["sync", "fetchDir"] as const) {
    // While both ends are still reading to compare, too.
    for (const checksum of [true, false]) {
      make(folder.at("target"), { "a": FIRST.toReversed() });
      const controller = new AbortController();
      const view = tun.with({ signal: controller.signal });
      await tun.connect();
      const running = waysOf(view)[name](folder.at("source"), folder.at("target"), {
        checksum,
        onProgress: () => controller.abort(new Error("enough")),
      });
      if (checksum) setTimeout(() => controller.abort(new Error("enough")), 5);
      const error = await rejectsAs(Error, running);
      assertEquals(error.message, "enough");
      assertEquals(strayIn(folder.at("target")), []);
      assertEquals(await tun.call(() => 5), 5);
    }
  }
});

bothWays("complete what a process that was killed has begun", async (way, trees) => {
  const { source, target } = trees;
  make(source, { "d/0": FIRST, "d/1": "1", "e": "2" });
  make(target, { "d/0": "old", "d/x": "other" });
  // As after the death of whoever wrote to the target.
  const script = `import { temporaryPath } from ${
    JSON.stringify(import.meta.resolve("../../../agent/files/temporary_name.ts"))
  }; Deno.writeTextFileSync(temporaryPath("${target}/d"), "half");`;
  const { success } = await command([Deno.execPath(), "eval", "--no-check", script]);
  assert(success && strayIn(target).length === 1);
  const before = fs.readdirSync(`${target}/d`);
  await way(source, target, { delete: true, dryRun: true });
  assertEquals(fs.readdirSync(`${target}/d`), before);
  const { deleted, created } = await way(source, target, { delete: true });
  assertEquals([deleted, [...created].sort()], [["d/x"], ["d/1", "e"]]);
  assertSame(source, target);
  // And it is nothing that belongs to the source.
  await way(target, `${target}2`);
  assertEquals(strayIn(`${target}2`), []);
});

for (const runtime of RUNTIMES) {
  const name = `sync() and fetchDir() fail at once when the agent is killed, on ${runtime.name}`;
  Deno.test(needing(runtime.needs, name, async () => {
    for (const name of ["sync", "fetchDir"] as const) {
      await using trees = await newTrees();
      await using tun = runtime.open();
      const { source, target } = trees;
      for (let i = 0; i < 10; i++) make(source, { [`${i}`]: FIRST });
      make(target, { "5": "old" });
      const way = waysOf(tun)[name];
      let isKilled = false;
      const killed = way(source, target, {
        onProgress: ({ bytes }) => {
          if (bytes < 2.5 * FIRST.length || isKilled) return;
          isKilled = true;
          process.kill(tun.info!.pid, "SIGKILL");
        },
      });
      await rejectsAs(ConnectionError, killed);
      assert(isKilled);
      assertEquals(fs.readFileSync(`${target}/5`, "utf8"), "old");
      for (const name of fs.readdirSync(target)) {
        const { size } = fs.statSync(`${target}/${name}`);
        assert(name.startsWith(".") || name === "5" || size === FIRST.length);
      }
      await way(source, target);
      assertSame(source, target);
    }
  }));
}

Deno.test(
  await needingDisk({
    name: "sync() and fetchDir() say that the disk is full, and leave nothing half-written",
    async fn() {
      for (
        const runtime of RUNTIMES.filter(({ needs }) =>
          needing(needs, "", () => {}).ignore !== true
        )
      ) {
        await using tun = runtime.open();
        for (const way of Object.values(waysOf(tun))) {
          await using trees = await newTrees();
          await using disk = await SmallDisk.create(2 * 1024 ** 2);
          const { source } = trees;
          const target = `${disk.path}/target`;
          for (const size of [60_000, 900_000]) {
            fs.rmSync(source, { recursive: true });
            for (let i = 0; i < 50; i++) make(source, { [`d/${i}`]: bytesOf(size) });
            const error = await rejectsAs(Error, way(source, target));
            assertMatch(
              error.message,
              /here, \S+\/target\/d\/\d+: no space left on the disk \(ENOSPC\)$/,
            );
            assertEquals(strayIn(target), []);
            const names = fs.readdirSync(`${target}/d`);
            assert(names.length > 0);
            for (const name of names) {
              assertEquals(fs.statSync(`${target}/d/${name}`).size, size);
            }
            fs.rmSync(target, { recursive: true });
          }
          await disk.makeReadOnly();
          const error = await rejectsAs(Error, way(source, target));
          assertMatch(error.message, /target: the file system is read-only \(EROFS\)$/);
        }
      }
    },
  }),
);

Deno.test(
  await needingDisk({
    name: "sync() and fetchDir() carry times that are later than any Date",
    async fn() {
      for (
        const runtime of RUNTIMES.filter(({ needs }) =>
          needing(needs, "", () => {}).ignore !== true
        )
      ) {
        await using tun = runtime.open();
        for (const way of Object.values(waysOf(tun))) {
          await using disk = await SmallDisk.create(1024 ** 2);
          const [source, target] = [`${disk.path}/source`, `${disk.path}/target`];
          make(source, { "small": "1", "link": { to: "small" } });
          for (const name of ["small", "link"]) {
            await command(["touch", "-h", "-d", "@10000000000000", `${source}/${name}`]);
          }
          const { created } = await way(source, target);
          assertEquals(created.length, 3);
          assertEquals(fs.statSync(`${target}/small`).mtimeMs, 8.64e15);
          assertEquals((await way(source, target)).unchanged, 3);
        }
      }
    },
  }),
);

onRuntimes(
  "sync() and fetchDir() get along with each other, and with calls",
  async (tun, folder) => {
    const source = folder.at("source");
    for (let i = 0; i < 500; i++) make(source, { [`${i % 7}/${i}`]: `${i}` });
    make(source, { "large": FIRST });
    const { sync, fetchDir } = waysOf(tun);
    let isDone = false;
    const all = Promise.all([
      ...[1, 2, 3].map(() => sync(source, folder.at("one"))),
      ...[1, 2, 3].map(() => fetchDir(source, folder.at("two"))),
      sync(source, folder.at("three")),
      fetchDir(source, folder.at("four")),
    ]).finally(() => isDone = true);
    let calls = 0;
    while (!isDone) {
      await tun.call(() => 5);
      calls++;
    }
    assertEquals((await all).length, 8);
    assert(calls > 10, `there were only ${calls} calls`);
    for (const name of ["one", "two", "three", "four"]) assertSame(source, folder.at(name));
  },
);
