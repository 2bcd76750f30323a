/**
 * The speed of a sync of 5,000 small files over ssh, in relation to `rsync -a`:
 * `deno task bench sync`.
 *
 * @module
 */
import { SSHTunnel } from "../../mod.ts";
import { which } from "../services/command.ts";
import { service, unavailable } from "../services/services.ts";
import { measure, printRatio, printTitle, type Task, timed } from "./_measure.ts";
import { remove, run as command } from "./_run.ts";
import { makeTree } from "./_tree.ts";

const ROUNDS = 3;

/** Makes the folder `target` the same as `source`. */
type Copy = (source: string, target: string) => Promise<unknown>;

/** The cost of copying a folder, in milliseconds. */
interface Times {
  /** Into a folder that does not exist. */
  readonly first: number;
  /** When there is nothing to do. */
  readonly again: number;
}

/**
 * The medians of several ways to copy `source` into `folder`. A copy of each is compared with it.
 */
async function measureCopies<K extends string>(
  source: string,
  folder: string,
  copies: Record<K, Copy>,
): Promise<Record<K, Times>> {
  await Deno.mkdir(folder);
  const tasks: Record<string, Task> = {};
  for (const [name, copy] of Object.entries<Copy>(copies)) {
    // Each copy gets a new folder, and none is removed before the end: an ext4 without a journal
    // avoids inodes that were freed in the last seconds, which makes new files many times slower.
    let round = 0;
    const target = (): string => `${folder}/target ${round} of ${name}`;
    let compared = false;
    tasks[`${name} first`] = async () => {
      round++;
      return await timed(() => copy(source, target()));
    };
    tasks[`${name} again`] = async () => {
      const time = await timed(() => copy(source, target()));
      if (!compared) await compare(source, target());
      compared = true;
      return time;
    };
  }
  const times = await measure(ROUNDS, tasks);
  return Object.fromEntries(
    Object.keys(copies).map((
      name,
    ) => [name, { first: times[`${name} first`]!, again: times[`${name} again`]! }]),
  ) as unknown as Record<K, Times>;
}

/** @throws {Error} If the folders are not the same. */
async function compare(source: string, target: string): Promise<void> {
  await command(["diff", "-r", "--no-dereference", source, target]);
  const differences = await command(["rsync", "-n", "-c", "-a", "-i", `${source}/`, `${target}/`]);
  if (differences !== "") throw new Error(`${target} is not as ${source}:\n${differences}`);
}

/** Prints the ratios. */
export async function run(): Promise<void> {
  printTitle("5,000 small files over ssh / by rsync -a (less is better)");
  const missing = unavailable(["ssh", "deno"]) ??
    (which("rsync") === undefined ? "rsync is not installed" : undefined);
  if (missing !== undefined) return console.log(`  without it: ${missing}`);
  const { config, hosts } = service("ssh");
  const host = hosts[0]!;
  const make = (): SSHTunnel =>
    new SSHTunnel(host, { sshArgs: ["-F", config], deno: service("deno").path });
  // The whole way, from connecting to the end of ssh, as rsync goes it.
  const once = async (work: (tunnel: SSHTunnel) => Promise<unknown>): Promise<void> => {
    await using own = make();
    await work(own);
  };
  const rsync = (source: string, target: string): Promise<string> =>
    // Older versions of rsync let a shell read the remote path.
    command(["rsync", "-a", "-s", "-e", `ssh -F ${config}`, source, target]);

  const folder = await Deno.makeTempDir();
  try {
    const source = `${folder}/source`;
    await makeTree(source);
    await using tunnel = make();
    await tunnel.connect();
    const all = {
      "sync()": await measureCopies(source, `${folder}/sync`, {
        connected: (source, target) => tunnel.sync(source, target),
        connecting: (source, target) => once((own) => own.sync(source, target)),
        rsync: (source, target) => rsync(`${source}/`, `${host}:${target}/`),
      }),
      "fetchDir()": await measureCopies(source, `${folder}/fetchDir`, {
        connected: (source, target) => tunnel.fetchDir(source, target),
        connecting: (source, target) => once((own) => own.fetchDir(source, target)),
        rsync: (source, target) => rsync(`${host}:${source}/`, `${target}/`),
      }),
    };
    for (const [name, { connected, connecting, rsync }] of Object.entries(all)) {
      for (const [what, key] of [["all", "first"], ["nothing to do", "again"]] as const) {
        const print = (how: string, ours: Times, aim: number): void =>
          printRatio({
            what: `${name}, ${what}, ${how}`,
            ours: ours[key],
            baseline: rsync[key],
            unit: "ms",
            aim,
          });
        print("connected", connected, key === "first" ? 1 : 0.5);
        print("connecting too", connecting, key === "first" ? 1.2 : 1);
      }
    }
  } finally {
    await remove(folder);
  }
}

if (import.meta.main) await run();
