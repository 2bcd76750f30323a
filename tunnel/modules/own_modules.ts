import { existsSync, type Stats, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { stripVTControlCharacters } from "node:util";
import type { FunctionUnit } from "../../agent/protocol/handle.ts";
import { markedModule } from "../../agent/protocol/marked_module.ts";
import {
  importKey,
  type ModuleRecord,
  NO_MODULE,
  requireKey,
  urlOf,
} from "../../agent/protocol/module_record.ts";
import type { SentFile, ServedEntry } from "../../agent/protocol/sent_file.ts";
import type { RequiringModule } from "../source/found_require.ts";
import { importedNames } from "../source/imported_names.ts";
import { namedImports } from "../source/named_imports.ts";
import { type Imports, importsOf, type ModuleImport, withoutSourceMap } from "../source/imports.ts";
import { CommonJsExports } from "./commonjs_exports.ts";
import { commonJsId, isAddon, isCommonJs, sameModule } from "./commonjs.ts";
import { entryModule, importsEntryText, REMEDY_FOR_ENTRY } from "./entry_module.ts";
import { loadedExports } from "./loaded_exports.ts";
import { ModuleCode } from "./module_code.ts";
import { mayRead } from "./may_read.ts";
import { ModuleHost } from "./module_host.ts";
import type { FilesOfPackage, ModuleSource, SourceModule } from "./module_source.ts";
import { namedFiles, namedModules, resolvedNames, soughtFiles } from "./named_files.ts";
import { type PackageFiles, packageFiles, urlOfPath } from "./package_files.ts";
import { parseUrl } from "./parse_url.ts";
import { resolveImports, resolveUrls } from "./resolve_imports.ts";
import { type ResolvedRequires, resolveRequires } from "./resolve_requires.ts";
import type { ServedFolders } from "./served_folders.ts";
import { templateModules } from "./template_modules.ts";

/** The modules of this process itself, which Deno resolves and loads. */
export class OwnModules implements ModuleSource {
  readonly #host = new ModuleHost();
  readonly #code = new ModuleCode(this.#host);
  readonly #exports = new CommonJsExports(this.#host);
  /** The modules that others require. */
  readonly #required = new Set<string>();
  /** What functions require that go by value, as modules that only say so. */
  readonly #requiring = new Map<string, SourceModule>();
  /** The modules that others import as data. */
  readonly #importedData = new Set<string>();
  readonly #named = new WeakMap<ModuleRecord, ReturnType<OwnModules["namedFiles"]>>();

  /** Resolves when the first module can be resolved; all else waits for that by itself. */
  get ready(): Promise<void> {
    return this.#host.ready;
  }

  isEntry(id: string): boolean {
    return id === entryModule();
  }

  async resolveImport(
    { specifier, type, isDynamic }: ModuleImport,
    referrer: string,
  ): Promise<string> {
    const url = await this.#host.resolve(specifier, referrer);
    if (url === undefined || isDynamic && await this.#isMissing(url, type)) {
      // An `import()` fails when it is reached, as it does here.
      if (isDynamic) return NO_MODULE;
      throw new TypeError(`its import ${JSON.stringify(specifier)} cannot be resolved`);
    }
    const id = idOf(url, type);
    return isDynamic && this.isEntry(id) ? NO_MODULE : id;
  }

  async resolveDynamic(
    specifier: string,
    referrer: string,
    type: string | undefined,
  ): Promise<string | undefined> {
    // Deno may have to load, or even run, a package to resolve its URL.
    const protocol = parseUrl(specifier)?.protocol;
    if (protocol !== undefined && !/^(file|https?|node):$/.test(protocol)) return undefined;
    const url = await this.#host.resolve(specifier, referrer, false);
    return url && idOf(url, type);
  }

  async resolveUrl(specifier: string, referrer: string): Promise<string | undefined> {
    return await this.#host.resolve(specifier, referrer);
  }

  async module(id: string): Promise<SourceModule> {
    const requiring = this.#requiring.get(id);
    if (requiring !== undefined) return requiring;
    const url = urlOf(id);
    const type = id.slice(url.length + 1);
    try {
      return await this.#read(id, url, type);
    } catch (cause) {
      const { message, code, cause: reason = cause } = cause as Error & { code?: string };
      const error = new TypeError(`Cannot send module ${url}: ${message}`, { cause: reason });
      throw code === undefined ? error : Object.assign(error, { code });
    }
  }

  workers(source: string, url: string): string[] {
    return namedModules(source, url).filter((one) => {
      if (this.isEntry(one)) return false;
      if (!one.startsWith("file:")) return true;
      const path = fileURLToPath(one);
      // A package names nothing outside its folder.
      return packageFiles(url)?.files.has(path) ?? existsSync(path);
    });
  }

  requiring(source: string, url: string, isModule: boolean): string | undefined {
    if (!source.includes("createRequire")) return undefined;
    const { requires, wanted } = this.#requires({ source, url, isModule });
    if (Object.keys(requires).length === 0) return undefined;
    // The script itself is not there, so it is said as of a place that anybody may ask for.
    const keyed = Object.entries(requires).map(([name, id]) =>
      [name.includes(" from ") ? name : requireKey(name, url), id] as const
    );
    const id = `chopsticks:requires:${encodeURIComponent(JSON.stringify(keyed))}`;
    const record = { ...data(id, "json", "null").record, requires: Object.fromEntries(keyed) };
    this.#requiring.set(id, { record, needs: [], wants: [...wanted] });
    return id;
  }

  async computed(
    source: string,
    url: string,
    script: string,
  ): Promise<Record<string, string>> {
    if (!/\bimport\(/.test(source)) return {};
    const found = [...namedImports(source, script), ...templateModules(source, url, script)];
    return await resolveImports(this, found, url);
  }

  async exportsOf(record: ModuleRecord): Promise<readonly string[]> {
    return await this.#exports.of(record);
  }

  async code(url: string): Promise<string | undefined> {
    return await this.#host.code(url);
  }

  codeNow(url: string): string | undefined {
    return this.#host.codeNow(url);
  }

  exportsNow(url: string, isEsModule: boolean): Readonly<Record<string, unknown>> | undefined {
    return isEsModule ? undefined : loadedExports(url);
  }

  async namespace(id: string): Promise<Record<string, unknown> | undefined> {
    const url = urlOf(id);
    if (id !== url) return loadedExports(url)?.["default"] as Record<string, unknown> | undefined;
    try {
      return await import(url);
    } catch {
      return undefined;
    }
  }

  units(): readonly FunctionUnit[] {
    return [];
  }

  hasReceived(): boolean {
    return false;
  }

  servedFile(
    url: string,
    folders: ServedFolders,
  ): Promise<Uint8Array | "missing" | "refused"> {
    return folders.read(url);
  }

  servedSize(url: string, folders: ServedFolders): number {
    return folders.sizeOf(url);
  }

  servedEntry(
    url: string,
    folders: ServedFolders,
  ): Promise<ServedEntry | "missing" | "refused"> {
    return folders.look(url);
  }

  namedFiles(record: ModuleRecord): readonly FilesOfPackage[] | undefined {
    if (record.kind !== "js" && record.kind !== "cjs") return undefined;
    if (!this.#named.has(record)) {
      const files = packageFiles(record.id);
      this.#named.set(record, files && filesNamed(record, files));
    }
    return this.#named.get(record);
  }

  sought(source: string, url: string): readonly SentFile[] {
    return soughtFiles(source, url).flatMap((path): SentFile[] => {
      const found = lookAt(path);
      if (found === undefined || !found.isFile() && !found.isDirectory()) return [];
      return [[urlOfPath(path), found.isFile() ? found.size : null, found.mtimeMs, null]];
    });
  }

  receivedFiles(): readonly SentFile[] {
    return [];
  }

  async #isMissing(url: string, type: string | undefined): Promise<boolean> {
    if (url.startsWith("node:")) return false;
    if (url.startsWith("file:")) return !existsSync(fileURLToPath(url));
    return type === undefined && await this.#host.code(url) === undefined;
  }

  async #read(id: string, url: string, type: string): Promise<SourceModule> {
    const { pathname } = new URL(url);
    if (isAddon(pathname)) throw new TypeError("a native addon only runs where it was installed");
    if (type === "require") return { record: markedModule(url), needs: [url] };
    if (type === "bytes") return data(id, "bytes", await this.#host.bytes(url));
    if (type === "text") return data(id, "text", await this.#host.text(url));
    if (type === "json" || pathname.endsWith(".json")) {
      return data(id, "json", await this.#host.json(url, this.#importedData.has(id)));
    }
    if (pathname.endsWith(".wasm")) return await this.#readWasm(url);
    const code = await this.#code.take(url);
    if (code === undefined) throw unloadable(await this.#host.reason(url));
    const { source, mappings } = withoutSourceMap(code);
    const found = importsOf(source);
    const positions = mappings === undefined ? {} : { mappings };
    const isRequired = this.#required.has(url);
    if (!isCommonJs(url, found.isModule, isRequired, this.#host)) {
      return await this.#esModule(url, source, found, positions);
    }
    const one = commonJsId(url);
    if (one !== url) return { record: sameModule(id, one), needs: [one], sameAs: one };
    return await this.#commonJs(url, source, found, positions);
  }

  async #commonJs(
    id: string,
    source: string,
    found: Imports,
    positions: Pick<ModuleRecord, "mappings">,
  ): Promise<SourceModule> {
    const { requires, wanted } = this.#requires({ source, url: id, isModule: false });
    const written = await resolveImports(this, found.imports, id);
    const imports = { ...await this.computed(source, id, source), ...written };
    return {
      record: { id, kind: "cjs", source, imports, requires, ...positions },
      needs: [],
      wants: [...wanted, ...Object.values(imports), ...this.workers(source, id)],
    };
  }

  async #esModule(
    id: string,
    source: string,
    found: Imports,
    positions: Pick<ModuleRecord, "mappings">,
  ): Promise<SourceModule> {
    if (found.hasSourcePhase) {
      throw new TypeError(
        "it has an `import source`, which no agent can load; import the module itself, or its " +
          'bytes by `with { type: "bytes" }`, and compile them',
      );
    }
    const imports = await resolveImports(this, found.imports, id);
    this.#refuseEntry(imports);
    const computed = await this.computed(source, id, source);
    const makers = await this.#makers(found.imports, imports);
    const { requires, wanted } = this.#requires({ source, url: id, isModule: true, makers });
    const record = {
      id,
      kind: "js",
      source: found.source,
      imports: { ...computed, ...imports },
      ...Object.keys(requires).length > 0 ? { requires } : {},
      ...await resolveUrls(this, found.resolved, id),
      ...positions,
    } as const;
    const names = new Map<string, string[]>();
    for (const { specifier, type, isDynamic, statement } of found.imports) {
      if (isDynamic) continue;
      const one = imports[importKey(specifier, type)]!;
      if (type !== undefined) this.#importedData.add(one);
      names.set(one, [...names.get(one) ?? [], ...importedNames(statement)]);
    }
    const wants = [...wanted, ...Object.values(record.imports), ...this.workers(source, id)];
    return { record, needs: [...names.keys()], wants, names };
  }

  /** The modules of its own package from which a module may import a `require()`. */
  async #makers(
    found: Imports["imports"],
    imports: Readonly<Record<string, string>>,
  ): Promise<ReadonlyMap<string, string>> {
    const makers = new Map<string, string>();
    await Promise.all(found.map(async ({ specifier, type }) => {
      const id = imports[specifier];
      if (type !== undefined || id === undefined || !/^\.{1,2}\//.test(specifier)) return;
      if (await this.#code.makesRequire(id)) makers.set(specifier, id);
    }));
    return makers;
  }

  #requires(module: RequiringModule): ResolvedRequires {
    const required = resolveRequires(module, this.#host);
    this.#refuseEntry(required.requires);
    for (const id of required.wanted) this.#required.add(id);
    return required;
  }

  async #readWasm(id: string): Promise<SourceModule> {
    const source = await this.#host.wasm(id);
    const compiled = new WebAssembly.Module(source as Uint8Array<ArrayBuffer>);
    const found = WebAssembly.Module.imports(compiled).map(({ module }): ModuleImport => ({
      specifier: module,
      type: undefined,
      isDynamic: false,
    }));
    const imports = await resolveImports(this, found, id);
    return { record: { id, kind: "wasm", source, imports }, needs: Object.values(imports) };
  }

  /**
   * @throws {TypeError} If the script that runs here is one of `imports`.
   */
  #refuseEntry(imports: Readonly<Record<string, string>>): void {
    const entry = Object.values(imports).find((id) => this.isEntry(id));
    if (entry !== undefined) throw new TypeError(`${importsEntryText(entry)}: ${REMEDY_FOR_ENTRY}`);
  }
}

function idOf(url: string, type: string | undefined): string {
  const isPlain = type === "json" && new URL(url).pathname.endsWith(".json");
  return isPlain ? url : importKey(url, type);
}

/** The files that a module names: of its package, and modules of others that it may read. */
function filesNamed(record: ModuleRecord, files: PackageFiles): FilesOfPackage[] {
  const source = record.source as string;
  const named = namedFiles(source, record.id, files);
  const found = named === undefined ? [] : [{ files, named }];
  for (const name of resolvedNames(source)) {
    const id = record.requires?.[name];
    const other = id && packageFiles(id);
    const path = id && fileURLToPath(id);
    if (!other || typeof other.files.get(path!)?.size !== "number") continue;
    found.push({
      files: other,
      named: { data: new Set([path!]), modules: new Set(), isReader: false },
    });
  }
  return found;
}

function data(
  id: string,
  kind: ModuleRecord["kind"],
  source: ModuleRecord["source"],
): SourceModule {
  return { record: { id, kind, source, imports: {} }, needs: [] };
}

/** The error for a module that Deno itself cannot load, with Deno's reason. */
function unloadable(cause: Error | undefined): Error {
  if (cause === undefined) return new TypeError("there is no such module");
  const [first = "", ...rest] = stripVTControlCharacters(cause.message).split("\n");
  const place = rest.find((line) => /^ +at (?!data:)/.test(line))?.replace(/ at ext:.*/, "");
  const isMissing = first.startsWith("Module not found");
  if (isMissing) {
    const error = new TypeError("there is no such module", { cause });
    return Object.assign(error, { code: "ERR_MODULE_NOT_FOUND" });
  }
  const text = first.replace(/\.$/, "") + (place === undefined ? "" : ` ${place.trim()}`);
  return new TypeError(text, { cause });
}

function lookAt(path: string): Stats | undefined {
  try {
    return mayRead(path) ? statSync(path) : undefined;
  } catch {
    return undefined; // there is no such file, or the user may not see it
  }
}
