import {
  assert,
  assertEquals,
  assertMatch,
  assertNotEquals,
  assertNotStrictEquals,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { rmSync } from "node:fs";
import os from "node:os";
import { DENO_VARIABLES } from "../../agent/protocol/exit_code.ts";
import { ConnectionError, RemoteError } from "../../mod.ts";
import { command } from "../services/command.ts";
import { needing, OLD_DENO } from "../services/services.ts";
import { rejection, rejectsAs, soon, withTime } from "./_deadline.ts";
import { type Kind, KINDS, SHELL_KINDS } from "./_kinds.ts";
import { leavingName, untilContainerGone } from "./_left.ts";
import { Lines } from "./_lines.ts";
import * as fixture from "./fixture/functions.ts";

const FIXTURE = import.meta.resolve("./fixture/functions.ts");
const SOURCE = await Deno.readTextFile(new URL(FIXTURE));

// A stand-in passes it on to its far end, which would look as if the library had set it there.
Deno.env.delete("DENO_NO_UPDATE_CHECK");

/** What a shell, a quoting or an encoding might spoil. */
const ODD_TEXTS = [
  "",
  " ",
  "'",
  '"',
  "a'b\"c'",
  "$HOME ${HOME} $(id) `id` \\$ \\\\ \\n \\",
  "two\nlines\n\n",
  "\n",
  "\r\n\t\v\x01\x1b[31m\x7f",
  "!! * ? [a] {a,b} ~ # ; & | < > ( ) = % ^",
  "-n",
  // In UTF-8 these have all bytes from 0x80 to 0xbf, some of which dash uses for itself.
  Array.from({ length: 64 }, (_, i) => String.fromCharCode(0x400 + i)).join(""),
  "žluťoučký 🥢 \u2028",
  "x".repeat(10_000),
];

/** A folder that everybody may enter, with a name that is no plain word. */
const ODD_FOLDER = 'it\'s a "folder" with $HOME \\ `id` & 🥢';

for (const kind of [...KINDS, ...SHELL_KINDS]) {
  Deno.test(needing(kind.needs, `${kind.name}: one connection`, (t) => testConnection(t, kind)));
  Deno.test(needing(kind.needs, `${kind.name}: connecting and losing`, (t) => testLife(t, kind)));
}

/** All that can be seen over one connection. */
async function testConnection(t: Deno.TestContext, kind: Kind): Promise<void> {
  const lines = new Lines();
  const parent = await Deno.makeTempDir();
  const cwd = `${parent}/${ODD_FOLDER}`;
  const env = Object.fromEntries(ODD_TEXTS.map((text, i) => [`ODD_${i}`, text]));
  const tun = kind.open({ stderr: lines.take, cwd, env, folder: parent });
  try {
    await Deno.mkdir(cwd);
    await Deno.chmod(parent, 0o755);
    await testCalls(t, kind, tun);
    await testValues(t, tun);
    await testErrors(t, tun);
    await testSurroundings(t, kind, tun, cwd);
    await testOutput(t, kind, tun, lines);
    await testExit(t, kind, tun);
    await testSignal(t, tun);
    await testFiles(t, tun, parent);
  } finally {
    await tun.close();
    await Deno.remove(parent, { recursive: true });
  }
}

type Tun = ReturnType<Kind["open"]>;

async function testCalls(t: Deno.TestContext, kind: Kind, tun: Tun): Promise<void> {
  await t.step("is not connected before it is used", () => {
    assertEquals([tun.connected, tun.info], [false, undefined]);
  });

  await t.step("call() connects, once for all calls made meanwhile", async () => {
    const calls = [tun.call(fixture.count), tun.call(fixture.count), tun.connect()];
    assertEquals(await soon(Promise.all(calls), "two calls"), [1, 2, undefined]);
    assert(tun.connected);
  });

  await t.step("info says what the agent is", () => {
    const { runtime, version, os: system, arch, pid, hostname } = tun.info!;
    assertEquals(runtime, kind.isDeno ? "deno" : "node");
    if (kind.runtime === "deno") assertEquals(version, Deno.version.deno);
    else if (kind.runtime === "oldDeno") assertEquals(version, OLD_DENO);
    else assertEquals(version.split(".")[0], kind.runtime);
    assertEquals([system, arch], [Deno.build.os, Deno.build.arch]);
    assert(pid > 0);
    if (!kind.isContainer) assertEquals(hostname, Deno.hostname());
  });

  await t.step("call() sends a function with all that its module imports", async () => {
    const values = await tun.call(fixture.imported);
    assertEquals(values, [4, true, false, "late", "lazy", "28.3", true, tun.info!.hostname]);
  });

  await t.step("import.meta is that of the controller's module", async () => {
    const path = new URL(FIXTURE).pathname;
    const folder = path.slice(0, path.lastIndexOf("/"));
    assertEquals(await tun.call(fixture.meta), [FIXTURE, false, path, folder]);
  });

  await t.step("call() sends a property of an export, with its this", async () => {
    assertEquals(await tun.call(fixture.Box.of, 5), [5]);
    assertEquals(await tun.call(fixture.tools.times, 5), 15);
    assertEquals(await tun.call(fixture.typeOfThis), "undefined");
  });

  await t.step("call() sends built-in functions", async () => {
    const now = await tun.call(Date.now);
    assert(Math.abs(Date.now() - now) < 60_000);
    assertEquals(await tun.call(Math.max, 1, 3, 2), 3);
    assertEquals(await tun.call(os.hostname), tun.info!.hostname);
    assertEquals(await tun.call(structuredClone<unknown>, { a: [1] }), { a: [1] });
    if (kind.isDeno) assertEquals(await tun.call(Deno.hostname), tun.info!.hostname);
  });

  await t.step("a built-in that the runtime lacks is a failure of the call", async () => {
    if (kind.isDeno) return;
    const error = await rejectsAs(RemoteError, tun.call(Deno.hostname));
    assertStringIncludes(error.message, "Deno.hostname");
  });

  await t.step("module() gives the functions of a module", async () => {
    const remote = tun.module<typeof fixture>(FIXTURE);
    assertEquals(await remote.echo(1, "two"), [1, "two"]);
    // It is the same module that call() uses.
    const before = await tun.call(fixture.count);
    assertEquals(await remote.count(), before + 1);
    const lacking = remote as unknown as { nothing(): Promise<void> };
    const error = await rejectsAs(RemoteError, lacking.nothing());
    assertStringIncludes(error.message, `There is no nothing in ${FIXTURE}`);
  });

  await t.step("module() refuses a module that cannot be sent", async () => {
    const lacking = tun.module<{ f(): void }>(`${FIXTURE}.lacking.ts`);
    const error = await rejection(lacking.f());
    assertStringIncludes(String(error), "functions.ts.lacking.ts");
  });

  await t.step("calls overlap", async () => {
    const names = Array.from({ length: 50 }, (_, i) => `call ${i}`);
    const waiting = names.map((name) => tun.call(fixture.waitFor, name));
    // In reverse, so that none is released by its turn.
    for (const name of names.toReversed()) assert(await tun.call(fixture.release, name));
    assertEquals(await soon(Promise.all(waiting), "all calls"), names);
  });

  await t.step("a small call is answered while a large result is under way", async () => {
    const large = tun.call(fixture.bytes, 16 * 1024 ** 2);
    let ended = false;
    large.then(() => ended = true);
    await tun.call(fixture.count);
    assert(!ended, "the large result came first");
    assertEquals((await soon(large, "a large result")).length, 16 * 1024 ** 2);
  });
}

async function testValues(t: Deno.TestContext, tun: Tun): Promise<void> {
  await t.step("arguments and results are rich values", async () => {
    const values = [
      ...[null, undefined, true, -0, NaN, -Infinity, 2 ** 53, 1.5, 12n ** 40n, "\ud800 🥢"],
      ...[[1, , 3], { a: { b: [] }, __proto__: null }, new Map([[{ a: 1 }, new Set([1])]])],
      ...[new Date(0), /a+/giu, new URL("https://example.com/?a"), new Uint8Array([1, 2])],
      ...[new Float64Array([1.5]), new ArrayBuffer(3), new DataView(new ArrayBuffer(2))],
      ...[{ "__proto__x": 1, "": 2 }, new RangeError("r", { cause: "c" })],
    ];
    const [result] = await tun.call(fixture.echo, values) as [unknown[]];
    assertEquals(result, values);
    assert(Object.is(result[3], -0));
    assert(!(1 in (result[10] as unknown[])), "the hole was filled");
  });

  await t.step("shared values stay shared, and cycles are cycles", async () => {
    const shared = { bytes: new Uint8Array(3) };
    const cycle: { self?: unknown; list: unknown[] } = { list: [] };
    cycle.self = cycle;
    cycle.list.push(cycle.list, shared);
    const [a, b, c] = await tun.call(fixture.echo, shared, [shared], cycle) as [
      typeof shared,
      [typeof shared],
      typeof cycle,
    ];
    assertStrictEquals(b[0], a);
    assertStrictEquals(c.self, c);
    assertStrictEquals(c.list[0], c.list);
    assertStrictEquals(c.list[1], a);
    assertNotStrictEquals(a, shared);
  });

  await t.step("an argument without a copy is refused, and nothing is sent", async () => {
    const before = await tun.call(fixture.count);
    const rows = [{ box: new fixture.Box() }];
    const error = await rejectsAs(TypeError, tun.call(fixture.echo, 1, { rows }));
    assertMatch(
      error.message,
      /^Cannot encode arguments\[1\]\.rows\[0\]\.box: Box is not a plain object; give a plain object, such as \{ \.\.\.it \} \(file:.*\/functions\.ts:\d+:\d+\)$/,
    );
    assertEquals(await tun.call(fixture.count), before + 1);
  });

  await t.step("a result without a copy is a failure of the call", async () => {
    const error = await rejectsAs(RemoteError, tun.call(fixture.unsendable));
    assertEquals(error.remoteName, "TypeError");
    assertStringIncludes(error.message, "result.rows[0].box: Box is not a plain object");
  });

  await t.step("what cannot be called is refused", async () => {
    const call = tun.call.bind(tun) as (fn: unknown) => Promise<unknown>;
    assertMatch((await rejectsAs(TypeError, call("text"))).message, /is not a function/);
    const box = new fixture.Box();
    const local = (): unknown => box;
    assertMatch(
      (await rejectsAs(TypeError, call(local))).message,
      /^Cannot send function local: variable box is a Box, which has no copy; make it inside .* \(file:.*behaviour_test\.ts:\d+:\d+\)$/,
    );
  });
}

async function testErrors(t: Deno.TestContext, tun: Tun): Promise<void> {
  await t.step("an error is a RemoteError with its stack and cause", async () => {
    const error = await rejectsAs(RemoteError, tun.call(fixture.fail, "too far"));
    assertEquals(error.message, `fail() failed on ${tun.host}: RangeError: too far`);
    assertEquals([error.name, error.host, error.remoteName], [
      "RemoteError",
      tun.host,
      "RangeError",
    ]);
    const cause = error.cause as RangeError & { cause: Error };
    assert(cause instanceof RangeError && cause.cause instanceof Error);
    assertEquals([cause.message, cause.cause.message], ["too far", "the reason"]);
    assertEquals(cause.cause.cause, { code: 7 });
    const frames = error.remoteStack!.split("\n").slice(1);
    assertEquals(frames.map((frame) => frame.trim()), [
      `at ${nameInStack(frames[0]!)} (${FIXTURE}:${place("new RangeError(message")})`,
    ]);
    assertStringIncludes(Deno.inspect(error), `${FIXTURE}:${place("new RangeError(message")}`);
  });

  await t.step("an error that cannot be copied whole still says what it is", async () => {
    const error = await rejectsAs(RemoteError, tun.call(fixture.failCustom));
    assertEquals([error.remoteName, error.host], ["CustomError", tun.host]);
    assertStringIncludes(error.message, "CustomError: custom");
    assertStringIncludes(error.remoteStack!, `${FIXTURE}:${place('new CustomError("custom"')}`);
    assertStringIncludes(Deno.inspect(error), place('new CustomError("custom"'));
    const cause = error.cause as Error;
    assert(cause instanceof Error && !("socket" in cause));
    assertEquals([cause.name, cause.message], ["CustomError", "custom"]);
  });

  await t.step("anything can be thrown", async () => {
    for (const value of [undefined, null, 0, "text", { code: 7 }]) {
      const error = await rejectsAs(RemoteError, tun.call(fixture.throwValue, value));
      assertEquals(error.cause, value);
      assert(Object.hasOwn(error, "cause"));
      assertEquals([error.remoteStack, error.host], [null, tun.host]);
    }
  });

  await t.step("an error's text cannot reach the terminal raw", async () => {
    const error = await rejectsAs(RemoteError, tun.call(fixture.fail, "\x1b]0;title\x07"));
    assertStringIncludes(error.message, "\\x1b]0;title\\x07");
    for (const text of [error.message, error.stack!, error.remoteStack!, Deno.inspect(error)]) {
      assert(!text.includes("\x1b]0"), "an escape sequence is left");
    }
  });
}

async function testSurroundings(
  t: Deno.TestContext,
  kind: Kind,
  tun: Tun,
  cwd: string,
): Promise<void> {
  const names = ODD_TEXTS.map((_, i) => `ODD_${i}`);

  await t.step("env sets variables, however odd", async () => {
    assertEquals(await tun.call(fixture.variables, names), ODD_TEXTS);
  });

  await t.step("a child process has them too", async () => {
    assertEquals(await tun.call(fixture.childVariables, names), ODD_TEXTS);
  });

  await t.step("what the library itself sets is not there", async () => {
    const own = [...DENO_VARIABLES, "NODE_OPTIONS", "_csN", "_cL", "s"];
    const here = kind.way === "local" ? own.map((name) => Deno.env.get(name)) : [];
    const expected = own.map((_, i) => here[i]);
    assertEquals(await tun.call(fixture.variables, own), expected);
    assertEquals(
      await tun.call(fixture.childVariables, own),
      expected.map((value) => value ?? "unset"),
    );
  });

  await t.step("cwd is the working folder, whatever its name", async () => {
    assertEquals(await tun.call(fixture.folder), cwd);
  });

  await t.step("stdin is empty", async () => {
    assertEquals(await soon(tun.call(fixture.stdin), "the end of stdin"), ["", ""]);
  });
}

async function testOutput(
  t: Deno.TestContext,
  kind: Kind,
  tun: Tun,
  lines: Lines,
): Promise<void> {
  await t.step("all that is printed comes as lines, with the host", async () => {
    assertEquals(await tun.call(fixture.print, "hello"), "hello");
    const ways = ["console.log", "console.error", "process.stdout", "writeSync", "child"];
    if (kind.isDeno) ways.push("Deno.stdout");
    for (const way of ways) await lines.until(`hello ${way}`);
    assertEquals([...lines.hosts], [tun.host]);
  });

  await t.step("10 MiB of prints arrive whole", async () => {
    const count = 10 * 1024 ** 2 / 512;
    const start = lines.all.length;
    const result = tun.call(fixture.flood, count);
    await soon(lines.until("end of the flood"), "the flood");
    assertEquals(await soon(result, "the result"), "done");
    const numbered = lines.all.slice(start).filter((line) => /^\d/.test(line));
    assertEquals(numbered.length, count);
    assert(numbered.every((line, i) => line === `${i} `.padEnd(511, "x")), "a line is not whole");
  });

  await t.step("stderr gets the lines as they were printed", async () => {
    await tun.call(fixture.printText, "\x1b[31mred\x1b[0m\ttab 🥢");
    await lines.until("\x1b[31mred\x1b[0m\ttab 🥢");
  });

  await t.step("an error that no call can be blamed for ends nothing", async () => {
    const { pid } = tun.info!;
    await tun.call(fixture.failStray, "stray");
    await soon(
      Promise.all(
        ["Error: stray timer", "Error: stray promise"].map((text) =>
          lines.until((line) => line.includes(text))
        ),
      ),
      "both errors",
    );
    assertEquals(tun.info?.pid, pid);
  });
}

async function testExit(t: Deno.TestContext, kind: Kind, tun: Tun): Promise<void> {
  for (const how of ["process", "Deno"] as const) {
    if (how === "Deno" && !kind.isDeno) continue;
    for (const later of [false, true]) {
      await t.step(`${how}.exit() ${later ? "in a timer " : ""}ends its call alone`, async () => {
        const { pid } = tun.info!;
        const other = tun.call(fixture.waitFor, "other");
        const error = await rejectsAs(RemoteError, tun.call(fixture.exit, how, 3, later));
        assertStringIncludes(error.message, `${how}.exit(3) was called`);
        assert(await tun.call(fixture.release, "other"));
        assertEquals(await other, "other");
        assertEquals(tun.info?.pid, pid);
      });
    }
  }
}

async function testSignal(t: Deno.TestContext, tun: Tun): Promise<void> {
  await t.step("with() is the same tunnel", async () => {
    const view = tun.with({ signal: new AbortController().signal });
    assertEquals([view.host, view.connected, view.info], [tun.host, true, tun.info]);
    assertEquals(`${view}`, `${tun}`);
    const before = await tun.call(fixture.count);
    assertEquals(await view.call(fixture.count), before + 1);
    assertEquals(await view.module<typeof fixture>(FIXTURE).count(), before + 2);
  });

  await t.step("with() ends a call that is under way", async () => {
    const controller = new AbortController();
    const call = tun.with(controller).call(fixture.waitFor, "aborted");
    // Calls come in order, so that one is under way now.
    const before = await tun.call(fixture.count);
    const reason = new Error("enough");
    controller.abort(reason);
    assertStrictEquals(await rejection(call), reason);
    assertEquals(await tun.call(fixture.count), before + 1);
  });

  await t.step("with() does nothing when the signal has aborted already", async () => {
    const before = await tun.call(fixture.count);
    const view = tun.with({ signal: AbortSignal.abort("reason") });
    assertEquals(await rejection(view.call(fixture.count)), "reason");
    assertEquals(await rejection(view.connect()), "reason");
    assertEquals(await tun.call(fixture.count), before + 1);
  });

  await t.step("with() twice heeds both signals", async () => {
    for (const first of [true, false]) {
      const controllers = [new AbortController(), new AbortController()] as const;
      const call = tun.with(controllers[0]).with(controllers[1]).call(fixture.waitFor, "both");
      controllers[first ? 0 : 1].abort("both");
      assertEquals(await rejection(call), "both");
    }
  });
}

async function testFiles(t: Deno.TestContext, tun: Tun, parent: string): Promise<void> {
  const open = `${parent}/${ODD_FOLDER}/open`;
  await Deno.mkdir(open);
  await Deno.chmod(open, 0o777);
  const bytes = crypto.getRandomValues(new Uint8Array(60_000));
  const source = `${open}/source`;
  await Deno.writeFile(source, bytes);

  await t.step("put() and fetch() carry a file there and back", async () => {
    // cwd is the folder above it.
    const { changed, ...put } = await soon(
      tun.put(source, "open/a b", { mode: 0o666 }),
      "put()",
    );
    assert(changed);
    assertEquals([put.remotePath, put.size], [`${open}/a b`, bytes.length]);
    assertEquals(await Deno.readFile(`${open}/a b`), bytes);
    assertEquals((await Deno.stat(`${open}/a b`)).mode! & 0o7777, 0o666);
    const fetched = await soon(tun.fetch("open/a b", `${open}/back`), "fetch()");
    assertEquals(fetched, { ...put, localPath: `${open}/back` });
    assertEquals(await Deno.readFile(fetched.localPath), bytes);
    assertEquals((await tun.fetch(put.remotePath, null)).bytes, bytes);
  });

  await t.step("put() makes a temporary file there, where a path is lacking", async () => {
    const { remotePath, sha1sum } = await tun.put(bytes, undefined, { mode: 0o600 });
    try {
      assertEquals((await tun.fetch(remotePath, null)).sha1sum, sha1sum);
    } finally {
      await tun.call(rmSync, remotePath);
    }
  });

  await t.step("put() and fetch() say what is missing there, and go on", async () => {
    const missing = `${parent}/missing/file`;
    const ways: [work: () => Promise<unknown>, why: string][] = [
      [() => tun.put(source, missing), "no such folder to put it in"],
      [() => tun.fetch(missing, null), "no such file or folder"],
    ];
    for (const [work, why] of ways) {
      const error = await rejectsAs(RemoteError, work());
      assertStringIncludes(error.message, `on ${tun.host}, ${missing}: ${why} (ENOENT)`);
      assertEquals(error.host, tun.host);
    }
    assertEquals([...Deno.readDirSync(open)].length, 3);
  });
}

/** What takes connections of its own. */
async function testLife(t: Deno.TestContext, kind: Kind): Promise<void> {
  await t.step("close() before any use, and twice", async () => {
    const tun = kind.open();
    await tun.close();
    await tun.connect();
    await Promise.all([tun.close(), tun.close()]);
    await tun.close();
    assertEquals([tun.connected, tun.info], [false, undefined]);
  });

  await t.step("close() ends what is pending; the next call connects anew", async () => {
    await using tun = kind.open({ stderr: () => {} });
    assertEquals([await tun.call(fixture.count), await tun.call(fixture.count)], [1, 2]);
    const { pid } = tun.info!;
    const pending = rejectsAs(ConnectionError, tun.call(fixture.waitFor, "never"));
    await soon(tun.close(), "close()");
    assertStringIncludes((await pending).message, `The tunnel to ${tun.host} was closed`);
    assertEquals(await tun.call(fixture.count), 1, "the state is not fresh");
    // The processes of a new container or pod are counted from 1.
    if (kind.engine === undefined && kind.way !== "newPod") assertNotEquals(tun.info!.pid, pid);
  });

  await t.step("close() ends what has not begun to connect", async () => {
    await using tun = kind.open({ stderr: () => {} });
    const call = rejectsAs(ConnectionError, tun.call(fixture.count));
    await tun.close();
    assertStringIncludes((await call).message, `The tunnel to ${tun.host} was closed`);
    assertEquals(tun.connected, false);
    assertEquals(await tun.call(fixture.count), 1);
  });

  await t.step("close() while it connects", async () => {
    const tun = kind.open();
    const pending = rejectsAs(ConnectionError, tun.call(fixture.count));
    // The connection is under way as soon as nobody has anything else to do.
    await new Promise((resolve) => setTimeout(resolve));
    await soon(tun.close(), "close()");
    assertStringIncludes((await pending).message, "was closed");
  });

  await t.step("close() leaves nothing, whenever it comes while a container is made", async () => {
    for (const delay of kind.engine === undefined ? [] : [0, 25, 50, 75, 100, 150, 200]) {
      const tun = kind.open({ stderr: () => {} });
      const call = tun.call(fixture.count).catch(() => {});
      await new Promise((resolve) => setTimeout(resolve, delay));
      await soon(tun.close(), "close()");
      await call;
      await untilContainerGone(kind, leavingName(tun));
    }
  });

  await t.step("with() ends a call while it connects, and not the connecting", async () => {
    await using tun = kind.open();
    const controller = new AbortController();
    const call = tun.with(controller).call(fixture.count);
    const other = tun.call(fixture.echo, 1);
    await Promise.resolve();
    controller.abort("enough");
    assertEquals(await rejection(call), "enough");
    assertEquals(await soon(other, "the other call"), [1]);
  });

  await t.step("an agent that is killed fails every call; the next connects anew", async () => {
    const lines = new Lines();
    await using tun = kind.open({ stderr: lines.take });
    assertEquals(await tun.call(fixture.count), 1);
    const pending = Array.from({ length: 20 }, () => tun.call(fixture.waitFor, "never"));
    pending.push(tun.call(fixture.kill, "SIGKILL", "last words") as Promise<never>);
    const errors = await Promise.all(
      pending.map((call) => rejectsAs(ConnectionError, call)),
    );
    for (const error of errors) {
      assertMatch(error.message, /^Lost the connection to .*exited with code 137.*: last words\n/);
      const stderr = error.stderr.replace(/\ncommand terminated with exit code 137$/, "");
      assertEquals([error.host, error.exitCode, stderr], [tun.host, 137, "last words"]);
      assert(error.command.length > 0);
    }
    assertEquals(tun.connected, false);
    assertEquals(await tun.call(fixture.count), 1, "the state is not fresh");
  });

  await t.step("an agent that gives no sign of life is lost", async () => {
    await withTime(150, async (keepAlive) => {
      await using tun = kind.open({ keepAlive, stderr: () => {} });
      // One that is busy for many intervals is not.
      assertEquals(await tun.call(fixture.block, 8 * keepAlive), 8 * keepAlive);
      // zsh and yash wake a stopped process that they wait for. ksh93 starts the agent as a
      // grandchild, whose state the script of the signs does not see.
      if (/^(zsh|yash|ksh93) as sh/.test(kind.name)) return;
      const error = await rejectsAs(ConnectionError, tun.call(fixture.kill, "SIGSTOP", "halt"));
      assertStringIncludes(error.message, "no sign of life");
      assertEquals(await tun.call(fixture.count), 1);
    }, 1_200);
  });

  await t.step("a folder that is not there is an error that names it", async () => {
    const cwd = "/no such folder";
    await using tun = kind.open({ cwd, stderr: () => {} });
    const error = await rejectsAs(ConnectionError, tun.connect());
    assertStringIncludes(
      error.message,
      `Cannot connect to ${tun.host}: cannot enter the folder ${cwd}`,
    );
  });

  await t.step("stderr is shown with the host and visible control characters", async () => {
    const { error } = console;
    const shown = new Lines();
    console.error = (text: string): void => shown.take(text, "");
    try {
      await using tun = kind.open();
      await tun.call(fixture.printText, "\x1b]0;title\x07\rover\t\u202ert\x9b");
      await shown.until(`[${tun.host}] \\x1b]0;title\\x07\\x0dover\t\\u202ert\\x9b`);
    } finally {
      console.error = error;
    }
  });

  await testPermissions(t, kind);
}

async function testPermissions(t: Deno.TestContext, kind: Kind): Promise<void> {
  if (!kind.isDeno) {
    await t.step("permissions need a Deno agent", () => {
      assertThrows(() => kind.open({ permissions: "none" }), TypeError, "permissions");
    });
    return;
  }

  await t.step("an agent without permissions can still be called", async () => {
    await using tun = kind.open({ permissions: "none" });
    assertEquals(await tun.call(fixture.echo, 1), [1]);
    assertEquals(await tun.call(Math.max, 1, 2), 2);
    for (const call of [tun.call(Deno.hostname), tun.call(fixture.firstLine, "/etc/passwd")]) {
      assertMatch((await rejectsAs(RemoteError, call)).remoteName, /NotCapable/);
    }
    assertEquals(tun.info!.hostname, "");
  });

  await t.step("permissions can be a list", async () => {
    await using tun = kind.open({ permissions: { read: ["/etc/passwd"], sys: true } });
    assertMatch(await tun.call(fixture.firstLine, "/etc/passwd"), /^root:/);
    const error = await rejectsAs(RemoteError, tun.call(fixture.firstLine, "/etc/group"));
    assertMatch(error.remoteName, /NotCapable/);
    assertEquals(await tun.call(Deno.hostname), tun.info!.hostname);
  });
}

Deno.test("call() resolves specifiers of the script's own import map", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const files = {
      "deno.json": JSON.stringify({ imports: { "@word": "./word.ts", "lib/": "./lib/" } }),
      "word.ts": "export const word: string = 'mapped';",
      "lib/more.ts": "import { word } from '@word'; export const more: string = `${word} twice`;",
      "ask.ts": `import { more } from "lib/more.ts";
        import { word } from "@word";
        export const ask = (): string[] => [word, more];`,
      "main.ts": `import { Local } from ${JSON.stringify(import.meta.resolve("../../mod.ts"))};
        import { ask } from "./ask.ts";
        const tun = new Local("here", { runtime: "deno" });
        console.log(JSON.stringify(await tun.call(ask)));`,
    };
    await Deno.mkdir(`${folder}/lib`);
    for (const [name, text] of Object.entries(files)) {
      await Deno.writeTextFile(`${folder}/${name}`, text);
    }
    const { stdout, stderr } = await command(
      [Deno.execPath(), "run", "-A", "--no-check", "main.ts"],
      { cwd: folder },
    );
    assertEquals([stdout, stderr], ['["mapped","mapped twice"]\n', ""]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

/** Line and column of a piece of the fixture. */
function place(piece: string): string {
  const lines = SOURCE.slice(0, SOURCE.indexOf(piece)).split("\n");
  return `${lines.length}:${lines.at(-1)!.length + 1}`;
}

/** The name of the function in a line of a stack: it may have that of the object in front. */
function nameInStack(line: string): string {
  return /at (\S*fail) /.exec(line)?.[1] ?? "fail";
}
