import { realpathSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { ModuleRecord } from "../../agent/protocol/module_record.ts";
import { loadedExports } from "./loaded_exports.ts";
import type { ModuleHost } from "./module_host.ts";

/**
 * Whether a file is a CommonJS module, by the rules of Node and Deno: this process may not have
 * loaded it.
 *
 * @param isModule Whether it has syntax that only ES modules have.
 * @param isRequired Whether another module requires it.
 */
export function isCommonJs(
  url: string,
  isModule: boolean,
  isRequired: boolean,
  host: ModuleHost,
): boolean {
  const { pathname } = new URL(url);
  if (isModule || !url.startsWith("file:") || /\.(mjs|mts|ts|tsx|jsx)$/.test(pathname)) {
    return false;
  }
  if (/\.(cjs|cts)$/.test(pathname)) return true;
  const type = packageType(url, host);
  if (type === "commonjs" || type === "module") return type === "commonjs";
  // Of other files, Deno takes those for CommonJS that are required, and more with `detect-cjs`.
  return isRequired || loadedExports(commonJsId(url)) !== undefined ||
    url.includes("/node_modules/") ||
    type === "none" && url.includes("/npm/");
}

/**
 * The id of the CommonJS module that a file's URL means: of all the links to a file, and with any
 * query, there is one instance.
 */
export function commonJsId(url: string): string {
  const path = fileURLToPath(url);
  try {
    return pathToFileURL(realpathSync(path)).href;
  } catch {
    return pathToFileURL(path).href; // This process may not look at it, or Deno made it up.
  }
}

/** A module that has the exports of the CommonJS module `target`, under another name. */
export function sameModule(id: string, target: string): ModuleRecord {
  const source = 'export * from "";export { default } from "";';
  return { id, kind: "js", source, imports: { "": target } };
}

/**
 * The `type` of the nearest package.json: `"none"` if the file does not say, `undefined` if there
 * is no such file.
 */
function packageType(url: string, host: ModuleHost): string | undefined {
  for (let folder = new URL(".", url);; folder = new URL("..", folder)) {
    try {
      const text = host.file(new URL("package.json", folder).href);
      if (text !== undefined) return JSON.parse(text).type ?? "none";
    } catch {
      // It cannot be read, so it counts as missing.
    }
    if (folder.pathname === "/") return undefined;
  }
}

/**
 * Whether an id is that of a native addon, which only runs on the machine where it was installed. A
 * module that requires one fails at the far end when it does so.
 */
export function isAddon(id: string): boolean {
  return id.endsWith(".node");
}
