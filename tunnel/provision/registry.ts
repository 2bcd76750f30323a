import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { chmod, mkdir, open, rename, rm } from "node:fs/promises";
import { promisify } from "node:util";
import { cacheFolder, environment, makeCached } from "./cache_folder.ts";
import { isFile } from "./file_runtime.ts";
import type { WantedRuntime } from "./runtime.ts";

const NPM = "https://registry.npmjs.org";

/** A registry's entry for one version of a package. */
interface Dist {
  readonly tarball: string;
  /** As for `<script integrity>`, such as `sha512-…`. */
  readonly integrity: string;
}

/**
 * The Deno of an npm package, from the cache folder, or else from the registry that npm would use.
 *
 * @param onMove Called now and then while this goes on.
 * @returns The path of the binary.
 * @throws {Error} If there is no such package, or its bytes are not those that the registry names.
 */
export async function packagedDeno(wanted: WantedRuntime, onMove: () => void): Promise<string> {
  const { platform, version } = wanted;
  const name = `deno-${version}-${platform}`;
  const known = `${await cacheFolder()}/${name}`;
  if (await isFile(known)) return known;
  const libc = platform.startsWith("linux-") ? "-glibc" : "";
  const dist = await describe(`@deno/${platform}${libc}`, version);
  return await makeCached(name, async (part) => {
    const archive = `${part}.tgz`;
    const folder = `${part}.folder`;
    try {
      await download(dist.tarball, archive, { onMove, integrity: dist.integrity });
      await mkdir(folder, { mode: 0o700 });
      // Every system has this program, and none of ours has read as many archives. With `m`, the
      // file gets the time of now: as a part it must not look old.
      await promisify(execFile)("tar", ["-xzmf", archive, "-C", folder, "package/deno"]);
      await rename(`${folder}/package/deno`, part);
      await chmod(part, 0o700);
    } finally {
      await rm(archive, { force: true });
      await rm(folder, { force: true, recursive: true });
    }
  });
}

/** Asks the registry for the archive of a package. */
async function describe(name: string, version: string): Promise<Dist> {
  const set = environment("npm_config_registry") ?? environment("NPM_CONFIG_REGISTRY") ?? NPM;
  const registry = set.endsWith("/") ? set : `${set}/`;
  const url = `${registry}${name.replace("/", "%2f")}`;
  const response = await get(url, { accept: "application/vnd.npm.install-v1+json" });
  const { versions } = await response.json() as { versions?: Record<string, { dist?: Dist }> };
  const dist = versions?.[version]?.dist;
  if (typeof dist?.tarball !== "string") {
    throw new Error(`the registry ${registry} has no ${name} of version ${version}`);
  }
  if (typeof dist.integrity !== "string" || !dist.integrity.includes("sha512-")) {
    throw new Error(`the registry ${registry} has no SHA-512 of ${name} ${version}`);
  }
  // As npm does: a mirror may repeat the addresses of the registry that it mirrors.
  const tarball = new URL(dist.tarball, registry);
  if (tarball.origin === NPM && !registry.startsWith(NPM)) {
    return { ...dist, tarball: new URL(tarball.pathname, registry).href };
  }
  return { ...dist, tarball: tarball.href };
}

/** How to {@linkcode download}. */
export interface DownloadOptions {
  /** Called now and then while this goes on. */
  readonly onMove: () => void;
  /** The SHA-512 that the file must have. */
  readonly integrity?: string;
}

/**
 * Downloads a file.
 *
 * @throws {Error} If there is no such file, or it is not the one that `integrity` names.
 */
export async function download(url: string, path: string, options: DownloadOptions): Promise<void> {
  const { onMove, integrity } = options;
  const response = await get(url, {});
  const hash = createHash("sha512");
  const file = await open(path, "w", 0o600);
  try {
    for await (const chunk of response.body!) {
      hash.update(chunk);
      for (let at = 0; at < chunk.length;) at += (await file.write(chunk, at)).bytesWritten;
      onMove();
    }
  } finally {
    await file.close();
  }
  const found = `sha512-${hash.digest("base64")}`;
  if (integrity !== undefined && !integrity.split(/\s+/).includes(found)) {
    throw new Error(`${url} is not the file that the registry names: its SHA-512 is another one`);
  }
}

async function get(url: string, headers: Record<string, string>): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, { headers });
  } catch (cause) {
    throw new Error(`cannot download ${url}: ${(cause as Error).message}`, { cause });
  }
  if (response.ok && response.body !== null) return response;
  await response.body?.cancel();
  throw new Error(`cannot download ${url}: the server says ${response.status}`);
}
