import { existsSync, realpathSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { ModuleHost } from "./module_host.ts";
import { packageFiles } from "./package_files.ts";

const CODE = /\.(?:[cm]?js|json)$/;

/**
 * The modules of a package that code may require by a computed name, with their names.
 *
 * @param start How the name begins: only if that has the package, it is known where to look.
 * @param end How the name ends.
 * @param base The URL of the module that requires it.
 */
export function* packageNames(
  start: string,
  end: string,
  base: string,
  host: ModuleHost,
): Generator<readonly [name: string, id: string]> {
  const [, name] = /^((?:@[^/]+\/)?[^@/.][^/]*)\//.exec(start) ?? [];
  if (name === undefined) return;
  const known = host.resolveRequire(`${name}/package.json`, base) ??
    host.resolveRequire(name, base) ?? installed(name, base);
  const found = known && packageFiles(known);
  if (!found) return;
  const paths = [...found.files].flatMap(([path, { size }]) =>
    size !== null && CODE.test(path) ? [path.slice(found.root.length)] : []
  );
  const names = new Set([...paths.flatMap(shorter), ...exported(host, found.root, paths)]);
  for (const one of names) {
    const full = name + one;
    if (!full.startsWith(start) || !full.endsWith(end)) continue;
    const id = host.resolveRequire(full, base);
    if (id !== undefined) yield [full, id];
  }
}

/** The URL of the package.json of a package that lets nobody require that. */
function installed(name: string, base: string): string | undefined {
  if (!base.startsWith("file:")) return undefined;
  const folders = createRequire(base).resolve.paths(name) ?? [];
  const path = folders.map((one) => join(one, name, "package.json")).find((one) => existsSync(one));
  return path && pathToFileURL(realpathSync(path)).href;
}

/** A path, and how it can be written without its end. */
function shorter(path: string): string[] {
  const short = path.replace(/\.(?:[cm]?js|json)$/, "");
  return [path, short, short.replace(/\/index$/, "")];
}

/** The names in the `exports` of a package.json, with the paths for a `*`. */
function* exported(host: ModuleHost, root: string, paths: readonly string[]): Iterable<string> {
  let exports: unknown;
  try {
    exports = JSON.parse(host.file(`file://${root}/package.json`) ?? "{}").exports;
  } catch {
    // A `require()` of the package will tell the reason.
  }
  if (typeof exports !== "object" || exports === null) return;
  for (const [key, value] of Object.entries(exports)) {
    const name = key.slice(1);
    if (!name.includes("*")) yield name;
    else {
      for (const target of textsIn(value)) {
        const [before = "", after = ""] = target.slice(1).split("*");
        for (const path of paths) {
          if (!path.startsWith(before) || !path.endsWith(after)) continue;
          yield name.replace("*", path.slice(before.length, path.length - after.length));
        }
      }
    }
  }
}

function textsIn(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(textsIn) : [];
}
