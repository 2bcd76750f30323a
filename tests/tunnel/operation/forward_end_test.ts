import { assert, assertEquals, assertInstanceOf, assertStrictEquals } from "@std/assert";
import { ConnectionError, type Forward, Local } from "../../../mod.ts";
import { rejection, soon } from "../_deadline.ts";
import { onRuntimes } from "../_runtimes.ts";
import * as sockets from "../fixture/sockets.ts";

/** A forward and a reverse with a connection each, and a promise of the end of both connections. */
async function bothWays(tun: Local): Promise<
  { forwards: readonly Forward[]; paths: readonly string[]; ended: Promise<unknown> }
> {
  const there = await tun.call(sockets.serve, "greeter");
  const here = await sockets.serve("greeter");
  const paths = [sockets.newPath(), sockets.newPath()] as const;
  const forward = await tun.forward({ to: there, from: { path: paths[0] } });
  // `Local` shares the disk.
  const reverse = await tun.reverse({ to: here, from: { path: paths[1] } });
  const dialled = await Promise.all([sockets.dial(forward.addr), sockets.dial(reverse.addr)]);
  for (const socket of dialled) {
    await soon(new Promise((resolve) => socket.once("data", resolve)), "a greeting");
  }
  assertEquals([forward.connections, reverse.connections], [1, 1]);
  const ended = Promise.all(dialled.map(sockets.endOf)).then(() => sockets.stop(here));
  return { forwards: [forward, reverse], paths, ended };
}

/** Nobody can connect any more, and no socket file is left. */
async function assertGone(
  { forwards, paths }: Awaited<ReturnType<typeof bothWays>>,
): Promise<void> {
  for (const forward of forwards) {
    assertEquals(forward.connections, 0);
    const { code } = await rejection(sockets.dial(forward.addr)) as NodeJS.ErrnoException;
    assert(code === "ENOENT" || code === "ECONNREFUSED", code);
  }
  for (const path of paths) assertEquals(sockets.modeOf(path), undefined);
}

onRuntimes(
  "Forward.close() ends what is open, at both ends, and can be called again",
  async (tun) => {
    const both = await bothWays(tun);
    await Promise.all(both.forwards.map((forward) => forward.close()));
    await assertGone(both);
    await soon(both.ended, "the end of the connections");
    for (const forward of both.forwards) {
      await forward.closed;
      await forward.close();
    }
    const untilNone = async (): Promise<void> => {
      while (await tun.call(sockets.open) > 0);
    };
    await soon(untilNone(), "the end of the connections there");
  },
);

onRuntimes("a forward is closed with its tunnel", async (tun) => {
  const both = await bothWays(tun);
  await tun.close();
  for (const forward of both.forwards) await soon(forward.closed, "closed");
  await assertGone(both);
  await soon(both.ended, "the end of the connections");
  for (const forward of both.forwards) await forward.close();
});

onRuntimes("Forward.closed rejects when the connection is lost", async (tun) => {
  const both = await bothWays(tun);
  Deno.kill(tun.info!.pid, "SIGKILL");
  for (const forward of both.forwards) {
    assertInstanceOf(await rejection(forward.closed), ConnectionError);
  }
  await soon(both.ended, "the end of the connections");
  // A killed agent leaves its socket file; the next one replaces it.
  const path = both.paths[1]!;
  const again = await tun.reverse({ to: { port: 80 }, from: { path } });
  await again.close();
  await assertGone(both);
});

onRuntimes("a forward ends with the signal of its tunnel", async (tun) => {
  const controller = new AbortController();
  const reason = new Error("enough");
  const both = await bothWays(tun.with({ signal: controller.signal }));
  controller.abort(reason);
  for (const forward of both.forwards) assertStrictEquals(await rejection(forward.closed), reason);
  await soon(both.ended, "the end of the connections");
  await assertGone(both);
  // The tunnel itself goes on.
  assertEquals(await tun.call(Math.max, 1, 2), 2);
  assertStrictEquals(
    await rejection(tun.with({ signal: controller.signal }).forward({ to: { port: 80 } })),
    reason,
  );
});

Deno.test("a forward keeps the script alive until it is closed", async () => {
  const mod = import.meta.resolve("../../../mod.ts");
  const code = `import { Local } from ${JSON.stringify(mod)};
    const tun = new Local();
    const forwards = [await tun.forward({ to: { port: 1 } }), await tun.reverse({ to: { port: 1 } })];
    Deno.stdin.readable.getReader().read().then(() => forwards.forEach((one) => one.close()));
    await Promise.all(forwards.map(({ closed }) => closed));
    console.log("closed");`;
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      "--no-check",
      "--ext=ts",
      `data:application/typescript,${encodeURIComponent(code)}`,
    ],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  await child.stdin.close();
  const { code: exitCode, stdout } = await soon(child.output(), "the end of the script");
  assertEquals([exitCode, new TextDecoder().decode(stdout)], [0, "closed\n"]);
});

onRuntimes("forwards go through two hops", async (tun) => {
  const texts = await tun.call(async () => {
    const inner = new Local("inner");
    const to = await inner.call(sockets.serve, "echo");
    const forward = await inner.forward({ to });
    const here = await sockets.serve("echo");
    const reverse = await inner.reverse({ to: here });
    const bytes = new TextEncoder().encode("through and back");
    const answers = [
      await sockets.ask(forward.addr, bytes),
      await inner.call(sockets.ask, reverse.addr, bytes),
    ];
    await sockets.stop(here);
    await inner.close();
    return answers.map((part) => new TextDecoder().decode(part)).join();
  });
  assertEquals(texts, "through and back,through and back");
});
