import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import {
  type BaseTunnel,
  ErrorResult,
  type FetchOptions,
  Group,
  Local,
  type PutOptions,
  type PutResult,
  type PutSource,
  Queue,
  type SyncOptions,
} from "../../../mod.ts";
import { linkOf } from "../../../tunnel/operation/link.ts";
import { preparePut } from "../../../tunnel/operation/put.ts";
import { soon } from "../_deadline.ts";
import { Folder, modeOf } from "./_files.ts";

/** Options that count how often each of them is read. */
function counted<T extends object>(options: T): { options: T; reads: Record<string, number> } {
  const reads: Record<string, number> = {};
  const counting = {};
  for (const [key, value] of Object.entries(options)) {
    reads[key] = 0;
    const get = (): unknown => {
      reads[key]!++;
      return value;
    };
    Object.defineProperty(counting, key, { get, enumerable: true });
  }
  return { options: counting as T, reads };
}

/** The methods of a tunnel, a group or a queue that transfer files. */
interface Target {
  put(source: PutSource, remotePath: string, options: PutOptions): Promise<unknown>;
  fetch(remotePath: string, localPath: string, options: FetchOptions): Promise<unknown>;
  sync(localDir: string, remoteDir: string, options: SyncOptions): Promise<unknown>;
  fetchDir(remoteDir: string, localDir: string, options: SyncOptions): Promise<unknown>;
}

/** Insists that nothing failed. */
function valueOf(result: unknown): unknown {
  if (result instanceof ErrorResult) throw result.error;
  if (result instanceof Map) return [...result.values()].map(valueOf);
  return result;
}

function queued(on: BaseTunnel | Group): Target {
  const run = async (
    add: (queue: Queue) => { readonly promise: Promise<unknown> },
  ): Promise<unknown> => {
    const queue = new Queue();
    const { promise } = add(queue);
    await queue.run();
    return await promise;
  };
  return {
    put: (...args) => run((queue) => queue.put(on, ...args)),
    fetch: (...args) => run((queue) => queue.fetch(on, ...args)),
    sync: (...args) => run((queue) => queue.sync(on, ...args)),
    fetchDir: (...args) => run((queue) => queue.fetchDir(on, ...args)),
  };
}

Deno.test("an operation reads each of its options once, on however many hosts", async (t) => {
  await using folder = await Folder.create();
  await using group = new Group(["a", "b", "c"].map((name) => new Local(name)));
  const [first] = group.tunnels as [BaseTunnel];
  Deno.mkdirSync(folder.at("tree"));
  folder.write("tree/file", "1");
  const targets: Record<string, Target> = {
    "a tunnel": first,
    "a group": group,
    "a tunnel in a queue": queued(first),
    "a group in a queue": queued(group),
  };
  const { signal } = new AbortController();
  const common = { signal, onProgress: () => {} };
  const dry = { dryRun: false, diff: true };
  const trees = { ...common, ...dry, delete: false, checksum: false, exclude: ["*.tmp"] };
  for (const [name, target] of Object.entries(targets)) {
    await t.step(name, async () => {
      const put = counted<PutOptions>({ ...common, ...dry, mode: 0o600 });
      const fetch = counted<FetchOptions>(common);
      const sync = counted<SyncOptions>(trees);
      const fetchDir = counted<SyncOptions>(trees);
      const text = counted({ text: "1" });
      valueOf(await target.put(text.options, folder.at("file"), put.options));
      valueOf(await target.fetch(folder.at("file"), folder.at("fetched-{host}"), fetch.options));
      valueOf(await target.sync(folder.at("tree"), folder.at("copy"), sync.options));
      valueOf(
        await target.fetchDir(folder.at("tree"), folder.at("back-{host}"), fetchDir.options),
      );
      for (const { reads } of [put, fetch, sync, fetchDir, text]) {
        assertEquals(Object.values(reads), Object.values(reads).map(() => 1), Deno.inspect(reads));
      }
    });
  }
});

Deno.test("an operation in a queue has the options that it was put in with", async () => {
  await using folder = await Folder.create();
  await using tun = new Local("here");
  await using group = new Group([tun, new Local("there")]);
  Deno.mkdirSync(folder.at("tree"));
  for (const name of ["tree/kept", "tree/left.tmp"]) folder.write(name, "1");
  const queue = new Queue();
  const options: { mode: number; signal?: AbortSignal } = { mode: 0o600 };
  const exclude = ["*.tmp"];
  const syncing: { exclude: string[]; dryRun?: boolean } = { exclude };
  const target = new URL(`file://${folder.at("by-url")}`);
  const source = { text: "before" };
  const results = [
    queue.put(tun, source, folder.at("one"), options),
    queue.put(group, source, folder.at("many"), options),
    queue.put(tun, source, target, options),
    queue.sync(tun, folder.at("tree"), folder.at("copy"), syncing),
  ];
  Object.assign(options, { mode: 0o666, signal: AbortSignal.abort("too late") });
  Object.assign(syncing, { dryRun: true });
  exclude.length = 0;
  target.pathname = folder.at("elsewhere");
  source.text = "after";
  await soon(queue.run(), "run()");
  for (const { value } of results) valueOf(value);
  for (const name of ["one", "many", "by-url"]) {
    assertEquals(modeOf(folder.at(name)), 0o600);
    assertEquals(Deno.readTextFileSync(folder.at(name)), "before");
  }
  assertEquals([...Deno.readDirSync(folder.at("copy"))].map(({ name }) => name), ["kept"]);
  assert(!folder.names.includes("elsewhere"));
});

Deno.test("an operation that is prepared once can be performed on many links", async () => {
  await using folder = await Folder.create();
  await using group = new Group(["a", "b"].map((name) => new Local(name, { cwd: folder.path })));
  const operation = preparePut({ text: "1" }, "file", { mode: 0o640 });
  for (const tunnel of group) {
    const { remotePath } = await operation.perform(linkOf(tunnel));
    assertEquals([remotePath, modeOf(remotePath)], [folder.at("file"), 0o640]);
    Deno.removeSync(remotePath);
  }
});

/** A driver that writes down which of its methods are called. */
class Logging extends Local {
  readonly log: string[] = [];

  override async call<A extends unknown[], R>(
    fn: (...args: A) => R,
    ...args: A
  ): Promise<Awaited<R>> {
    this.log.push("call");
    return await super.call(fn, ...args);
  }

  override async put(
    source: PutSource,
    remotePath?: string | URL,
    options?: PutOptions,
  ): Promise<PutResult> {
    this.log.push("put");
    return await super.put(source, remotePath, options);
  }

  override async connect(): Promise<void> {
    this.log.push("connect");
    await super.connect();
  }
}

Deno.test("groups and queues work on the connection, each() calls what a driver overrides", async () => {
  await using folder = await Folder.create();
  await using tun = new Logging("here");
  const group = new Group([tun]);
  const { signal } = new AbortController();
  for (const on of [group, group.with({ signal })]) {
    valueOf(await on.connect());
    assertEquals(valueOf(await on.call(Math.max, 1, 2)), [2]);
    for await (const [, result] of on.stream(Math.max, 1, 2)) assertEquals(result, 2);
    valueOf(await on.put({ text: "1" }, folder.at("file")));
    assertEquals((await on.filter(() => true)).size, 1);
  }
  const queue = new Queue();
  const results = [tun, group].flatMap((on) => [
    queue.connect(on),
    queue.call(on, Math.max, 1, 2),
    queue.put(on, { text: "1" }, folder.at("file")),
  ]);
  await soon(queue.run(), "run()");
  for (const { value } of results) valueOf(value);
  assertEquals(tun.log, []);

  const each = await group.with({ signal }).each(async (tunnel) => {
    await tunnel.connect();
    await tunnel.put({ text: "1" }, folder.at("file"));
    return await tunnel.call(Math.max, 1, 2);
  });
  assertEquals(valueOf(each), [2]);
  assertEquals(tun.log, ["connect", "put", "call"]);
});

Deno.test("misuse of an operation in a queue is told at once", async () => {
  await using tun = new Local("here");
  const queue = new Queue();
  const any = (value: unknown): never => value as never;
  const misuses: [add: () => unknown, text: string][] = [
    [() => queue.put(tun, any(5)), "source is 5"],
    [() => queue.put(tun, { text: "" }, "x", { mode: 644 }), "mode is 644"],
    [() => queue.fetch(tun, "x", any(5)), "localPath is 5"],
    [() => queue.sync(tun, any(undefined), "x"), "localDir is undefined"],
    [() => queue.sync(tun, ".", "x", { exclude: any("*.tmp") }), 'exclude is "*.tmp"'],
    [() => queue.fetchDir(tun, "x", any(undefined)), "localDir is undefined"],
  ];
  for (const [add, text] of misuses) {
    let message = "";
    try {
      add();
    } catch (error) {
      message = (error as Error).message;
    }
    assertStringIncludes(message, text);
  }
  await soon(queue.run(), "run()");
  assert(!tun.connected);
});
