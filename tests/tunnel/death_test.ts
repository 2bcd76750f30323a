import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { ConnectionError, Local, RuntimeNotFoundError, type SubprocessTunnel } from "../../mod.ts";
import { command } from "../services/command.ts";
import { isDying, listProcesses, type Process } from "../services/processes.ts";
import { needing } from "../services/services.ts";
import { PATIENCE, rejectsAs, soon } from "./_deadline.ts";
import { familyOf, newMark, untilGone } from "./_family.ts";
import { type Kind, KINDS, SHELL_KINDS } from "./_kinds.ts";
import { leavingName, untilContainerGone } from "./_left.ts";
import { Lines } from "./_lines.ts";
import * as fixture from "./fixture/functions.ts";
import { until } from "./operation/_files.ts";

const CONTROLLER = new URL("./fixture/controller.ts", import.meta.url).pathname;

for (const kind of [...KINDS, ...SHELL_KINDS]) {
  Deno.test(needing(kind.needs, `${kind.name}: nothing is left behind`, async (t) => {
    await t.step("a controller is killed while the agent is in an endless loop", () => {
      return testKilled(kind, "spin");
    });
    await t.step("a controller is killed while the agent has nothing to do", () => {
      return testKilled(kind, "idle");
    });
    await t.step("a script forgets to close its tunnel, and ends", () => testForgotten(kind));
    await t.step("close() ends what does not want to end", () => testClosed(kind));
    await t.step("an agent is killed", () => testAgentKilled(kind));
    await t.step("the shells around an agent are told to end", () => testShellsTerminated(kind));
    await t.step("the shells around an agent are killed", () => testShellsKilled(kind));
    await t.step("nothing is written to the disk", () => testDisk(kind));
  }));
}

async function testKilled(kind: Kind, action: "spin" | "idle"): Promise<void> {
  const mark = newMark();
  const { child, output } = startController(action, kind, mark);
  const family = await familyOf(mark);
  assert(family.length >= 3, Deno.inspect(family));
  child.kill("SIGKILL");
  await child.stdin.close().catch(() => {}); // the pipe broke
  await untilGone(family);
  const { stdout } = await output;
  await untilContainerGone(kind, stdout.trim());
}

async function testForgotten(kind: Kind): Promise<void> {
  const mark = newMark();
  const { child, output } = startController("idle", kind, mark);
  const family = await familyOf(mark);
  await child.stdin.close();
  const { code, stdout, stderr } = await soon(output, "the end of the script");
  assertEquals([code, stderr], [0, ""]);
  await untilGone(family);
  await untilContainerGone(kind, stdout.trim());
}

async function testClosed(kind: Kind): Promise<void> {
  const mark = newMark();
  const lines = new Lines();
  const tun = kind.open({ stderr: lines.take });
  await tun.call(fixture.atExit, "farewell");
  await tun.call(fixture.startChild, mark);
  const family = await familyOf(mark);
  await soon(tun.close(), "close()");
  // The agent had time to end: nobody had to kill it, and no shell reported whom it killed.
  assertEquals(lines.all, ["farewell"]);
  await untilGone(family);
  await untilContainerGone(kind, leavingName(tun));
}

async function testAgentKilled(kind: Kind): Promise<void> {
  const mark = newMark();
  const tun = kind.open({ stderr: () => {} });
  await tun.call(fixture.startChild, mark);
  const family = await familyOf(mark);
  await rejectsAs(ConnectionError, tun.call(fixture.kill, "SIGKILL", "last words"));
  await untilGone(family);
  await tun.close();
  await untilContainerGone(kind, leavingName(tun));
}

async function testShellsTerminated(kind: Kind): Promise<void> {
  const { tun, family } = await openFamily(kind);
  for (const { pid } of shellsAmong(family)) Deno.kill(pid, "SIGTERM");
  assertEquals(await tun.call(fixture.echo, 1), [1]);
  await tun.close();
  await untilGone(family);
  await untilContainerGone(kind, leavingName(tun));
}

async function testShellsKilled(kind: Kind): Promise<void> {
  const { tun, family } = await openFamily(kind);
  const lost = rejectsAs(ConnectionError, tun.call(fixture.waitFor, "nothing"));
  for (const { pid } of shellsAmong(family)) {
    try {
      Deno.kill(pid, "SIGKILL");
    } catch (error) {
      // The others in a container end with its first process.
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  await lost;
  await untilGone(family);
  await tun.close();
  await untilContainerGone(kind, leavingName(tun));
}

/**
 * A tunnel with a child process at the far end. Signs of life come soon, as some agents notice only
 * by them that nobody reads any more. The lack of six, which ends every agent, would take longer
 * than a test waits.
 */
async function openFamily(kind: Kind): Promise<{ tun: SubprocessTunnel; family: Process[] }> {
  const mark = newMark();
  const tun = kind.open({ stderr: () => {}, keepAlive: PATIENCE / 5 });
  await tun.call(fixture.startChild, mark);
  return { tun, family: await familyOf(mark) };
}

function shellsAmong(family: readonly Process[]): Process[] {
  const shells = family.filter(({ command }) => /^\S*\bsh -c IFS=/.test(command));
  assert(shells.length >= 3, Deno.inspect(family));
  return shells;
}

async function testDisk(kind: Kind): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    // Another user may write there.
    await Deno.chmod(folder, 0o777);
    const env = { HOME: folder, TMPDIR: folder, XDG_CACHE_HOME: folder };
    const { engine } = kind;
    await using tun = kind.open(engine === undefined ? { cwd: folder, env } : { cwd: "/" });
    await tun.call(fixture.imported);
    await tun.call(Math.max, 1, 2);
    if (engine !== undefined) {
      const { stdout, success } = await command([engine, "diff", tun.host]);
      // podman itself touches /etc, for its own files there.
      assertEquals([success, stdout.replace(/^C \/etc\n$/, "")], [true, ""]);
    }
    await tun.close();
    assertEquals([...Deno.readDirSync(folder)], []);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function startController(
  action: string,
  kind: Kind,
  mark: string,
): { child: Deno.ChildProcess; output: Promise<{ code: number; stdout: string; stderr: string }> } {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", CONTROLLER, action, kind.name, mark],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const decoder = new TextDecoder();
  const output = child.output().then(({ code, stdout, stderr }) => ({
    code,
    stdout: decoder.decode(stdout),
    stderr: decoder.decode(stderr),
  }));
  return { child, output };
}

Deno.test("a ConnectionError has the stack of the operation, for each that it ended", async () => {
  const line = (error: Error): string => {
    const [first, ...frames] = error.stack!.split("\n").filter((line) => !/^ {2}\w/.test(line));
    assertEquals(first, `${error.name}: ${error.message.split("\n")[0]}`);
    return /:(\d+):\d+\)?$/.exec(frames.find((frame) => frame.includes(import.meta.url))!)![1]!;
  };
  // Each call is in a line of its own.
  const begin = (tun: Local): Promise<unknown>[] => [
    tun.call(fixture.kill, "SIGKILL", "last words"),
    tun.call(fixture.waitFor, "nothing"),
  ];
  await using tun = new Local("here", { stderr: () => {} });
  await tun.connect();
  const lost = await Promise.all(begin(tun).map((one) => rejectsAs(ConnectionError, one)));
  assertEquals(new Set(lost.map(line)).size, 2);
  assertEquals(lost.map(({ exitCode, host }) => [exitCode, host]), Array(2).fill([137, "here"]));

  await using none = new Local("there", { deno: "/no/deno", node: "/no/node" });
  const attempts = [
    ...begin(none),
    none.fetch("/etc/hostname", null),
    none.connect(),
  ];
  const missing = await Promise.all(attempts.map((one) => rejectsAs(RuntimeNotFoundError, one)));
  assertEquals(new Set(missing.map(line)).size, 4);

  // The source of an operation may throw the error of another operation, which stays as it is.
  const feed = new ReadableStream({ pull: () => Promise.reject(missing[0]) });
  const fed = await rejectsAs(ConnectionError, tun.put(feed, "/tmp/chopsticks-never"));
  assertStrictEquals(fed, missing[0]);

  await using closed = new Local("closed");
  await closed.connect();
  // Nobody awaits this call before the tunnel is closed.
  const forgotten = rejectsAs(ConnectionError, closed.call(fixture.waitFor, "nothing"));
  await closed.close();
  line(await forgotten);
});

Deno.test({
  name: "Local: 200 tunnels leave no process, no file and no descriptor",
  // Other systems have no /proc to count in.
  ignore: Deno.build.os !== "linux",
  async fn() {
    const folder = await Deno.makeTempDir();
    const mark = crypto.randomUUID();
    const before = Deno.env.get("TMPDIR");
    Deno.env.set("TMPDIR", folder);
    // All processes that start here inherit it, and so do their children.
    Deno.env.set("CHOPSTICKS_TEST_MARK", mark);
    try {
      const openMany = (round: number): Promise<unknown> =>
        Promise.all(Array.from({ length: 20 }, (_, i) => openAndClose(`${round}-${i}`)));
      // The runtime itself keeps some descriptors after the first time.
      await openMany(0);
      await new Promise((resolve) => setTimeout(resolve, 1_000)); // it closes some a moment later
      const descriptors = openDescriptors();
      for (let round = 1; round <= 10; round++) await openMany(round);
      const left = listProcesses().filter(({ pid }) =>
        pid !== Deno.pid && hasVariable(pid, mark) && !isDying(pid)
      );
      assertEquals(left, []);
      const gained = (): string[] => gainedDescriptors(descriptors);
      await until(() => gained().length === 0, "the end of descriptors").catch(() => {});
      assertEquals(gained(), []);
      assertEquals([...Deno.readDirSync(folder)], []);
    } finally {
      Deno.env.delete("CHOPSTICKS_TEST_MARK");
      if (before === undefined) Deno.env.delete("TMPDIR");
      else Deno.env.set("TMPDIR", before);
      await Deno.remove(folder, { recursive: true });
    }
  },
});

async function openAndClose(name: string): Promise<void> {
  await using tun = new Local(name, { runtime: "deno" });
  assertEquals(await tun.call(fixture.echo, name), [name]);
}

/** Targets of more descriptors than before. Fewer may be, as some were about to be closed then. */
function gainedDescriptors(before: Readonly<Record<string, number>>): string[] {
  return Object.entries(openDescriptors()).flatMap(([target, count]) => {
    const known = before[target] ?? 0;
    return count > known ? [`${target}: ${count}, not ${known}`] : [];
  });
}

/** Counts the targets of this process's descriptors, without the numbers of pipes and sockets. */
function openDescriptors(): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { name } of Deno.readDirSync("/proc/self/fd")) {
    const target = linkTarget(`/proc/self/fd/${name}`).replace(/:\[\d+\]$/, "");
    // This descriptor is open only to list the others.
    if (!target.startsWith("/proc/")) counts[target] = (counts[target] ?? 0) + 1;
  }
  return counts;
}

function linkTarget(path: string): string {
  try {
    return Deno.readLinkSync(path);
  } catch {
    return "/proc/"; // It was closed meanwhile.
  }
}

function hasVariable(pid: number, value: string): boolean {
  try {
    return Deno.readTextFileSync(`/proc/${pid}/environ`).includes(value);
  } catch {
    return false; // It ended, or belongs to somebody else.
  }
}

Deno.test("an operation connects anew as soon as the process has ended", async () => {
  await using tun = new Local("here", { stderr: () => {} });
  await tun.connect();
  const shell = listProcesses().find(({ parent, command }) =>
    parent === Deno.pid && /^\S*\bsh -c IFS=/.test(command)
  );
  // The agent holds the pipe, so the end of the output is still to come.
  Deno.kill(shell!.pid, "SIGKILL");
  const end = Date.now() + PATIENCE;
  while (tun.connected && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 1));
  const slow = (): Promise<number> => new Promise((resolve) => setTimeout(resolve, 1_000, 1));
  assertEquals(await tun.call(slow), 1);
});
