import { assert, assertEquals } from "@std/assert";
import { mostTransfers } from "../../../agent/files/descriptors.ts";
import { Local } from "../../../mod.ts";
import { command } from "../../services/command.ts";
import { needing, service } from "../../services/services.ts";
import { alsoEndedBy, linkOf } from "../../../tunnel/operation/link.ts";
import { whileFewAreOpen } from "../../../tunnel/operation/open_files.ts";
import { soon } from "../_deadline.ts";
import { Folder, namesIn } from "./_files.ts";

/** Agents on this machine, and how a script starts them. */
const AGENTS = [
  { name: "Deno", needs: [], options: () => ({ runtime: "deno" }) },
  {
    name: "Node 18",
    needs: ["node"],
    options: () => ({ runtime: "node", node: service("node").paths["18"] }),
  },
] as const;

/** Something that is under way until it is told to end. */
interface Running {
  end(): void;
}

/** Begins `count` things on a tunnel. Returns those that are under way, of all. */
function begin(
  tunnel: Local,
  count: number,
  signal?: AbortSignal,
): { readonly running: Running[]; readonly all: Promise<unknown>[] } {
  const running: Running[] = [];
  const link = alsoEndedBy(linkOf(tunnel), signal);
  const all = Array.from(
    { length: count },
    () => whileFewAreOpen(link, () => new Promise<void>((end) => running.push({ end }))),
  );
  return { running, all };
}

/** When all that promises set off is done. */
function later(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}

Deno.test("whileFewAreOpen() bounds what is under way on a tunnel and its views", async () => {
  const tunnel = new Local("a");
  const { signal } = new AbortController();
  const { running, all } = begin(tunnel, 250);
  const view = begin(tunnel.with({ signal }), 1);
  const other = begin(new Local("a"), 1);
  assertEquals([running.length, view.running.length, other.running.length], [100, 0, 1]);
  for (let i = 0; i < 250; i++) {
    running[i]!.end();
    await all[i];
    assert(running.length <= Math.min(250, 101 + i));
  }
  view.running[0]!.end();
  other.running[0]!.end();
  await soon(Promise.all([...view.all, ...other.all]), "all");
});

Deno.test("whileFewAreOpen() lets no abort take a turn from another", async () => {
  const tunnel = new Local("a");
  const controller = new AbortController();
  const first = begin(tunnel, 100);
  const aborted = begin(tunnel, 3, controller.signal);
  const last = begin(tunnel, 1);
  const outcomes = Promise.all(
    aborted.all.map((one) => one.then(() => undefined, (error) => error)),
  );
  const reason = new Error("enough");
  // The next has its turn in the moment of the abort.
  first.running[0]!.end();
  await first.all[0];
  controller.abort(reason);
  await later();
  for (const one of [...first.running, ...aborted.running]) one.end();
  await soon(Promise.all(first.all), "the first");
  const [begun, ...others] = await outcomes;
  assert(begun === undefined || begun === reason);
  assertEquals(others, [reason, reason]);
  last.running[0]!.end();
  await soon(Promise.all(last.all), "the last");
  const again = begin(tunnel, 101);
  assertEquals(again.running.length, 100);
  for (const one of again.running) one.end();
  await Promise.all(again.all.slice(0, 100));
  await later();
  again.running[100]!.end();
  await Promise.all(again.all);
});

Deno.test("put() has few files open at a time, however often it is called", async () => {
  await using folder = await Folder.create();
  await using tun = new Local("here", { stderr: () => {} });
  await tun.connect();
  const source = folder.write("source", "1");
  const descriptors = (): number => Deno.build.os === "linux" ? namesIn("/proc/self/fd").length : 0;
  const before = descriptors();
  let most = 0;
  await Promise.all(Array.from({ length: 500 }, (_, i) =>
    tun.put(source, folder.at(`${i}`), {
      onProgress: () => most = Math.max(most, descriptors()),
    })));
  // Deno reads through a second descriptor.
  assert(most <= before + 250, `${most - before} files were open`);
  assertEquals(folder.names.length, 501);
});

Deno.test("mostTransfers() is what there are descriptors for", () => {
  const most = mostTransfers(0);
  assert(Number.isInteger(most) && most >= 1, `${most}`);
  assertEquals(mostTransfers(5), most);
});

/** Runs a command with few descriptors. */
const FEW = ["sh", "-c", 'ulimit -n 64; exec "$@"', "sh"];

const SCRIPT = new URL("../fixture/many_transfers.ts", import.meta.url).pathname;

for (const { name, needs, options } of AGENTS) {
  for (const [where, here, there] of [["there", [], FEW], ["at both ends", FEW, []]] as const) {
    const what = `Transfers wait for descriptors, where there are few ${where}, on ${name}`;
    Deno.test(needing(needs, what, async () => {
      await using folder = await Folder.create();
      const agent = there.length > 0 ? there : ["env"];
      const script = [Deno.execPath(), "run", "-A", "--no-check", SCRIPT];
      const { stdout, problem } = await command([
        ...[...here, ...script, folder.path, JSON.stringify(options())],
        ...agent,
      ]);
      assertEquals([stdout.trim(), problem], ["604", ""]);
    }));
  }
}
