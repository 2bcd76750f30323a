import { importKey, NO_MODULE } from "../../agent/protocol/module_record.ts";
import type { ModuleImport } from "../source/imports.ts";
import type { ModuleSource } from "./module_source.ts";
import { parseUrl } from "./parse_url.ts";

/**
 * Resolves imports of the script `referrer`.
 *
 * @returns Ids by `importKey()`.
 * @throws {TypeError} If one that is not an `import()` leads nowhere; the text is the reason.
 */
export async function resolveImports(
  source: ModuleSource,
  imports: readonly ModuleImport[],
  referrer: string,
): Promise<Record<string, string>> {
  const resolved: Record<string, string> = {};
  for (const one of imports) {
    const key = importKey(one.specifier, one.type);
    const id = await source.resolveImport(one, referrer);
    if (id === NO_MODULE) resolved[key] ??= id;
    else if (id !== undefined) resolved[key] = id;
  }
  return resolved;
}

/**
 * Resolves what the script `referrer` asks of `import.meta.resolve()`.
 *
 * @returns The answers, without those that are simply URLs relative to the script, as a property of
 * a module record.
 */
export async function resolveUrls(
  source: ModuleSource,
  specifiers: Iterable<string>,
  referrer: string,
): Promise<{ readonly resolves?: Readonly<Record<string, string>> }> {
  const resolves: Record<string, string> = {};
  for (const specifier of specifiers) {
    const url = await source.resolveUrl(specifier, referrer);
    if (url !== undefined && url !== parseUrl(specifier, referrer)?.href) {
      resolves[specifier] = url;
    }
  }
  return Object.keys(resolves).length === 0 ? {} : { resolves };
}
