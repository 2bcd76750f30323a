import { type Dirent, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { requireKey } from "../../agent/protocol/module_record.ts";
import type { RequiringModule } from "../source/found_require.ts";
import { requiresOf } from "../source/requires.ts";
import { isAddon } from "./commonjs.ts";
import type { ModuleHost } from "./module_host.ts";
import { mayRead } from "./may_read.ts";
import { packageFiles } from "./package_files.ts";
import { packageNames } from "./package_names.ts";

/** What a module requires. */
export interface ResolvedRequires {
  /** Ids by what is required, for the module's record; `node:` modules are left out. */
  readonly requires: Readonly<Record<string, string>>;
  /** The modules among them that it may load. One that is never reached may be broken. */
  readonly wanted: ReadonlySet<string>;
}

/** How many modules one computed name may stand for. */
const MOST_MODULES = 2000;
const CODE = /\.(?:[cm]?js|json)$|\/[^./]+$/;

/** Resolves what a module requires. */
export function resolveRequires(module: RequiringModule, host: ModuleHost): ResolvedRequires {
  const { url } = module;
  const requires: Record<string, string> = {};
  const wanted = new Set<string>();
  const add = (key: string, id: string | undefined, isResolve = false): void => {
    if (id === undefined || id.startsWith("node:")) return;
    requires[key] = id;
    if (!isAddon(id) && (!isResolve || CODE.test(id))) wanted.add(id);
  };
  let isComputed = false;
  for (const { texts, isResolve, from } of requiresOf(module)) {
    const [name = "", ...rest] = texts;
    if (rest.length === 0) {
      const id = host.resolveRequire(name, from ?? url);
      add(from === undefined ? name : requireKey(name, from), id, isResolve);
    } else {
      isComputed = true;
      const end = rest.at(-1)!;
      for (const id of modulesNamed(name, end, url, from ?? url)) add(id, id);
      for (
        const [key, id] of packageNames(name, end, from ?? url, host).take(
          MOST_MODULES,
        )
      ) {
        add(from === undefined ? key : requireKey(key, from), id);
      }
    }
  }
  if (isComputed) {
    for (const [key, id] of requiredHere(url, host)) add(key, id);
    for (const name of relativeNames(module.source)) add(name, host.resolveRequire(name, url));
  }
  return { requires, wanted };
}

/**
 * The modules that a module may mean by a computed name: those of its package, or in a folder that
 * the name begins with.
 *
 * @param start How the name begins: only if that has a folder, it is known where to look.
 */
function* modulesNamed(start: string, end: string, url: string, base: string): Iterable<string> {
  if (!/^\.{0,2}\//.test(start) || !base.startsWith("file:")) return;
  const here = dirname(fileURLToPath(base));
  const isAbsolute = start.startsWith("/");
  const folder = start.slice(0, start.lastIndexOf("/") + 1);
  const within = join(isAbsolute ? "/" : here, folder, "/");
  const prefix = within + start.slice(folder.length);
  // All that is below a folder of modules, but not all of the package.
  const isDeep = !`${here}/`.startsWith(within);
  let count = 0;
  for (const path of filesAt(url, within, isDeep, isAbsolute ? here : undefined)) {
    if (!path.startsWith(prefix) || !CODE.test(path)) continue;
    const rest = path.slice(within.length).replace(/\/(?:index\.c?js|index\.json)$/, "");
    const isMeant = (isDeep || !rest.includes("/")) &&
      (path.endsWith(end) || path.replace(/(?:\/index)?\.(?:[cm]?js|json)$/, "").endsWith(end));
    if (!isMeant) continue;
    if (++count > MOST_MODULES) return;
    yield pathToFileURL(path).href;
  }
}

/**
 * The paths of files of the package of the module `url`, or else of those in a folder.
 *
 * @param around A folder that this folder has to be in, if it is no package.
 */
function filesAt(
  url: string,
  folder: string,
  isDeep: boolean,
  around: string | undefined,
): Iterable<string> {
  const found = packageFiles(url)?.files;
  if (found !== undefined) {
    return [...found].flatMap(([path, { size }]) => size === null ? [] : [path]);
  }
  if (around !== undefined && !folder.startsWith(`${around}/`) || !mayRead(folder)) return [];
  return filesIn(folder, isDeep);
}

function* filesIn(folder: string, isDeep: boolean): Iterable<string> {
  let entries: readonly Dirent[] = [];
  try {
    entries = readdirSync(folder, { withFileTypes: true });
  } catch {
    // There is no such folder.
  }
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isFile()) yield path;
    else if (isDeep && entry.isDirectory() && !/^(node_modules|\.git)$/.test(entry.name)) {
      yield* filesIn(path, isDeep);
    }
  }
}

/** The relative paths that a script has as texts. */
function relativeNames(source: string): Iterable<string> {
  const names = source.matchAll(/(["'`])(\.{1,2}\/(?:(?!\1)[^\\\n$]){1,200})\1/g);
  return new Set(names.take(MOST_MODULES).map(([, , name]) => name!));
}

/** The modules that a CommonJS module has required here, by what it may have called them. */
function* requiredHere(url: string, host: ModuleHost): Iterable<readonly [string, string]> {
  if (!url.startsWith("file:")) return;
  const module = createRequire("file:///").cache[fileURLToPath(url)];
  for (const { filename } of module?.children ?? []) {
    if (typeof filename !== "string") continue;
    const id = pathToFileURL(filename).href;
    yield [id, id];
    const name = /\/(?:node_modules|npm\/[^/]+)\/((?:@[^/]+\/)?[^@/][^/]*)\/(?!.*\/node_modules\/)/
      .exec(id)?.[1];
    if (name !== undefined && host.resolveRequire(name, url) === id) yield [name, id];
  }
}
