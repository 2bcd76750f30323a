import { assert } from "@std/assert";
import { soon } from "./_deadline.ts";
import { familyOf, newMark, untilGone } from "./_family.ts";
import { type Kind, KINDS } from "./_kinds.ts";
import { needing } from "../services/services.ts";

/** Milliseconds that Deno may take to check the types of a script. */
const TYPE_CHECK = 120_000;

const CONFIG = new URL("../../deno.json", import.meta.url).pathname;

const WAYS = ["Local, Deno", "Local, Node 20", "SSHTunnel, Deno", "Docker, Deno"];

for (const kind of KINDS.filter(({ name }) => WAYS.includes(name))) {
  Deno.test(needing(kind.needs, `${kind.name}: nothing outlives an isolate`, async (t) => {
    for (const action of ["idle", "spin"]) {
      await t.step(`a worker is terminated, ${action}`, () => testWorker(kind, action));
      await t.step(`deno run --watch starts anew, ${action}`, () => testWatch(kind, action));
    }
  }));
}

async function testWorker(kind: Kind, action: string): Promise<void> {
  const mark = newMark();
  const { href, search } = urlOf(kind, action, mark);
  const worker = new Worker(href.slice(0, -search.length), { type: "module", name: search });
  const begun = new Promise((resolve) => worker.onmessage = resolve);
  await soon(begun, "the check of the worker's types", TYPE_CHECK);
  const family = await familyOf(mark);
  assert(family.length >= 3, Deno.inspect(family));
  worker.terminate();
  await untilGone(family);
}

async function testWatch(kind: Kind, action: string): Promise<void> {
  const file = await Deno.makeTempFile({ suffix: ".ts" });
  const write = (mark: string): Promise<void> =>
    Deno.writeTextFile(file, `import ${JSON.stringify(urlOf(kind, action, mark).href)};\n`);
  const marks = [newMark(), newMark()] as const;
  await write(marks[0]);
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--watch", "-A", "--no-check", `--config=${CONFIG}`, "--no-lock", file],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  try {
    const first = await familyOf(marks[0]);
    await write(marks[1]);
    const second = await familyOf(marks[1]);
    await untilGone(first);
    child.kill("SIGKILL");
    await untilGone(second);
  } finally {
    await soon(end(child), "the end of the watcher");
    await Deno.remove(file);
  }
}

async function end(child: Deno.ChildProcess): Promise<void> {
  try {
    child.kill("SIGKILL");
  } catch {
    // It has ended.
  }
  await child.status;
}

function urlOf(kind: Kind, action: string, mark: string): URL {
  const url = new URL("./fixture/isolate.ts", import.meta.url);
  url.search = `${new URLSearchParams({ kind: kind.name, action, mark })}`;
  return url;
}
