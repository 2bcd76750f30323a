import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import process from "node:process";
import { callback, Docker, Local, RemoteError, settings, SSHTunnel, Sudo } from "../../mod.ts";
import { hostname, runtime } from "../../agent/facts.ts";
import { needing, service } from "../services/services.ts";
import { rejectsAs, soon } from "./_deadline.ts";
import { containerName } from "./_kinds.ts";

const offset = 40;

function add(n: number): number {
  return n + offset;
}

async function through<T>(tun: Local, fn: () => T): Promise<Awaited<T>> {
  await using opened = tun;
  return await opened.call(fn);
}

async function bomb(): Promise<unknown> {
  return await through(new Local(), bomb);
}

/** The interpreters to try: at both hops, the same one. */
const KINDS: {
  readonly name: string;
  readonly needs: "node"[];
  options(): { deno: string } | { runtime: "node"; node: string };
}[] = [
  { name: "Deno", needs: [], options: () => ({ deno: Deno.execPath() }) },
  ...(["18", "26"] as const).map((major) => ({
    name: `Node ${major}`,
    needs: ["node" as const],
    options: () => ({ runtime: "node" as const, node: service("node").paths[major] }),
  })),
];

for (const { name, needs, options } of KINDS) {
  const test = (what: string, fn: () => Promise<void>): void =>
    Deno.test(needing(needs, `${what}, on ${name}`, fn));

  test("a function at the far end sends functions further on", async () => {
    const own = options();
    await using tun = new Local("outer", own);
    const [sum, host, kind, replaced] = await tun.call(async () => {
      const local = 2;
      // An agent has its own.
      const { exit } = process;
      const { Worker } = globalThis;
      const inner = new Local("inner", own);
      try {
        return [
          await inner.call(() => add(local)), // a closure made there, and what it uses from here
          await inner.call(hostname), // an export
          (await inner.call(runtime)).name,
          await inner.call(() => [exit === process.exit, Worker === globalThis.Worker]),
        ];
      } finally {
        await inner.close();
      }
    });
    assertEquals([sum, host], [42, Deno.hostname()]);
    assertEquals(replaced, [true, true]);
    assertEquals(kind, tun.info!.runtime);
  });

  test("the depth limit ends a function that calls itself through a tunnel", async () => {
    const own = options();
    const again = async (): Promise<unknown> => await through(new Local("localhost", own), again);
    await using tun = new Local("localhost", own);
    const error = await rejectsAs(RemoteError, tun.call(again));
    assertStringIncludes(
      error.message,
      "DepthLimitError: Depth limit of 2 exceeded at localhost -> localhost -> localhost",
    );
  });

  test("the depth limit that is set here counts there", async () => {
    const own = options();
    settings.depthLimit = 3;
    try {
      await using tun = new Local("a", own);
      const host = await tun.call(() =>
        through(new Local("b", own), () => through(new Local("c", own), hostname))
      );
      assertEquals(host, Deno.hostname());
    } finally {
      settings.depthLimit = 2;
    }
  });

  test("a callback and a stream pass through the hops", async () => {
    const own = options();
    await using tun = new Local("outer", own);
    const seen: number[] = [];
    const see = callback((n: number) => seen.push(n));
    const total = await tun.call(async (see) => {
      const inner = new Local("inner", own);
      try {
        const values = await inner.call(async function* (see) {
          for (let n = 1; n <= 3; n++) {
            await see(n);
            yield n;
          }
        }, see);
        let total = 0;
        for await (const value of values) total += value;
        return total;
      } finally {
        await inner.close();
      }
    }, see);
    assertEquals([total, seen], [6, [1, 2, 3]]);
  });
}

Deno.test("Local() within Local() is bounded without any option", async () => {
  const error = await rejectsAs(RemoteError, bomb());
  assertStringIncludes(
    error.message,
    "Depth limit of 2 exceeded at localhost -> localhost -> localhost",
  );
});

Deno.test(needing(["ssh", "sudo", "deno"], "an SSHTunnel's function opens a Sudo", async () => {
  const { config } = service("ssh");
  const deno = service("deno").path;
  await using tun = new SSHTunnel("host1", { sshArgs: ["-F", config], deno });
  const uid = await tun.call(async () => {
    await using nobody = new Sudo({ user: "nobody", deno });
    return await nobody.call(Deno.uid);
  });
  assert(uid !== null && uid !== Deno.uid());
}));

Deno.test(needing(["ssh", "docker", "deno"], "an SSHTunnel's function opens a Docker", async () => {
  const { config } = service("ssh");
  const deno = service("deno").path;
  const env = { DOCKER_HOST: service("docker").host };
  await using tun = new SSHTunnel("host1", { sshArgs: ["-F", config], deno, env });
  const name = containerName();
  const [inside, outside] = await tun.call(async () => {
    const dockerArgs = ["--network", "none"];
    await using box = new Docker(name, { dockerArgs });
    return [await box.call(hostname), hostname()];
  });
  assert(inside !== outside);
}));

Deno.test("the end of a middle hop ends what is behind it", async () => {
  await using tun = new Local("outer");
  const pid = await tun.call(async () => {
    const inner = new Local("inner");
    await inner.connect();
    return inner.info!.pid;
  });
  await tun.close();
  const ended = async (): Promise<void> => {
    // A zombie that nobody has reaped yet has no command line.
    while (await Deno.readTextFile(`/proc/${pid}/cmdline`).catch(() => "") !== "") {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };
  if (Deno.build.os === "linux") await soon(ended(), "the inner agent's end");
});
