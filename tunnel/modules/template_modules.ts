import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { ModuleImport } from "../source/imports.ts";
import { templateImports } from "../source/template_imports.ts";
import { mayRead } from "./may_read.ts";

/** How many modules a template may mean: beyond that, none of them is sent for it. */
const MOST_MODULES = 1000;

const CODE = /\.[cm]?[jt]sx?$/;

/**
 * The imports that a template in a script may mean, by the files that are there, as Deno's own
 * module graph has them: at any depth, but not in `node_modules` or `.git`.
 *
 * @param url A `file:` URL; other scripts have none.
 */
export function templateModules(source: string, url: string, script: string): ModuleImport[] {
  if (!url.startsWith("file:")) return [];
  const found: ModuleImport[] = [];
  for (const { folder, pattern, type } of templateImports(source, script)) {
    const path = new URL(folder, url);
    for (const name of mayRead(fileURLToPath(path)) ? filesIn(path) : []) {
      const specifier = folder + name;
      if (!pattern.test(specifier) || !(type !== undefined || CODE.test(name))) continue;
      found.push({ specifier, type, isDynamic: true });
    }
  }
  return found.length > MOST_MODULES ? [] : found;
}

function filesIn(folder: URL): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
      const name = encodeURIComponent(entry.name);
      if (entry.isFile()) return [entry.name];
      if (!entry.isDirectory() || /^(node_modules|\.git)$/.test(name)) return [];
      return filesIn(new URL(`${name}/`, folder)).map((inner) => `${entry.name}/${inner}`);
    });
  } catch {
    return []; // There is no such folder.
  }
}
