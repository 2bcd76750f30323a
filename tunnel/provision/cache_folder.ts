import { mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import { randomBytes } from "node:crypto";
import os from "node:os";
import process from "node:process";

/** A variable of the environment; `undefined` if it is empty, or may not be read. */
export function environment(name: string): string | undefined {
  try {
    return process.env[name] || undefined;
  } catch {
    return undefined;
  }
}

/** The folder of this machine for what is brought to others. It is made if it is missing. */
export async function cacheFolder(): Promise<string> {
  const base = environment("XDG_CACHE_HOME") ?? `${environment("HOME") ?? os.homedir()}/.cache`;
  const folder = `${base}/chopsticks`;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  return folder;
}

/** So long may the making of a file take, in milliseconds. */
const PART_AGE = 24 * 3_600_000;

/**
 * Makes a file in the cache folder: `write` writes it beside its place, and it is moved there when
 * it is complete.
 *
 * @returns The file's path.
 */
export async function makeCached(
  name: string,
  write: (path: string) => Promise<void>,
): Promise<string> {
  const folder = await cacheFolder();
  await removeDeadParts(folder);
  const path = `${folder}/${name}`;
  const part = `${path}.${randomBytes(6).toString("hex")}.part`;
  try {
    await write(part);
    await rename(part, path);
  } finally {
    await rm(part, { force: true, recursive: true });
  }
  return path;
}

/** Removes what scripts that were killed have left: a part may have 100 MB. */
async function removeDeadParts(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!/\.[0-9a-f]{12}\.part(\.tgz|\.folder)?$/.test(name)) continue;
    const path = `${folder}/${name}`;
    try {
      const { mtimeMs } = await stat(path);
      if (Date.now() - mtimeMs > PART_AGE) await rm(path, { force: true, recursive: true });
    } catch {
      // Another script has removed it.
    }
  }
}
