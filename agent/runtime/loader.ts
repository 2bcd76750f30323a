import type vm from "node:vm";
import { addonError } from "./addons.ts";
import { type Attributes, checkAttributes } from "./check_attributes.ts";
import type { CommonJs, CommonJsHost } from "./commonjs.ts";
import type { FunctionUnit, UnitContext } from "../protocol/handle.ts";
import {
  COMMONJS_MODULE,
  importKey,
  type ModuleRecord,
  NO_MODULE,
  splitImportKey,
  urlOf,
} from "../protocol/module_record.ts";
import { folderOf, pathOf } from "./module_path.ts";
import type { SourcePositions } from "./source_positions.ts";

/** Asks for a module that was not sent. Resolves to its id, once its record is defined. */
export type AskForModule = (
  specifier: string,
  referrer: string,
  type: string | undefined,
) => Promise<string>;

/** What `node:vm` exports. */
export type VirtualMachine = typeof vm;

/** A module's namespace. */
export type Namespace = Record<string, unknown>;

/** Runs modules that were sent, with the semantics of ES modules: one instance for each URL. */
export class Loader {
  readonly #records = new Map<string, ModuleRecord>();
  readonly #modules = new Map<string, vm.Module>();
  /** The exports of built-in modules that modules see in place of the real ones. */
  readonly #replaced = new Map<string, Namespace>();
  readonly #makers = new Map<FunctionUnit, Promise<() => UnitContext>>();
  readonly #vm: VirtualMachine;
  readonly #ask: AskForModule;
  readonly #positions: SourcePositions;
  /** Runs CommonJS modules; it was sent before the first of them. */
  #commonJs: CommonJs | undefined;
  readonly #commonJsHost: CommonJsHost = {
    records: this.#records,
    replaced: this.#replaced,
    replace: (id, exports) => this.replace(id, exports),
    link: (id) => this.#link(id),
    dependency: (specifier, referrer) => this.#dependency(specifier, referrer),
    importDynamically: (specifier, referrer, type) =>
      this.#importDynamically(specifier, referrer, type),
    addonError,
  };
  #linking: Promise<unknown> = Promise.resolve();

  constructor(vm: VirtualMachine, ask: AskForModule, positions: SourcePositions) {
    this.#vm = vm;
    this.#ask = ask;
    this.#positions = positions;
  }

  /**
   * Takes in modules, which are loaded when something imports them. Those that other modules depend
   * on, to be loaded at all, are loaded at once.
   */
  async define(records: readonly ModuleRecord[]): Promise<void> {
    for (const record of records) {
      this.#records.set(record.id, record);
      if (record.mappings !== undefined) this.#positions.add(urlOf(record.id), record.mappings);
    }
    if (this.#commonJs === undefined && this.#records.has(COMMONJS_MODULE)) {
      const part = await this.import(COMMONJS_MODULE) as typeof import("./commonjs.ts");
      this.#commonJs ??= new part.CommonJs(this.#commonJsHost);
    }
    this.#commonJs?.define(records);
  }

  /** Makes a module of values that are here already. */
  provide(id: string, namespace: Namespace): void {
    const names = Object.keys(namespace);
    this.#modules.set(id, synthetic(this.#vm, names, id, () => (name) => namespace[name]));
  }

  /** Has modules that were sent see other exports in a built-in module. */
  replace(id: string, exports: Namespace): void {
    this.#replaced.set(id, exports);
    const known = this.#modules.get(id) as vm.SyntheticModule | undefined;
    if (known === undefined) return;
    for (const name of Object.keys(exports)) known.setExport(name, exports[name]);
  }

  /** Gives the record of a module that was sent. */
  record(id: string): ModuleRecord | undefined {
    return this.#records.get(id);
  }

  /** Gives the namespace of a module, which is loaded first if it was not yet. */
  async import(id: string): Promise<Namespace> {
    const module = await this.#linked(id);
    await evaluate(module);
    return module.namespace as Namespace;
  }

  /** Gives the namespace of a module that has been loaded. */
  loaded(id: string): Namespace | undefined {
    const module = this.#modules.get(id);
    return module?.status === "evaluated" ? module.namespace as Namespace : undefined;
  }

  /**
   * Makes the functions of a unit, with variables of their own. The unit's module runs only once:
   * the engine would never free a module for each call.
   */
  async run(unit: FunctionUnit): Promise<UnitContext> {
    let maker = this.#makers.get(unit);
    if (maker === undefined) {
      maker = this.#maker(unit);
      this.#makers.set(unit, maker);
      // Another call may succeed, with a module that has arrived meanwhile.
      maker.catch(() => this.#makers.delete(unit));
    }
    return (await maker)();
  }

  async #maker(unit: FunctionUnit): Promise<() => UnitContext> {
    if (unit.mappings !== undefined) this.#positions.add(unit.url, unit.mappings);
    if (unit.isSloppy) return this.#sloppyMaker(unit);
    const unitModule: { make?: () => UnitContext } = {};
    const module = this.#sourceModule(unit.url, unit.source, unit, (meta) => {
      Object.defineProperty(meta, "chopsticks", { value: unitModule });
    }, -1);
    await this.#linkAlone(() =>
      module.link((specifier, referrer) =>
        referrer === module
          ? this.#module(unit.imports[specifier] ?? specifier)
          : this.#dependency(specifier, referrer.identifier)
      )
    );
    await module.evaluate();
    return unitModule.make!;
  }

  #sloppyMaker({ url, source, imports }: FunctionUnit): () => UnitContext {
    const body = this.#vm.compileFunction(source, [], {
      filename: url,
      lineOffset: -1,
      importModuleDynamically: ((specifier: string, _: unknown, attributes?: Attributes) =>
        this.#importDynamically(specifier, url, attributes?.type, imports)) as never,
    });
    return body() as () => UnitContext;
  }

  /** Gives a module, linked with all that it imports. */
  #linked(id: string): Promise<vm.Module> {
    return this.#linkAlone(() => this.#link(id));
  }

  async #link(id: string): Promise<vm.Module> {
    const module = await this.#module(id);
    try {
      if (module.status === "unlinked") {
        await module.link((specifier, referrer) =>
          this.#dependency(specifier, referrer.identifier)
        );
      }
    } catch (error) {
      this.#modules.delete(id);
      this.#forgetUnlinked();
      throw error;
    }
    return module;
  }

  /**
   * Links one graph at a time, as a module that is being linked cannot be part of another graph,
   * and before it what its modules may require.
   */
  #linkAlone<T>(link: () => Promise<T>): Promise<T> {
    const linked = this.#linking.then(() => this.#commonJs?.link()).then(link);
    this.#linking = linked.catch(() => this.#forgetUnlinked());
    return linked;
  }

  /**
   * Forgets the modules that could not be linked. They cannot be linked again, but new ones can,
   * once the module that they lacked has arrived.
   */
  #forgetUnlinked(): void {
    for (const [id, { status }] of this.#modules) {
      if (status === "unlinked" || status === "linking") this.#modules.delete(id);
    }
  }

  #dependency(specifier: string, referrer: string): vm.Module | Promise<vm.Module> {
    const id = this.#records.get(referrer)?.imports[specifier] ?? specifier;
    // The agent's own parts work on the real files.
    const isOwn = referrer.startsWith("chopsticks:") && id.startsWith("node:");
    return this.#module(isOwn ? `real:${id}` : id, referrer);
  }

  #module(id: string, referrer?: string): vm.Module | Promise<vm.Module> {
    const known = this.#modules.get(id);
    // Node would refuse to link it, and not say why.
    if (known?.status === "errored") throw known.error;
    if (known !== undefined) return known;
    if (/^(real:)?node:/.test(id) || /^(data|blob):/.test(id) && !this.#records.has(id)) {
      return this.#builtin(id);
    }
    const record = this.#records.get(id);
    if (record === undefined) {
      const from = referrer === undefined ? "" : ` from ${referrer}`;
      throw new TypeError(`Cannot import ${id}${from}: it was not sent along`);
    }
    const module = this.#create(record);
    this.#modules.set(id, module);
    return module;
  }

  #create(record: ModuleRecord): vm.Module {
    const { id, kind, source } = record;
    switch (kind) {
      case "js":
        return this.#sourceModule(id, source as string, record);
      case "cjs":
        return synthetic(
          this.#vm,
          ["default", ...record.exports ?? []],
          id,
          () => this.#commonJs!.exportsOf(id),
        );
      case "json": {
        // The text is parsed here, since Node before 22 also reports an error in a synthetic module
        // as uncaught.
        const value = JSON.parse(source as string);
        return synthetic(this.#vm, ["default"], id, () => () => value);
      }
      case "text":
      case "bytes":
        return synthetic(this.#vm, ["default"], id, () => () => source);
      case "wasm":
        return this.#wasm(record);
      case "broken":
        throw this.#commonJs!.brokenError(record);
    }
  }

  #sourceModule(
    id: string,
    source: string,
    { imports, resolves = {} }: Pick<ModuleRecord, "imports" | "resolves">,
    extendMeta?: (meta: Record<string, unknown>) => void,
    lineOffset = 0,
  ): vm.SourceTextModule {
    const url = urlOf(id);
    const options: vm.SourceTextModuleOptions = {
      identifier: id,
      lineOffset,
      initializeImportMeta: (object: object) => {
        const meta = object as Record<string, unknown>;
        meta.url = url;
        meta.main = false;
        if (url.startsWith("file://")) {
          const path = pathOf(url);
          meta.filename = path;
          meta.dirname = folderOf(path);
        }
        meta.resolve = (specifier: string): string =>
          resolves[specifier] ?? urlOf(imports[specifier] || urlFrom(specifier, url));
        extendMeta?.(meta);
      },
      importModuleDynamically: (
        (specifier: string, _: unknown, attributes?: Attributes) =>
          this.#importDynamically(specifier, id, attributes?.type, imports)
      ) as never,
    };
    try {
      return new this.#vm.SourceTextModule(source, options);
    } catch (cause) {
      // The error itself does not say in which file it is.
      if (!(cause instanceof SyntaxError)) throw cause;
      throw new SyntaxError(`Cannot load ${url}: ${cause.message}`, { cause });
    }
  }

  async #importDynamically(
    specifier: string,
    referrer: string,
    type: string | undefined,
    imports: Readonly<Record<string, string>> = this.#records.get(referrer)?.imports ?? {},
  ): Promise<vm.Module> {
    const key = importKey(specifier, type);
    const id = imports[key] ??
      (/^(node|data|blob):/.test(specifier) ? key : await this.#askFor(key, urlOf(referrer)));
    if (id === NO_MODULE) throw noModule(specifier, referrer);
    checkAttributes(key, this.#records.get(id)?.kind);
    const module = await this.#linked(id);
    await evaluate(module);
    return module;
  }

  #askFor(key: string, referrer: string): Promise<string> {
    const { specifier, type } = splitImportKey(key);
    return this.#ask(specifier, referrer, type);
  }

  /** Makes a JavaScript module that runs WebAssembly, so that its imports are loaded before it. */
  #wasm(record: ModuleRecord): vm.Module {
    const compiled = new WebAssembly.Module(record.source as Uint8Array<ArrayBuffer>);
    const imports = [
      ...new Set(WebAssembly.Module.imports(compiled).map(({ module }) => module)),
    ];
    const names = WebAssembly.Module.exports(compiled).map(({ name }) => name);
    return this.#sourceModule(record.id, wasmCode(imports, names), record, (meta) => {
      meta.instantiate = (namespaces: Namespace[]) => {
        const given = Object.fromEntries(imports.map((name, i) => [name, namespaces[i]]));
        return new WebAssembly.Instance(compiled, given as WebAssembly.Imports);
      };
    });
  }

  async #builtin(id: string): Promise<vm.Module> {
    const namespace: Namespace = {
      ...await import(await importable(id.replace("real:", ""))),
      ...this.#replaced.get(id),
    };
    // Another import of it may have finished in the meantime.
    const known = this.#modules.get(id);
    if (known !== undefined) return known;
    this.provide(id, namespace);
    return this.#modules.get(id)!;
  }
}

/** Gives a URL that the runtime can import: Node imports none of a blob. */
async function importable(id: string): Promise<string> {
  if (!id.startsWith("blob:") || "Deno" in globalThis) return id;
  const { resolveObjectURL } = await import("node:buffer");
  const text = await (resolveObjectURL(id) as Blob | undefined)?.text();
  return text === undefined ? id : `data:text/javascript,${encodeURIComponent(text)}`;
}

function noModule(specifier: string, referrer: string): Error {
  const text = `Cannot import ${specifier} from ${referrer}: there is no such module`;
  return Object.assign(new TypeError(text), { code: "ERR_MODULE_NOT_FOUND" });
}

/** Code that runs WebAssembly with what it imports, and exports what that exports. */
function wasmCode(imports: readonly string[], names: readonly string[]): string {
  return [
    ...imports.map((specifier, i) => `import * as i${i} from ${JSON.stringify(specifier)};`),
    `const { exports } = import.meta.instantiate([${imports.map((_, i) => `i${i}`)}]);`,
    ...names.map((name, i) => `const e${i} = exports[${JSON.stringify(name)}];`),
    `export {${names.map((name, i) => `e${i} as ${JSON.stringify(name)}`)}};`,
  ].join("");
}

/**
 * Gives the URL of a specifier that is a URL or relative. Only the controller can resolve a bare
 * name.
 */
function urlFrom(specifier: string, base: string): string {
  if (/^\.{0,2}\//.test(specifier)) return new URL(specifier, base).href;
  try {
    return new URL(specifier).href;
  } catch {
    throw new TypeError(
      `Cannot resolve ${JSON.stringify(specifier)} from ${base}: its meaning was not sent along`,
    );
  }
}

/**
 * Runs a linked module, or waits for it if it is already running. While it awaits something at its
 * top level, its status is "evaluated".
 */
async function evaluate(module: vm.Module): Promise<void> {
  // The module imported itself before its first await. V8 fails when asked to evaluate it until
  // then.
  while (module.status === "evaluating") await null;
  await module.evaluate();
}

/** Makes a module. `run` runs it, and returns a function that gives the value of each export. */
function synthetic(
  { SyntheticModule }: VirtualMachine,
  names: readonly string[],
  identifier: string,
  run: () => (name: string) => unknown,
): vm.Module {
  const unique = [...new Set(names)];
  return new SyntheticModule(unique, function (this: vm.SyntheticModule) {
    const valueOf = run();
    for (const name of unique) this.setExport(name, valueOf(name));
  }, { identifier });
}
