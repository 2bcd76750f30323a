import { createHash } from "node:crypto";
import { Local, type TunnelOptions } from "../../../mod.ts";
import { command } from "../../services/command.ts";
import { PATIENCE } from "../_deadline.ts";
import { needing, service, type ServiceName } from "../../services/services.ts";

/** A folder for a test, which is removed at the end. */
export class Folder {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** Makes a folder that everybody may enter. */
  static async create(): Promise<Folder> {
    const path = await Deno.makeTempDir({ prefix: "chopsticks-test-" });
    await Deno.chmod(path, 0o755);
    return new Folder(path);
  }

  /** The path of the entry with this name. */
  at(name: string): string {
    return `${this.path}/${name}`;
  }

  /** Writes a file in it, and gives its path. */
  write(name: string, contents: Uint8Array | string): string {
    const path = this.at(name);
    Deno.writeFileSync(
      path,
      typeof contents === "string" ? new TextEncoder().encode(contents) : contents,
    );
    return path;
  }

  /** The names of its entries. */
  get names(): string[] {
    return namesIn(this.path);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.path, { recursive: true });
  }
}

/** The names of the entries of a folder. */
export function namesIn(path: string): string[] {
  return Array.from(Deno.readDirSync(path), ({ name }) => name).sort();
}

/** Temporary files, which must be gone after a transfer. */
export function strayIn(path: string): string[] {
  return namesIn(path).filter((name) => name.startsWith(".chopsticks-"));
}

/** Polls until `isSo` is true: for changes that are not reported. */
export async function until(
  isSo: () => boolean | Promise<boolean>,
  what: string,
): Promise<void> {
  const end = Date.now() + PATIENCE;
  while (!await isSo()) {
    if (Date.now() > end) throw new Error(`Still waiting for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Bytes without repetitions. */
export function bytesOf(size: number): Uint8Array {
  const words = new Uint32Array(Math.ceil(size / 4));
  for (let i = 0; i < words.length; i++) words[i] = Math.imul(i + 1, 2654435761);
  return new Uint8Array(words.buffer, 0, size);
}

/** The SHA-1 of bytes. */
export function sha1(bytes: Uint8Array | string): string {
  return createHash("sha1").update(bytes).digest("hex");
}

/** The permission bits of a file. */
export function modeOf(path: string): number {
  return Deno.statSync(path).mode! & 0o7777;
}

/** A runtime for an agent on this machine. */
export interface AgentRuntime {
  /** Such as `Node 18`. */
  readonly name: string;
  readonly needs: readonly ServiceName[];
  /** A new tunnel. */
  open(options?: TunnelOptions): Local;
}

/** Deno, and the versions of Node that differ from each other. */
export const RUNTIMES: readonly AgentRuntime[] = [
  {
    name: "Deno",
    needs: [],
    open: (options) => new Local("here", { runtime: "deno", stderr: () => {}, ...options }),
  },
  ...(["18", "26"] as const).map((major): AgentRuntime => ({
    name: `Node ${major}`,
    needs: ["node"],
    open: (options) =>
      new Local("here", {
        runtime: "node",
        node: service("node").paths[major],
        stderr: () => {},
        ...options,
      }),
  })),
];

/** Runs `test` with an agent on each of the runtimes, and a folder. */
export function onRuntimes(
  name: string,
  test: (tun: Local, folder: Folder) => Promise<void>,
): void {
  for (const runtime of RUNTIMES) {
    Deno.test(needing(runtime.needs, `${name}, on ${runtime.name}`, async () => {
      await using folder = await Folder.create();
      await using tun = runtime.open();
      await test(tun, folder);
    }));
  }
}

/** Describes a test that only root can run. */
export function asRoot(name: string, fn: () => Promise<void>): Deno.TestDefinition {
  return Deno.uid() === 0
    ? { name, fn }
    : { name: `${name} (skipped: only root can do this)`, fn, ignore: true };
}

/** A file system of its own, in a folder for a test. */
export class SmallDisk implements AsyncDisposable {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** Makes an empty one of this size, in bytes. */
  static async create(size: number): Promise<SmallDisk> {
    const path = await Deno.makeTempDir({ prefix: "chopsticks-test-" });
    const disk = new SmallDisk(path);
    try {
      await disk.#run("mount", "-t", "tmpfs", "-o", `size=${size}`, "tmpfs", path);
    } catch (error) {
      await Deno.remove(path);
      throw error;
    }
    return disk;
  }

  /** Makes it read-only. */
  async makeReadOnly(): Promise<void> {
    await this.#run("mount", "-o", "remount,ro", this.path);
  }

  async #run(...args: [string, ...string[]]): Promise<void> {
    const { success, problem } = await command(args);
    if (!success) throw new Error(problem);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // A file of an abandoned transfer may stay open for a moment.
    await this.#run("umount", "--lazy", this.path);
    await Deno.remove(this.path);
  }
}

let mounting: Promise<string | undefined> | undefined;

/** Describes a test that only root can run and that needs a {@linkcode SmallDisk}. */
export async function needingDisk(test: Deno.TestDefinition): Promise<Deno.TestDefinition> {
  mounting ??= (async () => {
    try {
      await using _disk = await SmallDisk.create(4096);
    } catch (error) {
      return (error as Error).message;
    }
  })();
  const reason = await mounting;
  return reason === undefined
    ? test
    : { ...test, name: `${test.name} (skipped: ${reason})`, ignore: true };
}
