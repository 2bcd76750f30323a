import { assert, assertEquals, assertMatch } from "@std/assert";
import { ConnectionError, Local } from "../../../mod.ts";
import { needing } from "../../services/services.ts";
import { PATIENCE, rejectsAs, soon } from "../_deadline.ts";
import { Folder, namesIn, RUNTIMES, strayIn, until } from "./_files.ts";
import { type Kind, KINDS } from "../_kinds.ts";
import * as fixture from "../fixture/functions.ts";

const CONTROLLER = new URL("../fixture/transfer_controller.ts", import.meta.url).pathname;

/** A source that gives a little, and then nothing more. */
function stalled(): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start: (controller) => controller.enqueue(new Uint8Array(1024 ** 2)),
  });
}

/** A folder in which every user may write, with a file that everybody may replace. */
async function openFolder(): Promise<Folder> {
  const folder = await Folder.create();
  await Deno.chmod(folder.path, 0o777);
  await Deno.chmod(folder.write("target", "old"), 0o666);
  return folder;
}

/** Waits until nothing is in a folder that is not complete. */
async function untilClean(path: string): Promise<void> {
  await until(() => strayIn(path).length === 0, `a clean ${path}`);
}

/** Waits until something is in a folder that is not complete: what was sent may be on its way. */
async function untilStray(path: string): Promise<void> {
  await until(() => strayIn(path).length > 0, `a file in ${path}`);
}

for (const kind of KINDS) {
  Deno.test(needing(kind.needs, `${kind.name}: put() leaves nothing behind`, async (t) => {
    await t.step("an agent is killed: the next one clears up", () => testAgentKilled(kind));
    await t.step("a controller is killed", () => testControllerKilled(kind));
  }));
}

async function testAgentKilled(kind: Kind): Promise<void> {
  await using folder = await openFolder();
  await using tun = kind.open({ stderr: () => {}, folder: folder.path });
  const target = folder.at("target");
  let isKilled = false;
  const moving = tun.put(stalled(), target, {
    onProgress: () => {
      if (isKilled) return; // another call might kill the next agent
      isKilled = true;
      tun.call(fixture.kill, "SIGKILL", "last words").catch(() => {});
    },
  });
  const error = await rejectsAs(ConnectionError, moving);
  assertMatch(error.message, /^Lost the connection to .*exited with code 137/);
  assertEquals(Deno.readTextFileSync(target), "old");
  // The process ids of a container mean nothing in the next one.
  if (["docker", "podman", "newPod"].includes(kind.way)) return;
  await tun.put({ text: "1" }, folder.at("other"));
  assertEquals(folder.names, ["other", "target"]);
}

async function testControllerKilled(kind: Kind): Promise<void> {
  await using folder = await openFolder();
  const child = startController("put", kind.name, folder.path, "", folder.at("target"));
  try {
    await moving(child);
    await untilStray(folder.path);
  } finally {
    child.kill("SIGKILL");
    await child.status;
  }
  if (kind.way === "slurm") {
    // scancel gives an agent no time to clear up: the next transfer does it.
    await using tun = kind.open({ folder: folder.path });
    await until(async () => {
      await tun.put({ text: "1" }, folder.at("other"));
      return strayIn(folder.path).length === 0;
    }, `a clean ${folder.path}`);
  }
  await untilClean(folder.path);
  assertEquals(Deno.readTextFileSync(folder.at("target")), "old");
}

for (const { name, needs } of RUNTIMES.slice(0, 2)) {
  const definition = needing(
    [...needs, "deno"],
    `fetch() clears up what a controller left that was killed, on ${name}`,
    async () => {
      await using folder = await Folder.create();
      const source = folder.at("source");
      Deno.createSync(source).close();
      // It has no blocks, so it is all the same how large it is.
      Deno.truncateSync(source, 2 ** 40);
      Deno.mkdirSync(folder.at("to"));
      const target = folder.write("to/target", "old");
      const child = startController("fetch", `Local, ${name}`, folder.path, source, target);
      try {
        await moving(child);
      } finally {
        child.kill("SIGKILL");
        await child.status;
      }
      assertEquals(strayIn(folder.at("to")).length, 1);
      // Of those that are at work, and of names that mean something else, nothing is taken away.
      const [stray] = strayIn(folder.at("to"));
      const [machine, , random] = stray!.slice(".chopsticks-".length).split("-");
      const mine = `.chopsticks-${machine}-${Deno.pid}-${random}`;
      for (const name of [mine, ".chopsticks-", ".chopsticks-x", `${stray}.bak`]) {
        folder.write(`to/${name}`, "");
      }
      await using tun = new Local("here");
      await tun.fetch("/etc/passwd", folder.at("to/passwd"));
      assertEquals(
        namesIn(folder.at("to")),
        [".chopsticks-", mine, `${stray}.bak`, ".chopsticks-x", "passwd", "target"].sort(),
      );
      assertEquals(Deno.readTextFileSync(target), "old");
    },
  );
  Deno.test(definition);
}

Deno.test(
  needing("deno", "put() leaves what a living controller's agent writes alone", async () => {
    await using folder = await openFolder();
    const child = startController("put", "Local, Deno", folder.path, "", folder.at("target"));
    try {
      await moving(child);
      await untilStray(folder.path);
      await using tun = new Local("here");
      await tun.put({ text: "1" }, folder.at("put"));
      await tun.fetch("/etc/passwd", folder.at("fetched"));
      assertEquals(strayIn(folder.path).length, 1);
      assert(folder.names.includes("put") && folder.names.includes("fetched"));
    } finally {
      child.kill("SIGTERM");
      await child.status;
    }
    await untilClean(folder.path);
  }),
);

function startController(...args: string[]): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", CONTROLLER, ...args],
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
}

/** Waits until the child says that bytes have been moved. */
async function moving(child: Deno.ChildProcess): Promise<void> {
  const reader = child.stdout.getReader();
  const { value } = await soon(reader.read(), "progress", 3 * PATIENCE);
  assertEquals(new TextDecoder().decode(value), "moving\n");
  await reader.cancel();
}
