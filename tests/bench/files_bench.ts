/**
 * The speed of a large file, in relation to `cat` through the same kind of pipes, and over ssh to
 * `scp` and `sftp`: `deno task bench files`.
 *
 * `deno run -A tests/bench/files_bench.ts memory` measures the memory that a very large file takes.
 *
 * @module
 */
import { type BaseTunnel, Local, SSHTunnel } from "../../mod.ts";
import { service, unavailable } from "../services/services.ts";
import { which } from "../services/command.ts";
import { measure, printRatio, printTitle, type Task, timed } from "./_measure.ts";
import { growthDuring } from "./_memory.ts";
import { remove, run as command } from "./_run.ts";

const MiB = 1024 * 1024;
const SIZE = 256 * MiB;
/** The size of the file that shows how much memory a transfer takes. */
const HUGE = 4096 * MiB;
const MEMORY_LIMIT = 64 * MiB;
const LOCAL_ROUNDS = 3;
const SSH_ROUNDS = 3;

/** Like a `put`: the shell of a tunnel relays by one `cat`, and the file is synced to the disk. */
const CAT_PUT = 'cat "$0" | sh -c \'cat | cat >"$0" && sync "$0"\' "$1"';
/** Like a `fetch`: the agent writes into the pipe without a relay. */
const CAT_FETCH = 'sh -c \'exec cat "$0"\' "$0" | cat >"$1" && sync "$1"';

/** The same, for bash, with hashing at both ends, which `cat` does not do. */
const HASHED_PUT =
  'tee >(openssl sha1 >/dev/null) <"$0" | cat | tee >(openssl sha1 >/dev/null) >"$1" && sync "$1"';
const HASHED_FETCH =
  'tee >(openssl sha1 >/dev/null) <"$0" | tee >(openssl sha1 >/dev/null) >"$1" && sync "$1"';

/** A folder with a file of random bytes, and room for copies of it. */
class Files implements AsyncDisposable {
  readonly folder: string;
  readonly source: string;
  readonly #target: string;

  private constructor(folder: string) {
    this.folder = folder;
    this.source = `${folder}/source`;
    this.#target = `${folder}/target`;
  }

  static async create(): Promise<Files> {
    const files = new Files(await Deno.makeTempDir());
    using file = await Deno.create(files.source);
    const writer = file.writable.getWriter();
    const block = new Uint8Array(64 * 1024);
    for (let at = 0; at < SIZE; at += block.length) {
      await writer.write(crypto.getRandomValues(block));
    }
    return files;
  }

  /** Measures `copy`, and compares its first copy with the file. */
  copying(copy: (source: string, target: string) => Promise<unknown>): Task {
    let compared = false;
    return async () => {
      const time = await timed(() => copy(this.source, this.#target));
      if (!compared) await command(["cmp", this.source, this.#target]);
      compared = true;
      await remove(this.#target);
      return time;
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await remove(this.folder);
  }
}

async function benchLocal(files: Files): Promise<void> {
  printTitle("256 MiB through a Local tunnel / by cat through such pipes (less is better)");
  const hasHashes = which("bash") !== undefined && which("openssl") !== undefined;
  if (!hasHashes) console.log("  without bash and openssl, nothing is compared that hashes");
  for (const runtime of ["deno", "node"] as const) {
    await using tunnel = new Local(runtime, { runtime });
    if (!await connects(tunnel, runtime)) continue;
    const shell = (argv: readonly string[]): Task =>
      files.copying((source, target) => command([...argv, source, target]));
    const tasks: Record<string, Task> = {
      put: files.copying((source, target) => tunnel.put(source, target)),
      catPut: shell(["sh", "-c", CAT_PUT]),
      fetch: files.copying((source, target) => tunnel.fetch(source, target)),
      catFetch: shell(["sh", "-c", CAT_FETCH]),
      ...hasHashes && {
        hashedPut: shell(["bash", "-c", HASHED_PUT]),
        hashedFetch: shell(["bash", "-c", HASHED_FETCH]),
      },
    };
    const times = await measure(LOCAL_ROUNDS, tasks);
    const compare = (what: string, ours: string, baseline: string, aim: number): void => {
      if (baseline in times) print(what, times[ours]!, times[baseline]!, aim);
    };
    compare(`put(), ${runtime} agent`, "put", "catPut", 1.25);
    compare(`fetch(), ${runtime} agent`, "fetch", "catFetch", 1.25);
    compare(`put(), ${runtime} agent / with SHA-1, too`, "put", "hashedPut", 1);
    compare(`fetch(), ${runtime} agent / with SHA-1, too`, "fetch", "hashedFetch", 1);
  }
}

async function benchSSH(files: Files): Promise<void> {
  printTitle("256 MiB over ssh / by scp and sftp, which do not wait for the disk (less is better)");
  const missing = unavailable(["ssh", "deno"]);
  if (missing !== undefined) return console.log(`  without ssh: ${missing}`);
  const { config, hosts } = service("ssh");
  const host = hosts[0]!;
  const make = (): SSHTunnel =>
    new SSHTunnel(host, { sshArgs: ["-F", config], deno: service("deno").path });
  await using tunnel = make();
  if (!await connects(tunnel, "ssh")) return;
  // The whole way, from connecting to the end of ssh, as scp and sftp go it.
  const once = async (work: (tunnel: SSHTunnel) => Promise<unknown>): Promise<void> => {
    await using own = make();
    await work(own);
  };
  const scp = (...args: string[]): Promise<string> => command(["scp", "-q", "-F", config, ...args]);
  const sftp = async (line: string): Promise<void> => {
    const batch = `${files.folder}/batch`;
    await Deno.writeTextFile(batch, `${line}\n`);
    await command(["sftp", "-q", "-F", config, "-b", batch, host]);
  };
  const put = await measure(SSH_ROUNDS, {
    connected: files.copying((source, target) => tunnel.put(source, target)),
    connecting: files.copying((source, target) => once((own) => own.put(source, target))),
    scp: files.copying((source, target) => scp(source, `${host}:${target}`)),
    sftp: files.copying((source, target) => sftp(`put ${source} ${target}`)),
  });
  const fetch = await measure(SSH_ROUNDS, {
    connected: files.copying((source, target) => tunnel.fetch(source, target)),
    connecting: files.copying((source, target) => once((own) => own.fetch(source, target))),
    scp: files.copying((source, target) => scp(`${host}:${source}`, target)),
    sftp: files.copying((source, target) => sftp(`get ${source} ${target}`)),
  });
  for (const [name, times] of Object.entries({ "put()": put, "fetch()": fetch })) {
    print(`${name}, connected / scp`, times.connected, times.scp, 1);
    print(`${name}, connecting too / scp`, times.connecting, times.scp, 1);
    print(`${name}, connected / sftp`, times.connected, times.sftp, 1);
    print(`${name}, connecting too / sftp`, times.connecting, times.sftp, 1);
  }
}

/** Prints the memory that a file of 4 GiB takes. It takes as much of the disk for a while. */
async function memory(): Promise<void> {
  printTitle("Memory that moving 4 GiB takes / 64 MiB (less is better)");
  const folder = await Deno.makeTempDir();
  try {
    const source = `${folder}/source`;
    await Deno.create(source).then((file) => file.close());
    await Deno.truncate(source, HUGE);
    for (const runtime of ["deno", "node"] as const) {
      await using tunnel = new Local(runtime, { runtime });
      if (!await connects(tunnel, runtime)) continue;
      // Load the code first: its memory is not counted.
      await tunnel.put({ text: "" }, `${folder}/target`);
      await tunnel.fetch(`${folder}/target`, null);
      const target = `${folder}/target`;
      for (
        const [name, work] of [
          ["put()", () => tunnel.put(source, target)],
          ["fetch()", () => tunnel.fetch(source, target)],
        ] as const
      ) {
        const growth = await growthDuring(tunnel, work);
        for (const [end, bytes] of Object.entries(growth)) {
          printRatio({
            what: `${name}, ${runtime} agent: ${end}`,
            ours: bytes / MiB,
            baseline: MEMORY_LIMIT / MiB,
            unit: "MiB",
            aim: 1,
          });
        }
        await remove(target);
      }
    }
  } finally {
    await remove(folder);
  }
}

async function connects(tunnel: BaseTunnel, what: string): Promise<boolean> {
  try {
    await tunnel.connect();
    return true;
  } catch (error) {
    console.log(`  ${what}: ${(error as Error).message}`);
    return false;
  }
}

function print(what: string, ours: number, baseline: number, aim: number): void {
  printRatio({ what, ours, baseline, unit: "ms", aim });
}

/** Prints the ratios. */
export async function run(): Promise<void> {
  await using files = await Files.create();
  await benchLocal(files);
  if (which("scp") === undefined || which("sftp") === undefined) {
    console.log("  without scp and sftp: they are not installed");
  } else await benchSSH(files);
}

if (import.meta.main) await (Deno.args.includes("memory") ? memory() : run());
