import type { ModuleRecord } from "../../agent/protocol/module_record.ts";
import { withoutSourceMap } from "../source/imports.ts";
import type { ModuleHost } from "./module_host.ts";

type Lexer = (source: string) => { exports: Iterable<string>; reexports: Iterable<string> };

/** A CommonJS module, as far as its exports depend on it. */
type CommonJs = Pick<ModuleRecord, "id" | "source" | "imports">;

/** The names that a CommonJS module exports, with those of the modules that it re-exports. */
export async function commonJsExports(module: CommonJs, host: ModuleHost): Promise<string[]> {
  const { parse } = await import("npm:cjs-module-lexer@2.3.0");
  return await exportsOf(module, host, parse, new Set());
}

async function exportsOf(
  module: CommonJs,
  host: ModuleHost,
  parse: Lexer,
  seen: Set<string>,
): Promise<string[]> {
  seen.add(module.id);
  let found: ReturnType<Lexer>;
  try {
    found = parse(module.source as string);
  } catch {
    return [];
  }
  const names = new Set(found.exports);
  for (const specifier of found.reexports) {
    const id = module.imports[specifier];
    if (id === undefined || seen.has(id)) continue;
    const { source } = withoutSourceMap(await host.code(id) ?? "");
    const inner = { id, source, imports: resolveRequires(source, id, host) };
    for (const name of await exportsOf(inner, host, parse, seen)) names.add(name);
  }
  names.delete("default");
  return [...names];
}

/**
 * Whether a file is a CommonJS module, by the rules of Node and Deno: this process may not have
 * loaded it.
 *
 * @param isModule Whether it has syntax that only ES modules have.
 */
export function isCommonJs(url: string, isModule: boolean, host: ModuleHost): boolean {
  if (isModule || !url.startsWith("file:") || /\.(mjs|mts|ts|tsx|jsx)$/.test(url)) return false;
  if (/\.(cjs|cts)$/.test(url)) return true;
  const type = packageType(url, host);
  return type === "commonjs" || type === undefined && url.includes("/node_modules/") ||
    type === "none" && /\/(npm|node_modules)\//.test(url);
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
 * The ids of the modules that a script requires by literal names, by those names, but for `node:`
 * modules.
 */
export function resolveRequires(
  source: string,
  url: string,
  host: ModuleHost,
): Record<string, string> {
  const resolved: Record<string, string> = {};
  for (const specifier of requiresOf(source)) {
    const id = host.resolveRequire(specifier, url);
    if (id !== undefined && !id.startsWith("node:")) resolved[specifier] = id;
  }
  return resolved;
}

/** The literal arguments of `require` calls. One that is only in a comment does no harm. */
function requiresOf(source: string): Set<string> {
  const found = new Set<string>();
  for (const match of source.matchAll(/\brequire\s*\(\s*(["'`])([^"'`\n]+)\1\s*\)/g)) {
    found.add(match[2]!);
  }
  return found;
}

/**
 * Whether an id is that of a native addon, which only runs on the machine where it was installed. A
 * module that requires one fails at the far end when it does so.
 */
export function isAddon(id: string): boolean {
  return id.endsWith(".node");
}
