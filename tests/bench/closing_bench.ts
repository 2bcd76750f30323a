/**
 * The time to close connected tunnels, in relation to the end of as many `cat`s, reached in the
 * same way, whose stdin is closed: `deno task bench closing`.
 *
 * @module
 */
import { type BaseTunnel, Docker, Local, SSHTunnel, Sudo } from "../../mod.ts";
import { service, unavailable } from "../services/services.ts";
import { measure, printRatio, printTitle, timed } from "./_measure.ts";

const ROUNDS = 3;

/** A way to the far end. */
interface Way {
  readonly name: string;
  /** How many tunnels are closed at once, one number after the other. */
  readonly counts: readonly number[];
  /** Why it cannot be used here, if so. */
  readonly missing?: string | undefined;
  make(i: number): BaseTunnel;
  /** The argv of a `cat` at the far end. */
  cat(i: number): readonly string[];
}

function ways(): Way[] {
  const needs = (...names: Parameters<typeof unavailable>[0][]): string | undefined =>
    names.map((name) => unavailable(name)).find((reason) => reason !== undefined);
  const ssh = needs("ssh", "deno");
  const docker = needs("docker");
  return [
    {
      name: "Local",
      counts: [1, 50, 300],
      make: (i) => new Local(`bench${i}`),
      cat: () => ["cat"],
    },
    {
      name: "Local, node",
      counts: [1, 50],
      make: (i) => new Local(`bench${i}`, { runtime: "node" }),
      cat: () => ["cat"],
    },
    {
      name: "SSHTunnel",
      counts: [1, 50],
      missing: ssh,
      make: (i) => {
        const { config, hosts } = service("ssh");
        return new SSHTunnel(hosts[i]!, { sshArgs: ["-F", config], deno: service("deno").path });
      },
      cat: (i) => ["ssh", "-F", service("ssh").config, service("ssh").hosts[i]!, "cat"],
    },
    {
      name: "Sudo",
      counts: [1, 50],
      missing: needs("sudo", "deno"),
      make: (i) => new Sudo({ name: `bench${i}`, deno: service("deno").path }),
      cat: () => ["sudo", "cat"],
    },
    {
      name: "Docker",
      counts: [1, 10],
      missing: docker,
      make: (i) => new Docker(`bench${i}`, { image: service("docker").image }),
      cat: () => ["docker", "run", "--rm", "-i", "--entrypoint", "cat", service("docker").image],
    },
  ];
}

/** Opens tunnels, calls something, and gives how long it takes to close them, in milliseconds. */
async function closing(way: Way, count: number): Promise<number> {
  const tunnels = Array.from({ length: count }, (_, i) => way.make(i));
  try {
    await Promise.all(tunnels.map((tunnel) => tunnel.call(Date.now)));
    return await timed(() => Promise.all(tunnels.map((tunnel) => tunnel.close())));
  } finally {
    await Promise.all(tunnels.map((tunnel) => tunnel.close()));
  }
}

/** Starts programs, sends each a byte and waits for it, and gives how long it takes to end them. */
async function ending(way: Way, count: number): Promise<number> {
  const children = await Promise.all(Array.from({ length: count }, async (_, i) => {
    const [program, ...args] = way.cat(i);
    const stdio = { stdin: "piped", stdout: "piped", stderr: "null" } as const;
    const child = new Deno.Command(program!, { args, ...stdio }).spawn();
    const [writer, reader] = [child.stdin.getWriter(), child.stdout.getReader()];
    await writer.write(new Uint8Array(1));
    await reader.read();
    return { child, writer, reader };
  }));
  return await timed(() =>
    Promise.all(children.map(async ({ child, writer, reader }) => {
      await writer.close();
      await child.status;
      await reader.cancel();
    }))
  );
}

/** Prints the ratios. */
export async function run(): Promise<void> {
  printTitle("Closing connected tunnels / ending a cat there (less is better)");
  for (const way of ways()) {
    if (way.missing !== undefined) {
      console.log(`  without ${way.name}: ${way.missing}`);
      continue;
    }
    for (const count of way.counts) {
      const { ours, baseline } = await measure(ROUNDS, {
        ours: () => closing(way, count),
        baseline: () => ending(way, count),
      });
      printRatio({ what: `${way.name}, ${count} at once`, ours, baseline, unit: "ms" });
    }
  }
}

if (import.meta.main) await run();
