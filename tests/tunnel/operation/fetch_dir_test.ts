import { assert, assertEquals, assertMatch } from "@std/assert";
import fs from "node:fs";
import { relative } from "node:path";
import process from "node:process";
import { Flag } from "../../../agent/wire/frame.ts";
import { encodeFailure } from "../../../agent/protocol/failure.ts";
import { TreeMessage } from "../../../agent/trees/tree_entry.ts";
import { ConnectionError, ProtocolError, RemoteError, Sudo } from "../../../mod.ts";
import { Random } from "../../agent/_random.ts";
import { needing, service, slow } from "../../services/services.ts";
import { rejection, rejectsAs, soon } from "../_deadline.ts";
import { onRuntimes, RUNTIMES } from "./_files.ts";
import type { Step } from "../fixture/tree_agent.ts";
import {
  all,
  attack,
  attackInAllWays,
  END,
  entries,
  file,
  files,
  folder,
  link,
  LISTED,
  raw,
  ROOT,
  START,
  TIME,
} from "../fixture/tree_attack.ts";
import { BAD } from "../fixture/tree_bad_messages.ts";
import { mutate } from "../fixture/tree_random.ts";
import {
  assertSame,
  bothWays,
  differences,
  listing,
  make,
  newTrees,
  waysOf,
} from "../fixture/tree_ways.ts";

Deno.test(slow("fetchDir() cuts off a far end that sends what no agent would", async () => {
  const paths = (root: string): string[] => listing(root).map((line) => line.split(/ \d{9,}/)[0]!);
  await attackInAllWays(BAD, async ({ local, fetch, tun, check }) => {
    const before = paths(local);
    const error = await rejectsAs(ProtocolError, fetch({ delete: true }));
    assertMatch(error.message, /^[ -~]{1,1000}$/);
    assert(!tun.connected);
    check();
    // Nothing is removed before all is there.
    const after = new Set(paths(local));
    assertEquals(before.filter((path) => !after.has(path)), []);
  });
}));

Deno.test("fetchDir() cuts off a far end that does not say what is at a path", async () => {
  // It lists the folder again instead.
  const steps = [START, entries(ROOT, file("new"), file("kept")), LISTED, END];
  await attack(steps, async ({ fetch, tun, check }) => {
    const error = await rejectsAs(ProtocolError, fetch({ dryRun: true }));
    assertMatch(error.message, /did not say what is at a path/);
    assert(!tun.connected);
    check();
  });
});

Deno.test("fetchDir() takes what is odd, but harmless", async (t) => {
  const cases: Record<string, readonly Step[]> = {
    "a folder where a link leads out": all(
      ...[
        folder("sub"),
        file("sub/evil"),
        folder("deep"),
        folder("deep/sub"),
        file("deep/sub/evil"),
      ],
    ),
    "a file where a link leads out": all(file("sub"), file("broken")),
    "links that lead out": all(link("sub", "/"), link("kept", "../outside"), link("new", "..")),
    "names that are special elsewhere": all(
      ...[folder("__proto__"), file("__proto__/x"), file("constructor"), file("toString")],
    ),
    "entries in no order": all(folder("z"), folder("a"), file("z/f"), file("a/f"), file("z/a")),
    "a size that is not true": all(file("f", Number.MAX_SAFE_INTEGER)),
    "a file that is gone": [START, entries(ROOT, file("f")), LISTED, files([1, null, TIME]), END],
    "a path with escape sequences": [["send", "\x1b[31m"], entries(ROOT), LISTED, END],
    "that it could not read all": [
      ...all(file("f")).slice(0, -1),
      ["send", [TreeMessage.INCOMPLETE]],
      END,
    ],
    "a large file that it could not read to its end": [
      ...[START, entries(ROOT, file("f", 1_000_000)), LISTED],
      ["send", [TreeMessage.FILE, 1, TIME, 1_000_000]],
      ...[raw(), ["send", [TreeMessage.FILE_LOST]] as const, END],
    ],
    "many messages with nothing": [
      START,
      ...Array<Step>(100).fill(entries()),
      ...all(file("f")).slice(1),
    ],
  };
  for (const [what, steps] of Object.entries(cases)) {
    await t.step(what, () =>
      attack(steps, async ({ fetch, check, local }) => {
        const { created, updated } = await fetch({ delete: true });
        check();
        assertEquals(({} as Record<string, unknown>).x, undefined);
        for (const path of [...created, ...updated]) {
          const parent = `${local}/${path}`.replace(/\/[^/]*$/, "");
          assertEquals(fs.realpathSync(parent), path === "." ? fs.realpathSync(local) : parent);
        }
      }));
  }
});

Deno.test("fetchDir() does not take what is excluded", async () => {
  const cases = [[file(".env")], [folder("real"), file("real/x.log")], [folder("real")]];
  for (const list of cases) {
    await attack(all(...list), async ({ fetch, check, local }) => {
      const before = listing(`${local}/real`).concat(fs.readFileSync(`${local}/.env`, "utf8"));
      const exclude = [".env", "*.log", ...list.length === 1 ? ["real/"] : []];
      await rejectsAs(ProtocolError, fetch({ exclude, delete: true }));
      check();
      const after = listing(`${local}/real`).concat(fs.readFileSync(`${local}/.env`, "utf8"));
      assertEquals(after, before);
    });
  }
});

Deno.test("fetchDir() shows nothing of the far end's that a terminal would obey", async () => {
  const evil = "\x1b[31m\x07\x9b5n\u202e";
  const thrown = Object.assign(new Error(evil), { name: evil, code: evil, stack: evil });
  const failure: Step = ["raw", encodeFailure(thrown), Flag.FAILURE | Flag.END];
  // deno-lint-ignore no-control-regex -- these are what it is about
  const hidden = /[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/;
  const longest = `${evil}${"x".repeat(300)}`;
  const cases: Record<string, [Step[], typeof RemoteError | typeof ProtocolError | typeof Error]> =
    {
      "at once": [[failure], RemoteError],
      "while it lists": [[START, entries(ROOT), failure], RemoteError],
      "while files come": [[START, entries(ROOT, file("f")), LISTED, failure], RemoteError],
      "in a name that is none": [all(file(`${evil}/`)), ProtocolError],
      "in a name that is too long here": [all(file(longest)), Error],
      "in a name where something is in the way": [
        all(folder(evil), file(`${evil}/${longest}`)),
        Error,
      ],
    };
  for (const [what, [steps, type]] of Object.entries(cases)) {
    await attack(steps, async ({ fetch, check }) => {
      const error = await rejectsAs<Error>(type, fetch());
      const shown = Deno.inspect(error, { colors: false });
      for (const text of [error.message, error.stack!, shown]) {
        assert(!hidden.test(text), `${what}: ${JSON.stringify(text)}`);
      }
      check();
    });
  }
});

Deno.test("fetchDir() fails at once when the far end goes away, and leaves nothing", async () => {
  const large = [START, entries(ROOT, file("f", 1_000_000)), LISTED] as const;
  const cases: Step[][] = [
    [START, ["exit"]],
    [...large, ["receive"], ["exit"]],
    [...large, ["send", [TreeMessage.FILE, 1, TIME, 1_000_000]], raw(), ["exit"]],
  ];
  for (const steps of cases) {
    await attack(steps, async ({ fetch, check }) => {
      await rejectsAs(ConnectionError, fetch({ delete: true }));
      check();
    });
  }
});

Deno.test(slow("fetchDir() can be ended when the far end never ends", async () => {
  const size = Number.MAX_SAFE_INTEGER;
  const large = [START, entries(ROOT, file("f", size)), LISTED] as const;
  const cases: Record<string, Step[]> = {
    "it says nothing": [["receive"]],
    "it lists nothing": [START, ["receive"], ["receive"]],
    "it sends nothing": [...large, ["receive"], ["receive"], ["receive"]],
    "it lists nothing again and again": [START, entries(ROOT), ["flood", [
      TreeMessage.ENTRIES,
      [],
    ]]],
    "it sends nothing again and again": [...large, ["flood", [TreeMessage.FILES, []]]],
    "it sends a file without an end": [
      ...[...large, ["send", [TreeMessage.FILE, 1, TIME, size]] as const],
      ["flood", "x".repeat(50_000), Flag.RAW],
    ],
  };
  for (const [what, steps] of Object.entries(cases)) {
    await attack(steps, async ({ fetch, tun, check, local }) => {
      const controller = new AbortController();
      const reason = new Error("enough");
      let bytes = 0;
      await tun.connect();
      const fetching = fetch({
        signal: controller.signal,
        onProgress: (progress) => {
          bytes = progress.bytes;
          if (bytes > 1_000_000) controller.abort(reason);
        },
      });
      if (!what.includes("file")) setTimeout(() => controller.abort(reason), 50);
      assertEquals(await soon(rejection(fetching), what), reason);
      assert(bytes < 100_000_000);
      assert(!fs.existsSync(`${local}/f`));
      check();
    });
  }
}));

Deno.test(needing(["rsync", "node"], "fetchDir() and sync() agree with rsync", async (t) => {
  for (const runtime of RUNTIMES) {
    await t.step(runtime.name, async () => {
      await using tun = runtime.open();
      const ways = waysOf(tun);
      for (let seed = 1; seed <= 6; seed++) {
        const random = new Random(seed);
        await using trees = await newTrees();
        const { source, target } = trees;
        // What is there first has nothing to do with the source.
        mutate(random, target, 30);
        for (let round = 0; round < 5; round++) {
          mutate(random, source, round === 0 ? 80 : 25);
          if (round === 2) mutate(random, target, 25);
          const way = ways[random.below(2) === 0 ? "sync" : "fetchDir"];
          // Times may be the same by chance, as rsync would have it.
          const options = { delete: true, checksum: random.below(2) === 0 || round === 2 };
          const { diff: _, ...foreseen } = await way(source, target, { ...options, dryRun: true });
          assertEquals(await way(source, target, options), foreseen);
          const hasModes = way.maskedBits === 0;
          const found = await differences(source, target, hasModes);
          assertEquals(found, "", `seed ${seed}, round ${round}`);
          assertSame(source, target, way);
          const again = await way(source, target, options);
          const { created, updated, deleted, skipped, bytes } = again;
          assertEquals([created, updated, deleted, skipped, bytes], [[], [], [], [], 0]);
        }
      }
    });
  }
}));

bothWays("take paths of every form", async (way, { source, target, folder }) => {
  make(source, { "a": "1", "b/c": "2" });
  const url = (path: string): URL => new URL(`file://${path}`);
  const check = async (from: string | URL, to: string | URL, at = target): Promise<void> => {
    const { localDir, remoteDir } = await way(from as string, to as string);
    assertEquals([localDir, remoteDir].sort(), [at, source].sort());
    assertSame(source, at);
    fs.rmSync(at, { recursive: true });
  };
  await check(`${source}/`, `${target}//`);
  await check(url(source), url(`${target}/`));
  await check(`file://${source}`, `file://${target}`);
  await check(`${folder.path}/./x/../source`, `${folder.path}/y/../target`);
  await check(relative(Deno.cwd(), source), relative(Deno.cwd(), target));
  await check(source, folder.at("a/b c/\n/target"), folder.at("a/b c/\n/target"));
  const odd = folder.at("100%#?&");
  await check(source, odd, odd);

  // The folders themselves may be links, and stay so.
  const real = folder.at("real");
  fs.mkdirSync(real);
  make(folder.path, { "to source": { to: "source" }, "to target": { to: "real" } });
  await way(folder.at("to source"), folder.at("to target"));
  assertSame(source, real);
  assertEquals(fs.readlinkSync(folder.at("to target")), "real");
});

onRuntimes("fetchDir() and sync() find the home folder there, not here", async (tun, folder) => {
  const home = await tun.call(() => import("node:os").then(({ default: os }) => os.homedir()));
  const name = `chopsticks-test-${crypto.randomUUID()}`;
  make(folder.at("source"), { "a": "1" });
  try {
    const { remoteDir } = await tun.sync(folder.at("source"), `~/${name}`);
    assertEquals(remoteDir, `${home}/${name}`);
    await tun.fetchDir(`~/${name}/`, folder.at("target"));
    assertSame(folder.at("source"), folder.at("target"));
  } finally {
    fs.rmSync(`${home}/${name}`, { recursive: true, force: true });
  }
  assert(!fs.existsSync(`${home}/${name}`));
});

bothWays("say what is wrong with a folder", async (way, { source, target, folder }) => {
  make(folder.path, { "file": "1", "dangling": { to: "no/such" }, "circle": { to: "circle" } });
  const file = folder.at("file");
  const cases: [source: string, target: string, why: RegExp][] = [
    [folder.at("missing"), target, /here, \S+\/missing: no such file or folder \(ENOENT\)$/],
    [file, target, /here, \S+\/file: it is not a folder \(ENOTDIR\)(; put\(\) sends files)?$/],
    [folder.at("dangling"), target, /here, \S+\/dangling: no such file or folder \(ENOENT\)$/],
    [folder.at("circle"), target, /here, \S+\/circle: too many symbolic links \(ELOOP\)$/],
    [source, folder.at("dangling"), /here, \S+\/dangling: it is a link that leads nowhere/],
    [source, file, /here, \S+\/file: it is not a folder \(ENOTDIR\)$/],
    [
      source,
      `${file}/x`,
      /here, \S+\/file\/x: a part of the path is not a folder \(ENOTDIR\)$/,
    ],
    [source, folder.at("circle"), /here, \S+\/circle: too many symbolic links \(ELOOP\)$/],
    [source, `${folder.path}/${"n".repeat(256)}`, /: the name is too long \(ENAMETOOLONG\)$/],
  ];
  const before = listing(folder.path);
  for (const [from, to, why] of cases) {
    for (const dryRun of [true, false]) {
      const error = await rejectsAs(Error, way(from, to, { delete: true, dryRun }));
      assertMatch(error.message, /^Cannot (sync|fetch the folder) \S+ (to|from) here: /);
      assertMatch(error.message, why);
      assertEquals(listing(folder.path), before);
    }
  }
  for (const bad of ["", "a\0b", 5, undefined, null, new URL("https://example.com/"), {}, []]) {
    await rejectsAs(TypeError, way(bad as string, target));
    await rejectsAs(TypeError, way(source, bad as string));
  }
});

Deno.test(
  needing(
    ["sudo", "deno", "node"],
    "sync() and fetchDir() say what is not permitted",
    async (t) => {
      const runtimes = {
        deno: { deno: service("deno").path },
        node: { node: service("node").paths["18"] },
      };
      for (const [runtime, path] of Object.entries(runtimes)) {
        await t.step(runtime, async () => {
          await using tun = new Sudo({ user: "nobody", runtime: runtime as "deno", ...path });
          await using trees = await newTrees();
          const { source, target, folder } = trees;
          make(source, { "a": "1", "ro/b": "2", "ro/in/c": "3" });
          const failed = async (promise: Promise<unknown>): Promise<string> =>
            (await rejectsAs(RemoteError, promise)).message;
          assertMatch(
            await failed(tun.sync(source, target)),
            /nobody, \S+target: permission denied \(EACCES\)$/,
          );
          make(target, { "a": "0" });
          assertMatch(
            await failed(tun.sync(source, target)),
            /nobody, \S+target\/ro: permission denied \(EACCES\)$/,
          );
          // What anybody may write to, but not change the mode or the time of.
          fs.chmodSync(target, 0o1777 & ~0o1000 | 0o2000);
          const first = await tun.sync(source, target);
          assertEquals([first.created.length, first.updated, first.unchanged], [4, ["a"], 1]);
          assertEquals(fs.statSync(target).mode & 0o7777, 0o2777);
          assertEquals(listing(target).filter((line) => line.includes(".chopsticks-")), []);
          const again = await tun.sync(source, target);
          assertEquals([again.created, again.updated, again.unchanged], [[], [], 6]);
          // Nor those of a file, which can be replaced.
          for (const change of [fs.chmodSync, fs.utimesSync]) {
            fs.rmSync(`${target}/a`);
            make(target, { "a": "1" });
            const { mtime } = fs.statSync(`${source}/a`);
            fs.utimesSync(`${target}/a`, mtime, mtime);
            if (change === fs.chmodSync) fs.chmodSync(`${target}/a`, 0o640);
            else fs.utimesSync(`${target}/a`, 1, 1);
            assertEquals((await tun.sync(source, target, { checksum: true })).updated, ["a"]);
            assertEquals(listing(target)[1], listing(source)[1]);
          }
          // What cannot be read keeps nothing else from arriving, and nothing is removed.
          for (const [path, mode] of [["a", 0o600], ["ro/in", 0o700], ["ro", 0o300]] as const) {
            for (const checksum of [false, true]) {
              make(folder.at("copy"), { "old": "1" });
              fs.chmodSync(`${source}/${path}`, mode);
              const fetching = tun.fetchDir(source, folder.at("copy"), { checksum, delete: true });
              assertMatch(
                await failed(fetching),
                new RegExp(`nobody, \\S+source/${path}: permission denied \\(EACCES\\)$`),
              );
              fs.chmodSync(`${source}/${path}`, mode | 0o055);
              const paths = fs.readdirSync(folder.at("copy"), { recursive: true }) as string[];
              const all = ["a", "old", "ro", "ro/b", "ro/in", "ro/in/c"];
              const isThere = (it: string): boolean =>
                path === "a" ? it !== path : !it.startsWith(`${path}/`);
              assertEquals(paths.sort(), all.filter(isThere));
              assertEquals(fs.statSync(folder.at("copy")).mode & 0o777, 0o755);
              fs.rmSync(folder.at("copy"), { recursive: true });
            }
          }
          make(source, Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`x${i}`, "1"])));
          for (let i = 0; i < 9; i++) fs.chmodSync(`${source}/x${i}`, 0o600);
          assertMatch(
            await failed(tun.fetchDir(source, folder.at("copy"))),
            /source\/x0: permission denied \(EACCES\); (\S+x\d: [^;]+; ){4}and 4 more$/,
          );
          for (let i = 0; i < 9; i++) fs.rmSync(`${source}/x${i}`);

          // Its own folders it may write to, whatever their modes say.
          const own = folder.at("own");
          fs.mkdirSync(own);
          fs.chmodSync(own, 0o777);
          for (const path of ["ro/in", "ro", ""]) fs.chmodSync(`${source}/${path}`, 0o555);
          await tun.sync(source, `${own}/x`);
          assertSame(source, `${own}/x`);
          make(source, { "ro/b": "22", "ro/in/d": "4" });
          fs.rmSync(`${source}/ro/in/c`);
          await tun.sync(source, `${own}/x`, { delete: true });
          assertSame(source, `${own}/x`);
          // Nobody may read it, which is no reason not to compare it.
          fs.chmodSync(`${source}/a`, 0o000);
          for (const checksum of [false, true, true]) {
            await tun.sync(source, `${own}/x`, { checksum });
            assertSame(source, `${own}/x`);
          }
          fs.rmSync(`${source}/ro`, { recursive: true });
          const { deleted } = await tun.sync(source, `${own}/x`, { delete: true });
          assertEquals(deleted.length, 4);
          assertSame(source, `${own}/x`);
        });
      }
    },
  ),
);

onRuntimes("sync() carries set-ID bits, and fetchDir() takes them away", async (tun) => {
  await using trees = await newTrees();
  const { source, target } = trees;
  make(source, { "run": "1", "shared/a": "2" });
  fs.chmodSync(`${source}/run`, 0o6755);
  fs.chmodSync(`${source}/shared`, 0o2775);
  const modes = (root: string): number[] =>
    ["run", "shared"].map((path) => fs.statSync(`${root}/${path}`).mode & 0o7777);
  await tun.sync(source, target);
  assertEquals(modes(target), [0o6755, 0o2775]);
  await tun.fetchDir(source, `${target}/back`);
  assertEquals(modes(`${target}/back`), [0o755, 0o775 & ~process.umask()]);
  const { updated } = await tun.fetchDir(source, `${target}/back`);
  assertEquals(updated, []);
});
