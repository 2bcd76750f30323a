import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { bytes, callSignal, CommandError, lines, sh } from "../../agent/sh.ts";
import { callback, RemoteError } from "../../mod.ts";
import { rejection, soon } from "../tunnel/_deadline.ts";
import { until } from "../tunnel/operation/_files.ts";
import { onRuntimes } from "../tunnel/_runtimes.ts";
import { isDying } from "../services/processes.ts";

/** Whether a process of this machine has this number, and has not ended and was not killed. */
function isAlive(pid: number): boolean {
  return !isDying(pid);
}

/** Resolves when a process has ended. */
async function ended(pid: number): Promise<void> {
  while (isAlive(pid)) await new Promise((resolve) => setTimeout(resolve, 20));
}

/** A command that prints the numbers of two processes, and waits for ever. */
const FAMILY = "sleep 1000 & echo $!; sh -c 'echo $$; exec sleep 1000' | cat; wait";

// ------------------------------------------------------------------------------------ this machine

Deno.test("sh() gives what a command printed, and its code", async () => {
  assertEquals(await sh("echo out; echo err >&2"), {
    command: "echo out; echo err >&2",
    code: 0,
    signal: null,
    stdout: "out\n",
    stderr: "err\n",
  });
  const { code } = await sh("exit 3", { check: false });
  assertEquals(code, 3);
});

Deno.test("sh() starts a program with its arguments as they are", async () => {
  const { stdout, command } = await sh(["printf", "<%s>", "a  b", "$HOME", "it's", ""]);
  assertEquals(stdout, "<a  b><$HOME><it's><>");
  assertEquals(command, `printf '<%s>' 'a  b' '$HOME' 'it'\\''s' ''`);
});

Deno.test("sh() gives bytes that are no text", async () => {
  const { stdout } = await sh("printf '\\377\\0a'", { stdout: "bytes" });
  assertEquals(stdout, new Uint8Array([255, 0, 97]));
  assertEquals((await sh("printf '\\377a'")).stdout, "\ufffda");
});

Deno.test("sh() fails with what a failed command said last", async () => {
  const error = await assertRejects(
    () => sh(["sh", "-c", "echo one >&2; echo two >&2; exit 3"]),
    CommandError,
  );
  const command = "sh -c 'echo one >&2; echo two >&2; exit 3'";
  assertEquals(error.message, `Command failed with code 3: ${command}: two`);
  assertEquals({ ...error }, {
    name: "CommandError",
    command,
    code: 3,
    signal: null,
    stdout: "",
    stderr: "one\ntwo\n",
  });
  const silent = await assertRejects(() => sh("false"), CommandError);
  assertEquals(silent.message, "Command failed with code 1: false");
});

Deno.test("The message for a script is one line", async () => {
  const error = await assertRejects(() => sh("\nset -e\nfalse\n"), CommandError);
  assertEquals(error.message, "Command failed with code 1: set -e …");
});

Deno.test("sh() tells which signal ended a command", async () => {
  const { code, signal } = await sh("kill -9 $$", { check: false });
  assertEquals([code, signal], [null, "SIGKILL"]);
  const error = await assertRejects(() => sh("kill -9 $$"), CommandError);
  assertEquals(error.message, "Command was ended by SIGKILL: kill -9 $$");
});

Deno.test("sh() says why a program cannot be started, also with check: false", async () => {
  const file = await Deno.makeTempFile();
  const cases: [() => Promise<unknown>, string, string][] = [
    [
      () => sh(["/no/such", "x y"], { check: false }),
      "Cannot start /no/such 'x y': there is no such program",
      "ENOENT",
    ],
    [
      () => sh("true", { cwd: "/no/such", check: false }),
      "Cannot start true: the folder /no/such does not exist",
      "ENOENT",
    ],
    [() => sh([file], { check: false }), `Cannot start ${file}: `, "EACCES"],
  ];
  for (const [run, message, code] of cases) {
    const error = await rejection(run()) as Error & { code: string };
    assertStringIncludes(error.message, message);
    assertEquals(error.code, code);
  }
  await Deno.remove(file);
});

Deno.test("What is no command is refused", async () => {
  for (
    const [command, message] of [
      [[], "it names no program"],
      [["", "x"], "it names no program"],
      [["a\0"], "it has a NUL character"],
      ["a\0", "it has a NUL character"],
      [3, "it must be a text for the shell, or an array of"],
      [["ls", 3], "it must be a text for the shell, or an array of"],
    ] as [string, string][]
  ) {
    const error = await assertRejects(() => sh(command), TypeError);
    assertStringIncludes(error.message, `Cannot run the command: ${message}`);
    assertThrows(() => lines(command), TypeError, message);
  }
});

Deno.test("The input of a command is text, bytes or a stream", async () => {
  const large = "x".repeat(3_000_000);
  assertEquals((await sh("cat", { input: large })).stdout, large);
  assertEquals((await sh("cat", { input: new Uint8Array([97]) })).stdout, "a");
  assertEquals((await sh("cat", { input: new Blob(["a", "b"]).stream() })).stdout, "ab");
  const input = async function* (): AsyncGenerator<string | Uint8Array> {
    for (let i = 0; i < 100; i++) yield i % 2 ? large.slice(0, 10_000) : new Uint8Array(10_000);
  };
  assertEquals((await sh(["wc", "-c"], { input: input() })).stdout.trim(), "1000000");
  // Without any it does not wait for that of this process.
  assertEquals((await sh("cat")).stdout, "");
});

Deno.test("A command need not read its input, and then the stream ends", async () => {
  assertEquals((await sh("head -c 1", { input: "x".repeat(3_000_000) })).stdout, "x");
  let isOver = false;
  const endless = async function* (): AsyncGenerator<string> {
    try {
      while (true) yield await Promise.resolve("y".repeat(100_000));
    } finally {
      isOver = true;
    }
  };
  assertEquals((await sh("head -c 1", { input: endless() })).stdout, "y");
  assert(isOver);
  // Nothing has to come for that.
  const stuck = new ReadableStream<string>({ start: (to) => to.enqueue("z") });
  assertEquals((await sh("head -c 1", { input: stuck })).stdout, "z");
});

Deno.test("An input that fails ends the command, and is the error", async () => {
  const input = async function* (): AsyncGenerator<string> {
    yield await Promise.resolve("a");
    throw new RangeError("broken");
  };
  await assertRejects(
    () => soon(sh("cat; sleep 1000", { input: input() }), "the command"),
    RangeError,
    "broken",
  );
});

Deno.test("Variables of the environment are added, changed and taken away", async () => {
  const { stdout } = await sh('echo "$A ${HOME-none} ${PATH:+path}"', {
    env: { A: "1 2", HOME: undefined },
  });
  assertEquals(stdout, "1 2 none path\n");
});

Deno.test("lines() yields line by line, also one without an end", async () => {
  assertEquals(await Array.fromAsync(lines("printf 'ä\\n\\nlast'")), ["ä", "", "last"]);
  assertEquals(await Array.fromAsync(lines("true")), []);
});

Deno.test("lines() yields or drops what goes to stderr", async () => {
  const command = "echo a; echo b >&2; echo c";
  assertEquals(await Array.fromAsync(lines(command, { stderr: "merge" })), ["a", "b", "c"]);
  assertEquals(await Array.fromAsync(lines(command, { stderr: "drop" })), ["a", "c"]);
});

Deno.test("lines() fails as sh() does, behind the lines", async () => {
  const seen: string[] = [];
  const read = async (): Promise<void> => {
    for await (const line of lines("echo a; exit 4", { stderr: "drop" })) seen.push(line);
  };
  const error = await assertRejects(read, CommandError);
  assertEquals([error.code, error.stdout, seen], [4, "", ["a"]]);
  assertEquals(await Array.fromAsync(lines("echo a; exit 4", { check: false })), ["a"]);
  await assertRejects(() => lines(["/no/such"]).next(), Error, "there is no such program");
});

Deno.test("lines() reads no faster than its reader", async () => {
  const output = lines(["yes"]);
  await output.next();
  const before = Deno.memoryUsage().rss;
  await new Promise((resolve) => setTimeout(resolve, 300));
  assert(Deno.memoryUsage().rss - before < 100e6);
  await output.return();
});

Deno.test("bytes() yields what a command printed, byte by byte", async () => {
  const seen: number[] = [];
  for await (const chunk of bytes("printf '\\377\\0\\r\\na'")) {
    assertEquals(chunk.constructor, Uint8Array);
    seen.push(...chunk);
  }
  assertEquals(seen, [255, 0, 13, 10, 97]);
  assertEquals(await Array.fromAsync(bytes("true")), []);
});

Deno.test("bytes() fails as sh() does, behind the bytes", async () => {
  let size = 0;
  const error = await assertRejects(async () => {
    for await (const chunk of bytes("echo a; exit 4", { stderr: "drop" })) size += chunk.length;
  }, CommandError);
  assertEquals([size, error.code], [2, 4]);
  await assertRejects(() => bytes(["/no/such"]).next(), Error, "there is no such program");
  assertThrows(() => bytes([]), TypeError);
});

Deno.test("Leaving the loop ends the command with all that it has started", async () => {
  const pids: number[] = [];
  for await (const pid of lines(FAMILY)) if (pids.push(Number(pid)) === 2) break;
  assertEquals(pids.map(isAlive), [false, false]);
});

Deno.test("Leaving the loop ends a command that says nothing or cannot be asked", async () => {
  const silent = lines(["sleep", "1000"]);
  const next = silent.next();
  await silent.return();
  assertEquals(await next, { done: true, value: undefined });
  const stubborn = lines("trap '' TERM; echo $$; while true; do sleep 0.1; done");
  const pid = Number((await stubborn.next()).value);
  await soon(stubborn.return(), "the stubborn command");
  assert(!isAlive(pid));
  const stopped = lines("sh -c 'echo $$; kill -STOP $$'");
  const other = Number((await stopped.next()).value);
  await soon(stopped.return(), "the stopped command");
  assert(!isAlive(other));
});

Deno.test("lines() that nobody reads start nothing", async () => {
  const file = await Deno.makeTempFile();
  lines(["rm", file]);
  await lines(["rm", file]).return();
  await Deno.remove(file);
});

Deno.test("callSignal() never aborts at the first controller", () => {
  assert(!callSignal().aborted);
});

// -------------------------------------------------------------------------------------- a far end

onRuntimes("sh() and lines() do the same at a far end", async (tun) => {
  const { stdout } = await tun.call(sh, "echo $((6 * 7))");
  assertEquals(stdout, "42\n");
  const { stdout: bytes } = await tun.call(sh<"bytes">, ["cat"], { stdout: "bytes", input: "a" });
  assertEquals(bytes, new Uint8Array([97]));
  const input = async function* (): AsyncGenerator<string> {
    yield await Promise.resolve("one\n");
    yield "two\n";
  };
  assertEquals((await tun.call(sh, "wc -l", { input: input() })).stdout.trim(), "2");
  assertEquals(await Array.fromAsync(await tun.call(lines, "printf 'a\\nb'")), ["a", "b"]);
  const large = await tun.call(sh, "head -c 5000000 /dev/zero | tr '\\0' x");
  assertEquals(large.stdout.length, 5_000_000);
});

onRuntimes("bytes() streams at a far end, and ends its command when nobody reads", async (tun) => {
  const hash = (parts: Uint8Array[]): string =>
    createHash("sha256").update(Buffer.concat(parts)).digest("hex");
  const command = "head -c 3000000 /dev/urandom | tee copy";
  const cwd = await Deno.makeTempDir();
  const parts = await Array.fromAsync(await tun.call(bytes, command, { cwd }));
  assertEquals(hash(parts), hash([await Deno.readFile(`${cwd}/copy`)]));
  await Deno.remove(cwd, { recursive: true });
  const stream = ReadableStream.from(await tun.call(bytes, "echo $$; exec sleep 1000"));
  const reader = stream.getReader();
  const pid = Number(new TextDecoder().decode((await reader.read()).value));
  assert(isAlive(pid));
  await reader.cancel();
  await soon(ended(pid), "the command");
  const failing = await tun.call(bytes, "exit 3");
  const error = await assertRejects(() => failing.next(), RemoteError);
  assertEquals((error.cause as CommandError).code, 3);
});

onRuntimes("A CommandError is the cause of the RemoteError, with its properties", async (tun) => {
  const error = await assertRejects(
    () => tun.call(sh, "echo bad >&2; exit 3"),
    RemoteError,
    "CommandError: Command failed with code 3: echo bad >&2; exit 3: bad",
  );
  const { code, stderr } = error.cause as CommandError;
  assertEquals([code, stderr], [3, "bad\n"]);
  const stream = await tun.call(lines, "echo bad >&2; exit 3", { stderr: "drop" });
  const late = await assertRejects(() => stream.next(), RemoteError);
  assertEquals((late.cause as CommandError).code, 3);
});

onRuntimes("Giving a call up ends its command, with all that it has started", async (tun) => {
  const file = await Deno.makeTempFile();
  const controller = new AbortController();
  const call = tun.with({ signal: controller.signal }).call(sh, `(${FAMILY}) > ${file}`);
  let pids: number[] = [];
  while (pids.length < 2) {
    pids = (await Deno.readTextFile(file)).split("\n").filter(Boolean).map(Number);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assertEquals(pids.map(isAlive), [true, true]);
  controller.abort();
  await assertRejects(() => call, DOMException);
  await soon(Promise.all(pids.map(ended)), "the commands");
  await Deno.remove(file);
});

onRuntimes("Breaking a stream of lines off ends their command", async (tun) => {
  const pids: number[] = [];
  for await (const pid of await tun.call(lines, FAMILY)) if (pids.push(Number(pid)) === 2) break;
  await soon(Promise.all(pids.map(ended)), "the commands");
});

onRuntimes("A command in a generator ends when nobody reads that", async (tun) => {
  const stream = await tun.call(async function* () {
    yield Number((await sh("echo $PPID")).stdout);
    for await (const pid of lines("echo $$; exec sleep 1000")) yield Number(pid);
  });
  await stream.next();
  const pid = (await stream.next()).value as number;
  assert(isAlive(pid));
  await stream.return(undefined);
  await soon(ended(pid), "the command");
});

onRuntimes("callSignal() belongs to its own call, after awaits and in timers too", async (tun) => {
  type Calls = { started: number; ended: string[]; release?: () => void };
  const wait = async (released: boolean): Promise<string> => {
    await new Promise((resolve) => setTimeout(resolve, 20));
    const signal = callSignal();
    const at = globalThis as { calls?: Calls };
    const calls = at.calls ??= { started: 0, ended: [] };
    calls.started++;
    await new Promise<void>((resolve) => {
      signal.addEventListener("abort", () => resolve());
      if (released) calls.release = resolve;
    });
    calls.ended.push(`${signal.aborted} ${signal.reason?.name}`);
    return "done";
  };
  const callsThere = () =>
    tun.call(() => {
      const { started = 0, ended = [] } = (globalThis as { calls?: Calls }).calls ?? {};
      return { started, ended };
    });
  const controller = new AbortController();
  const first = tun.with({ signal: controller.signal }).call(wait, false);
  const second = tun.call(wait, true);
  second.catch(() => {}); // It rejects when an assertion fails before it is awaited.
  await until(async () => (await callsThere()).started === 2, "both calls have started");
  controller.abort();
  await assertRejects(() => first, DOMException);
  await until(async () => (await callsThere()).ended.length === 1, "the first call has ended");
  await tun.call(() => (globalThis as { calls?: Calls }).calls!.release!());
  assertEquals(await second, "done");
  assertEquals((await callsThere()).ended, ["true AbortError", "false undefined"]);
});

onRuntimes("a call that runs cleans up when its tunnel is closed", async (tun) => {
  const folder = await Deno.makeTempDir();
  try {
    const path = `${folder}/cleaned`;
    const running = Promise.withResolvers<void>();
    const begin = callback(running.resolve);
    const calling = tun.call(async (path: string) => {
      const aborted = new Promise((resolve) => callSignal().addEventListener("abort", resolve));
      // Its answer may not come any more.
      begin().catch(() => {});
      await aborted;
      for (let turn = 0; turn < 200; turn++) await undefined;
      writeFileSync(path, "");
    }, path);
    await Promise.race([running.promise, calling]);
    await Promise.allSettled([calling, tun.close()]);
    assert((await Deno.stat(path)).isFile);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
