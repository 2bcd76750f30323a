import { lstatSync, readdirSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { isAddon } from "./commonjs.ts";
import { mayRead } from "./may_read.ts";

/** A file or a folder. */
export interface FoundFile {
  /** Its size; `null` for a folder. */
  readonly size: number | null;
  /** The time of its last change, in milliseconds. */
  readonly time: number;
}

/** The files of an npm package, as it was installed. */
export interface PackageFiles {
  /** The path of its folder. */
  readonly root: string;
  /** What is in it, by path, with the folder itself. */
  readonly files: ReadonlyMap<string, FoundFile>;
  /** Whether there is a native addon, which its modules, or a package that does so, look for. */
  readonly hasAddon: boolean;
}

/** How many files a package may have: beyond that, no file of it is known at a far end. */
const MOST_FILES = 20_000;

const known = new Map<string, PackageFiles | undefined>();

/** The files of the npm package that a module belongs to, if this process may read them. */
export function packageFiles(url: string): PackageFiles | undefined {
  const root = packageRoot(url);
  if (root === undefined) return undefined;
  if (!known.has(root)) known.set(root, mayRead(root) ? listing(root) : undefined);
  return known.get(root);
}

/** All files and folders below a folder, and itself. Links are left out: they may lead anywhere. */
function listing(root: string): PackageFiles | undefined {
  const files = new Map<string, FoundFile>();
  const folders = [root];
  for (const folder of folders) {
    files.set(folder, { size: null, time: lstatSync(folder).mtimeMs });
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      // A package inside it is another package.
      if (entry.isDirectory() && entry.name !== "node_modules") folders.push(path);
      if (!entry.isFile()) continue;
      const { size, mtimeMs } = lstatSync(path);
      files.set(path, { size, time: mtimeMs });
    }
    if (files.size > MOST_FILES) return undefined;
  }
  return { root, files, hasAddon: files.keys().some(isAddon) };
}

/** The folder of the npm package that a module belongs to; `undefined` if it belongs to none. */
export function packageRoot(url: string): string | undefined {
  if (!url.startsWith("file:")) return undefined;
  const root = /^.*\/node_modules\/(?:@[^/]+\/)?[^@/.][^/]*(?=\/)/.exec(url)?.[0] ??
    inDenoCache(url);
  try {
    if (root === undefined) return undefined;
    const path = fileURLToPath(root);
    // A link from node_modules leads to a folder that somebody works in.
    return realpathSync(path) === path ? path : undefined;
  } catch {
    return undefined; // This process may not read it.
  }
}

/** Where Deno keeps packages: the library's own are there too, unless they are in node_modules. */
const cache = /^(.*\/npm\/)[^/]+\/es-module-lexer\//.exec(ownPackage())?.[1];

function ownPackage(): string {
  try {
    return import.meta.resolve("npm:es-module-lexer@3.0.5");
  } catch {
    return ""; // Node
  }
}

function inDenoCache(url: string): string | undefined {
  if (cache === undefined || !url.startsWith(cache)) return undefined;
  const path = /^[^/]+\/(?:@[^/]+\/)?[^@/][^/]*\/\d[^/]*(?=\/)/.exec(url.slice(cache.length))?.[0];
  return path && cache + path;
}

/** The URL of a path, as it is told to a far end. */
export function urlOfPath(path: string): string {
  return pathToFileURL(path).href;
}
