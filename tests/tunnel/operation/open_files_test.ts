import { assert, assertEquals } from "@std/assert";
import { Local } from "../../../mod.ts";
import { alsoEndedBy, linkOf } from "../../../tunnel/operation/link.ts";
import { whileFewAreOpen } from "../../../tunnel/operation/open_files.ts";
import { soon } from "../_deadline.ts";
import { Folder, namesIn } from "./_files.ts";

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
