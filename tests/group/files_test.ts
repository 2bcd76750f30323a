import {
  assert,
  assertEquals,
  assertMatch,
  assertNotEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { pathToFileURL } from "node:url";
import { localPaths } from "../../group/_local_paths.ts";
import {
  type ErrorResult,
  type FileProgress,
  Group,
  type GroupResult,
  Local,
  type PutSource,
  Queue,
  RemoteError,
  type SyncOptions,
} from "../../mod.ts";
import { rejection, rejectsAs } from "../tunnel/_deadline.ts";
import { dead, locals } from "./_tunnels.ts";

/** Runs a test with a group of three, of which one is dead, and a folder. */
async function withGroup(
  test: (group: Group, folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await using group = new Group([...locals("a", "b"), dead("x")]);
    await test(group, folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** What is in a folder, by name. */
async function contents(folder: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for await (const { name, isFile } of Deno.readDir(folder)) {
    found[name] = isFile ? await Deno.readTextFile(`${folder}/${name}`) : "folder";
  }
  return found;
}

/** The results of two that work and one that does not. */
function pairOf<T>(result: GroupResult<T>): [T, T] {
  assertEquals([...result.keys()], ["a", "b", "x"]);
  assertStringIncludes((result.get("x") as ErrorResult).msg, "Cannot connect to x");
  return [result.get("a"), result.get("b")] as [T, T];
}

Deno.test("Group.put() writes a file on every host", async (t) => {
  await withGroup(async (group, folder) => {
    await Deno.writeTextFile(`${folder}/source`, "Hello\n");

    await t.step("a temporary one on each", async () => {
      const [a, b] = pairOf(await group.put(`${folder}/source`));
      try {
        assertNotEquals(a.remotePath, b.remotePath);
        assertEquals([a.size, a.sha1sum], [b.size, b.sha1sum]);
        assertEquals(await Deno.readTextFile(b.remotePath), "Hello\n");
      } finally {
        for (const { remotePath } of [a, b]) await Deno.remove(remotePath);
      }
    });

    const sources: [string, PutSource][] = [
      ["a URL", pathToFileURL(`${folder}/source`)],
      ["a text", { text: "Hello\n" }],
      ["bytes", new TextEncoder().encode("Hello\n")],
      ["a Blob", new Blob(["Hello\n"])],
    ];
    for (const [what, source] of sources) {
      await t.step(`of ${what}`, async () => {
        const progress: FileProgress[] = [];
        // The hosts are this machine, so they have one file.
        const [a, b] = pairOf(
          await group.put(source, `${folder}/put`, {
            mode: 0o600,
            onProgress: (one) => progress.push(one),
          }),
        );
        // The first one may have written it when the other one comes.
        assert(a.changed || b.changed);
        assertEquals({ ...a, changed: true }, { ...b, changed: true });
        assertEquals(await Deno.readTextFile(`${folder}/put`), "Hello\n");
        assertEquals((await Deno.stat(`${folder}/put`)).mode! & 0o777, 0o600);
        for (const host of ["a", "b"]) {
          assertEquals(progress.findLast((one) => one.host === host)?.bytes, 6);
        }
        await Deno.remove(`${folder}/put`);
      });
    }

    await t.step("a host that cannot is one that failed", async () => {
      const result = await group.put({ text: "x" }, `${folder}/none/x`);
      const { error, msg } = result.get("a") as ErrorResult;
      assert(error instanceof RemoteError);
      assertStringIncludes(msg, `${folder}/none/x`);
    });
  });
});

Deno.test("Group.fetch() copies a file from every host", async (t) => {
  await withGroup(async (group, folder) => {
    await Deno.writeTextFile(`${folder}/remote`, "contents");

    await t.step("to a path for each", async () => {
      const [a, b] = pairOf(await group.fetch(`${folder}/remote`, `${folder}/{host}-of-{host}`));
      assertEquals([a.localPath, b.localPath], [`${folder}/a-of-a`, `${folder}/b-of-b`]);
      assertEquals(await contents(folder), {
        "a-of-a": "contents",
        "b-of-b": "contents",
        remote: "contents",
      });
      for (const { localPath } of [a, b]) await Deno.remove(localPath);
    });

    await t.step("to a path that is a URL", async () => {
      const url = new URL("{host}.txt", pathToFileURL(`${folder}/`));
      assertStringIncludes(url.href, "%7Bhost%7D");
      for (const template of [url, url.href]) {
        const [a] = pairOf(await group.fetch(`${folder}/remote`, template));
        assertEquals(a.localPath, `${folder}/a.txt`);
      }
    });

    await t.step("to temporary files", async () => {
      const [a, b] = pairOf(await group.fetch(`${folder}/remote`));
      assertNotEquals(a.localPath, b.localPath);
      assertEquals(await Deno.readTextFile(a.localPath), "contents");
      for (const { localPath } of [a, b]) await Deno.remove(localPath);
    });

    await t.step("into memory", async () => {
      const [a, b] = pairOf(await group.fetch(`${folder}/remote`, null));
      assertEquals(new TextDecoder().decode(b.bytes), "contents");
      assertEquals([a.size, a.localPath], [8, null]);
    });

    await t.step("a host that cannot is one that failed", async () => {
      const result = await group.fetch(`${folder}/none`, `${folder}/never-{host}`);
      assert((result.get("a") as ErrorResult).error instanceof RemoteError);
      assertEquals(await contents(folder).then((all) => "never-a" in all), false);
    });
  });
});

Deno.test("Group.sync() and fetchDir() carry folders", async () => {
  await withGroup(async (group, folder) => {
    for (const name of ["local/sub", "a", "b"]) {
      await Deno.mkdir(`${folder}/${name}`, { recursive: true });
    }
    await Deno.writeTextFile(`${folder}/local/sub/file`, "text");
    // Each has a folder of its own, as other machines would.
    const cwd = [new Local("a", { cwd: `${folder}/a` }), new Local("b", { cwd: `${folder}/b` })];
    await using own = new Group(cwd).union(group);
    const [a, b] = pairOf(await own.sync(`${folder}/local`, "copy"));
    assertEquals([a.remoteDir, b.remoteDir], [`${folder}/a/copy`, `${folder}/b/copy`]);
    assert(a.created.includes("sub/file"), `${a.created}`);
    assertEquals(await Deno.readTextFile(`${folder}/b/copy/sub/file`), "text");
    const [back] = pairOf(await own.fetchDir("copy", `${folder}/back/{host}`));
    assertEquals(back.localDir, `${folder}/back/a`);
    assertEquals(await Deno.readTextFile(`${folder}/back/b/sub/file`), "text");
    const [again] = pairOf(await own.sync(`${folder}/local`, "copy", { dryRun: true }));
    assertEquals(again.created, []);
  });
});

Deno.test("what is wrong with a transfer rejects before anything is begun", async (t) => {
  const group = new Group(locals("a", "b"));
  const anything = (value: unknown): string => value as string;
  const folder = await Deno.makeTempDir();
  await Deno.writeTextFile(`${folder}/file`, "");
  const misuses: [string, () => Promise<unknown>, string][] = [
    ["a stream to put", () => group.put(new ReadableStream()), "Cannot put a stream on 2 hosts"],
    [
      "an async iterable to put",
      () => group.put(new Blob().stream().values()),
      "Cannot put a stream on 2 hosts",
    ],
    ["no source", () => group.put(anything(undefined)), "source is undefined"],
    ["another source", () => group.put(anything(5)), "source is 5: expected a path"],
    ["a web page", () => group.put(new URL("http://a.b")), "source is http://a.b/"],
    ["no remote path", () => group.put({ text: "" }, anything(5)), "remotePath is 5"],
    ["no path to fetch", () => group.fetch(anything(undefined)), "remotePath is undefined"],
    ["a template without {host}", () => group.fetch("/x", "copy"), "it has no {host}"],
    ["no template", () => group.fetch("/x", anything(5)), "localTemplate is 5"],
    [
      "a stream to fetch into",
      () => group.fetch("/x", anything(new WritableStream())),
      "Cannot fetch into a stream",
    ],
    ["one folder for all", () => group.fetchDir("/x", "copy"), "it has no {host}"],
    ["no folder", () => group.fetchDir("/x", anything(undefined)), "localTemplate is undefined"],
    ["no remote folder", () => group.sync(folder, anything(undefined)), "remoteDir is undefined"],
    ["no local folder", () => group.sync(anything(undefined), "/x"), "localDir is undefined"],
  ];
  for (const [what, work, text] of misuses) {
    await t.step(what, async () => {
      assertStringIncludes((await rejectsAs(TypeError, work())).message, text);
    });
  }

  await t.step("a mode that is none", async () => {
    const error = await rejectsAs(RangeError, group.put({ text: "" }, "x", { mode: -1 }));
    assertStringIncludes(error.message, "mode is -1");
  });

  const missing: [string, () => Promise<unknown>, RegExp, string][] = [
    [
      "no such file",
      () => group.put(`${folder}/none`),
      /^Cannot put .*\/none: here, .*\/none: .*ENOENT/,
      "ENOENT",
    ],
    [
      "a folder to put",
      () => group.put(folder),
      /^Cannot put .*: here, .*: it is a folder \(EISDIR\); sync\(\) sends folders$/,
      "EISDIR",
    ],
    [
      "no such folder",
      () => group.sync(`${folder}/none`, "x"),
      /^Cannot sync .*: here, .*ENOENT/,
      "ENOENT",
    ],
    [
      "a file to sync",
      () => group.sync(`${folder}/file`, "x"),
      /: here, .*: it is not a folder \(ENOTDIR\); put\(\) sends files$/,
      "ENOTDIR",
    ],
  ];
  for (const [what, work, text, code] of missing) {
    await t.step(what, async () => {
      const { message, cause } = await rejection(work()) as Error;
      assertMatch(message, text);
      assertEquals((cause as { code: string }).code, code);
    });
  }
  assertEquals(group.tunnels.map(({ connected }) => connected), [false, false]);
  await Deno.remove(folder, { recursive: true });

  await t.step("one host can have a stream", async () => {
    await using alone = new Group(locals("a"));
    const stream = new Blob(["streamed"]).stream();
    const { remotePath, size } = (await alone.put(stream)).raiseFailures().get("a")!;
    assertEquals(size, 8);
    await Deno.remove(remotePath);
  });
});

Deno.test("no host leads out of the template's folder", () => {
  const refused: [string, string[]][] = [
    ["{host}", ["..", ".", "../x", "a/b", "/etc/passwd", "a\0b", ""]],
    ["out/{host}", ["..", ".", "../../etc/x", "/", "a/.."]],
    ["out/{host}/passwd", ["..", ".", "../..", ""]],
    // What stands around it can make it a way up.
    ["out/.{host}", [".", "/", ""]],
    ["out/{host}.", ["."]],
    ["out/{host}{host}/x", [".", ""]],
  ];
  for (const [template, hosts] of refused) {
    for (const host of hosts) {
      const error = assertThrows(() => localPaths(template, ["fine", host]), TypeError);
      assertEquals(
        error.message,
        `Cannot fetch to "${template}": host ${JSON.stringify(host)} would lead out of that folder`,
      );
    }
  }
});

Deno.test("no two hosts have one path", () => {
  const clashing = ["{host}/../passwd", "out/{host}/..", "{host}/x/../../y"];
  for (const template of clashing) {
    const error = assertThrows(() => localPaths(template, ["a", "b"]), TypeError);
    assertStringIncludes(error.message, "a and b would both write /");
  }
  assertEquals([...localPaths("{host}/../passwd", ["a"])], [["a", "a/../passwd"]]);
});

Deno.test("a host in a template is taken as it is", () => {
  const hosts = ["a", "..a", "a..b", "$&", "$1", "{host}", "a b", "fe80::1%eth0", "A", "é", "~"];
  const paths = localPaths("out-{host}/{host}.txt", hosts);
  assertEquals([...paths], hosts.map((host) => [host, `out-${host}/${host}.txt`]));
  assertEquals([...localPaths("..{host}", [".", "a"])], [[".", "..."], ["a", "..a"]]);
});

Deno.test("Group and Queue refuse options that are none, before anything is begun", async () => {
  await withGroup(async (group, folder) => {
    await Deno.writeTextFile(`${folder}/source`, "1");
    const bad: Record<string, unknown>[] = [
      { signal: new AbortController() },
      { signal: null },
      { onProgress: 5 },
      { exclude: ["!x"] },
      { exclude: "*.log" },
      { exclude: ["[z-a]"] },
      { delete: "no" },
      { dryRun: 1 },
      { dryrun: true },
    ];
    const ways: ((on: Group | Queue, options: SyncOptions) => Promise<unknown>)[] = [
      (on, options) => methodOf(on, "put")(`${folder}/source`, `${folder}/put`, options),
      (on, options) => methodOf(on, "fetch")(`${folder}/source`, `${folder}/{host}`, options),
      (on, options) => methodOf(on, "sync")(folder, `${folder}/sync`, options),
      (on, options) => methodOf(on, "fetchDir")(folder, `${folder}/{host}`, options),
    ];
    const queue = new Queue();
    const methodOf =
      (on: Group | Queue, name: "put" | "fetch" | "sync" | "fetchDir") =>
      async (...args: unknown[]): Promise<unknown> => {
        if (on instanceof Group) return await Reflect.apply(on[name], on, args);
        const result = Reflect.apply(on[name], on, [group, ...args]) as {
          promise: Promise<unknown>;
        };
        await on.run();
        return await result.promise;
      };
    for (const way of ways) {
      for (const options of bad) {
        const [key] = Object.keys(options);
        for (const on of [group, queue]) {
          const error = await rejectsAs(TypeError, way(on, options as SyncOptions));
          assertMatch(error.message, new RegExp(`^${key} (is|has) |^options has "${key}"`));
        }
      }
    }
    assertEquals(await contents(folder), { source: "1" });
    assert(group.tunnels.every(({ connected }) => !connected));
  });
});
