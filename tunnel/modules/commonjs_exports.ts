import type { ModuleRecord } from "../../agent/protocol/module_record.ts";
import { withoutSourceMap } from "../source/imports.ts";
import { loadedExports } from "./loaded_exports.ts";
import type { ModuleHost } from "./module_host.ts";

type Lexer = (source: string) => { exports: Iterable<string>; reexports: Iterable<string> };

/** A CommonJS module, as far as its exports depend on it. */
type CommonJs = Pick<ModuleRecord, "id" | "source">;

/** The names that CommonJS modules export to those who import them. */
export class CommonJsExports {
  readonly #host: ModuleHost;
  readonly #loaded = new WeakMap<CommonJs, readonly string[]>();
  readonly #found = new WeakMap<CommonJs, readonly string[]>();

  constructor(host: ModuleHost) {
    this.#host = host;
  }

  /** The names that a module exports, but for `default`. */
  async of(module: CommonJs): Promise<readonly string[]> {
    const known = this.#loaded.get(module) ?? await exportsHere(module.id);
    if (known !== undefined) {
      this.#loaded.set(module, known);
      return known;
    }
    let found = this.#found.get(module);
    if (found === undefined) {
      const { parse } = await import("npm:cjs-module-lexer@2.3.0");
      found = [...await exportsOf(module, this.#host, parse, new Set()), "module.exports"];
      this.#found.set(module, found);
    }
    return found;
  }
}

/**
 * The names of a module that runs here, as Deno found them: it finds others than the lexer does.
 * Importing what was required takes half a millisecond, so it is not done for what nothing imports.
 */
async function exportsHere(id: string): Promise<readonly string[] | undefined> {
  if (loadedExports(id) === undefined) return undefined;
  try {
    return Object.keys(await import(id)).filter((name) => name !== "default");
  } catch {
    return undefined; // One of its getters throws.
  }
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
    const id = host.resolveRequire(specifier, module.id);
    if (id === undefined || id.startsWith("node:") || seen.has(id)) continue;
    const { source } = withoutSourceMap(await host.code(id) ?? "");
    for (const name of await exportsOf({ id, source }, host, parse, seen)) names.add(name);
  }
  names.delete("default");
  return [...names];
}
