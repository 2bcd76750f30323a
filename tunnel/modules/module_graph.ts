import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type AgentHost, agentHost } from "../../agent/agent_host.ts";
import {
  importKey,
  type ModuleRecord,
  NO_MODULE,
  splitImportKey,
  urlOf,
} from "../../agent/protocol/module_record.ts";
import { entryModule } from "./entry_module.ts";
import { type ImportOf, importsOf, withoutSourceMap } from "../source/imports.ts";
import { ModuleHost } from "./module_host.ts";

/** A module and the ids of those that it needs to be loaded. */
interface Entry {
  readonly record: ModuleRecord;
  readonly needs: readonly string[];
}

const entries = new Map<string, Promise<Entry>>();
const modules = new ModuleHost();
/** At the far end, modules are those that came through the pipe. */
const agent = agentHost();

/**
 * The module `id` and all that it imports, however far away, ready to be sent. Each is read once.
 *
 * @throws {TypeError} If one of them cannot be sent; the text names it.
 */
export async function moduleGraph(id: string): Promise<ReadonlyMap<string, ModuleRecord>> {
  const found = new Map<string, ModuleRecord>();
  let level = [id];
  while (level.length > 0) {
    const loaded = await Promise.all(level.map(entryOf));
    for (const { record } of loaded) found.set(record.id, record);
    const next = loaded.flatMap(({ needs }) => needs);
    level = [...new Set(next)].filter((one) => !found.has(one) && isSent(one));
  }
  return found;
}

/** Whether what an import means is something to send. */
export function isSent(id: string): boolean {
  return id !== NO_MODULE && !id.startsWith("node:");
}

/** What imports of the script `referrer` mean: ids by `importKey()`. */
export async function resolveImports(
  imports: readonly Pick<ImportOf, "specifier" | "type" | "isDynamic">[],
  referrer: string,
): Promise<Record<string, string>> {
  const resolved: Record<string, string> = {};
  for (const { specifier, type, isDynamic } of imports) {
    const key = importKey(specifier, type);
    if (agent !== undefined) {
      const id = await resolveAtAgent(agent, key, referrer, isDynamic);
      if (id !== undefined) resolved[key] = id;
      continue;
    }
    const url = await modules.resolve(specifier, referrer);
    if (url === undefined || isDynamic && await isMissing(url, type)) {
      // Here, too, it would only fail when it is reached.
      if (isDynamic) {
        resolved[key] = NO_MODULE;
        continue;
      }
      throw new TypeError(
        `Cannot send ${referrer}: its import ${JSON.stringify(specifier)} cannot be resolved`,
      );
    }
    const id = idOf(url, type);
    if (isDynamic && isEntry(id)) resolved[key] ??= NO_MODULE;
    else resolved[key] = id;
  }
  return resolved;
}

/** What `import.meta.resolve()` gives in the script `referrer`, where that is not simply a relative URL. */
export async function resolveUrls(
  specifiers: Iterable<string>,
  referrer: string,
): Promise<{ resolves?: Record<string, string> }> {
  const resolves: Record<string, string> = {};
  for (const specifier of specifiers) {
    const url = agent === undefined
      ? await modules.resolve(specifier, referrer)
      : agent.record(referrer)?.resolves?.[specifier] ??
        agent.units(referrer).find(({ resolves = {} }) => specifier in resolves)
          ?.resolves?.[specifier];
    if (url !== undefined && url !== parseUrl(specifier, referrer)?.href) {
      resolves[specifier] = url;
    }
  }
  return Object.keys(resolves).length === 0 ? {} : { resolves };
}

/** What the controller said that an import means; it may be asked if it has not. */
async function resolveAtAgent(
  { record, units, ask }: AgentHost,
  key: string,
  referrer: string,
  mayAsk: boolean,
): Promise<string | undefined> {
  if (key.startsWith("node:")) return key;
  const known = record(referrer)?.imports[key] ??
    units(referrer).find(({ imports }) => key in imports)?.imports[key];
  if (known !== undefined || !mayAsk) return known;
  const { specifier, type } = splitImportKey(key);
  return await ask(specifier, referrer, type).catch(() => undefined);
}

/** `URL.parse()`, which Node has only since version 22. */
function parseUrl(url: string, base?: string): URL | undefined {
  try {
    return new URL(url, base);
  } catch {
    return undefined;
  }
}

/** The id that an `import()` in a module at the far end means, whether there is such a module or not. */
export async function resolveDynamic(
  specifier: string,
  referrer: string,
  type: string | undefined,
): Promise<string | undefined> {
  if (agent !== undefined) {
    return await resolveAtAgent(agent, importKey(specifier, type), referrer, true);
  }
  // To resolve what is of another scheme, such as a package, may mean to load it, or even to run it.
  const protocol = parseUrl(specifier)?.protocol;
  if (protocol !== undefined && !/^(file|https?|node):$/.test(protocol)) return undefined;
  const url = await modules.resolve(specifier, referrer, false);
  return url && idOf(url, type);
}

function idOf(url: string, type: string | undefined): string {
  const isPlain = type === "json" && new URL(url).pathname.endsWith(".json");
  return isPlain ? url : importKey(url, type);
}

/** The JavaScript of a module as this process runs it, a source map included. */
export async function moduleCode(url: string): Promise<string | undefined> {
  if (agent === undefined) return await modules.code(url);
  const record = agent.record(url);
  return record?.kind === "js" ? record.source as string : undefined;
}

async function isMissing(url: string, type: string | undefined): Promise<boolean> {
  if (url.startsWith("node:")) return false;
  if (url.startsWith("file:")) return !existsSync(fileURLToPath(url));
  return type === undefined && await modules.code(url) === undefined;
}

function entryOf(id: string): Promise<Entry> {
  let entry = entries.get(id);
  if (entry === undefined) {
    entry = agent === undefined ? read(id) : Promise.resolve().then(() => received(agent, id));
    entries.set(id, entry);
    // A file may be mended before the next try.
    entry.catch(() => entries.delete(id));
  }
  return entry;
}

function received({ record }: AgentHost, id: string): Entry {
  const found = record(id);
  if (found === undefined) throw new TypeError(`Cannot send module ${id}: it was not sent here`);
  return {
    record: found,
    needs: Object.values(found.imports).filter((one) => !one.endsWith(".node")),
  };
}

async function read(id: string): Promise<Entry> {
  const url = urlOf(id);
  const type = id.slice(url.length + 1);
  const { pathname } = new URL(url);
  if (pathname.endsWith(".node")) {
    throw new TypeError(
      `Cannot send module ${url}: a native addon only runs where it was installed`,
    );
  }
  try {
    if (type === "bytes") {
      return plain({ id, kind: "bytes", source: await modules.bytes(url), imports: {} });
    }
    if (type === "text") {
      return plain({ id, kind: "text", source: await modules.text(url), imports: {} });
    }
    if (type === "json" || pathname.endsWith(".json")) {
      return plain({ id, kind: "json", source: await modules.json(url), imports: {} });
    }
    if (pathname.endsWith(".wasm")) return await readWasm(url);
    return await readCode(url);
  } catch (cause) {
    if (cause instanceof TypeError && cause.message.startsWith("Cannot send")) throw cause;
    throw new TypeError(`Cannot send module ${url}: ${(cause as Error).message}`, { cause });
  }
}

function plain(record: ModuleRecord): Entry {
  return { record, needs: [] };
}

async function readCode(url: string): Promise<Entry> {
  const code = await modules.code(url);
  if (code === undefined) throw new TypeError("there is no such module");
  const { source, mappings } = withoutSourceMap(code);
  const found = importsOf(source);
  const positions = mappings === undefined ? {} : { mappings };
  if (isCommonJs(url, found.isModule)) {
    const { parse } = await import("npm:cjs-module-lexer@2.3.0");
    const imports: Record<string, string> = {};
    for (const specifier of requiresOf(source)) {
      const target = modules.resolveRequire(specifier, url);
      if (target !== undefined && !target.startsWith("node:")) imports[specifier] = target;
    }
    refuseEntry(imports);
    const dynamic = await resolveImports(found.imports, url);
    const record = {
      id: url,
      kind: "cjs",
      source,
      imports: { ...dynamic, ...imports },
      ...positions,
    } as const;
    const exports = await exportsOf(record, parse, new Set());
    // Addons are for the machine that they were built on; who requires one hears of it when it does.
    const needs = Object.values(record.imports).filter((target) => !target.endsWith(".node"));
    return { record: { ...record, exports }, needs };
  }
  const imports = await resolveImports(found.imports, url);
  refuseEntry(imports);
  const required: Record<string, string> = {};
  if (source.includes("createRequire")) {
    for (const specifier of requiresOf(source)) {
      const target = modules.resolveRequire(specifier, url);
      if (target !== undefined && !target.startsWith("node:")) required[specifier] = target;
    }
  }
  const record = {
    id: url,
    kind: "js",
    source: found.source,
    imports: { ...required, ...imports },
    ...await resolveUrls(found.resolved, url),
    ...positions,
  } as const;
  return { record, needs: Object.values(record.imports) };
}

/** Whether `id` is the script that runs here. Its top level is never run at the far end. */
export function isEntry(id: string): boolean {
  return agent === undefined && id === entryModule();
}

/**
 * @throws {TypeError} If the script that runs here is one of `imports`.
 */
function refuseEntry(imports: Readonly<Record<string, string>>): void {
  const entry = Object.values(imports).find(isEntry);
  if (entry !== undefined) throw new TypeError(`${whyNotEntry(entry)}: ${MOVE}`);
}

/** Why what imports the script that runs here is not sent. */
export function whyNotEntry(id: string): string {
  return `it imports the script that runs here (${id}), whose top level is never run at the far end`;
}

/** What to do instead of importing the script that runs here. */
export const MOVE = "move what it needs into a module of its own";

/** The `mappings` of the source map of a module, if it has one. */
export async function moduleMappings(url: string): Promise<string | undefined> {
  if (url === "" || /\$deno\$(repl|jupyter)/.test(url)) return undefined;
  const units = agent?.units(url) ?? [];
  if (units.length > 0) return units.find(({ mappings }) => mappings)?.mappings;
  if (!mappings.has(url)) {
    mappings.set(url, withoutSourceMap(await moduleCode(url) ?? "").mappings);
  }
  return mappings.get(url);
}

const mappings = new Map<string, string | undefined>();

async function readWasm(url: string): Promise<Entry> {
  const source = await modules.bytes(url);
  const compiled = new WebAssembly.Module(source as Uint8Array<ArrayBuffer>);
  const imports = await resolveImports(
    WebAssembly.Module.imports(compiled).map(({ module }) => ({
      specifier: module,
      type: undefined,
      isDynamic: false,
    })),
    url,
  );
  return { record: { id: url, kind: "wasm", source, imports }, needs: Object.values(imports) };
}

/** The names that a CommonJS module exports, those that it hands on included. */
async function exportsOf(
  record: ModuleRecord,
  parse: (source: string) => { exports: Iterable<string>; reexports: Iterable<string> },
  seen: Set<string>,
): Promise<string[]> {
  seen.add(record.id);
  let found: ReturnType<typeof parse>;
  try {
    found = parse(record.source as string);
  } catch {
    return [];
  }
  const names = new Set(found.exports);
  for (const specifier of found.reexports) {
    const target = record.imports[specifier];
    if (target === undefined || seen.has(target)) continue;
    const code = withoutSourceMap(await modules.code(target) ?? "").source;
    const imports: Record<string, string> = {};
    for (const one of requiresOf(code)) {
      const url = modules.resolveRequire(one, target);
      if (url !== undefined) imports[one] = url;
    }
    const inner = { id: target, kind: "cjs", source: code, imports } as const;
    for (const name of await exportsOf(inner, parse, seen)) names.add(name);
  }
  names.delete("default");
  return [...names];
}

/** The rules of Node and Deno, for modules that this process may not have loaded. */
function isCommonJs(url: string, isModule: boolean): boolean {
  if (isModule || !url.startsWith("file:") || /\.(mjs|mts|ts|tsx|jsx)$/.test(url)) return false;
  if (/\.(cjs|cts)$/.test(url)) return true;
  const type = packageType(url);
  return type === "commonjs" || type === undefined && url.includes("/node_modules/") ||
    type === "none" && /\/(npm|node_modules)\//.test(url);
}

/** The `type` of the nearest package.json: `"none"` if that has none, `undefined` if there is no package.json. */
function packageType(url: string): string | undefined {
  for (let folder = new URL(".", url);; folder = new URL("..", folder)) {
    try {
      const text = modules.file(new URL("package.json", folder).href);
      if (text !== undefined) return JSON.parse(text).type ?? "none";
    } catch {
      // It is none.
    }
    if (folder.pathname === "/") return undefined;
  }
}

/** The literal arguments of `require` calls: one too many does no harm. */
function requiresOf(source: string): Set<string> {
  const found = new Set<string>();
  for (const match of source.matchAll(/\brequire\s*\(\s*(["'`])([^"'`\n]+)\1\s*\)/g)) {
    found.add(match[2]!);
  }
  return found;
}
