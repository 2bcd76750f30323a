import vm from "node:vm";
import process from "node:process";
import type { Attributes } from "./check_attributes.ts";
import { CommonJsModule } from "./commonjs_module.ts";
import { type ModuleRecord, requireKey, urlOf } from "../protocol/module_record.ts";
import { type Extension, ModuleHooks } from "./module_hooks.ts";
import { folderOf, pathOf } from "./module_path.ts";
import { nodeModule, requireBuiltin } from "./node_module.ts";
import { RequiredModules, type RequiredModulesHost } from "./required_modules.ts";

/** The loader, as far as CommonJS modules need it. */
export interface CommonJsHost extends RequiredModulesHost {
  /** What built-in modules export here instead. */
  readonly replaced: ReadonlyMap<string, Readonly<Record<string, unknown>>>;
  /** Has modules see other exports in a built-in module. */
  replace(id: string, exports: Record<string, unknown>): void;
  importDynamically(
    specifier: string,
    referrer: string,
    type: string | undefined,
  ): Promise<vm.Module>;
  /** The error for a module that requires a native addon; `undefined` if it is none. */
  addonError(name: string, referrer: string): Error | undefined;
}

/** The ends of names that `require.extensions` has. */
const EXTENSIONS = [".js", ".cjs", ".mjs", ".wasm", ".json", ".node"];
/** What Deno completes a path with, in this order. */
const ENDS = ["", ...EXTENSIONS, ...EXTENSIONS.map((end) => `/index${end}`)];

type Plain = (specifier: string) => unknown;
type PlainResolve = (specifier: string, options?: { paths?: string[] }) => string;

type Require = ((specifier: string) => unknown) & {
  resolve: PlainResolve & {
    paths(specifier: string): string[] | null;
  };
  readonly main: null;
  readonly extensions: Record<string, Extension>;
  readonly cache: Readonly<Record<string, CommonJsModule>>;
};

/**
 * Runs CommonJS modules that were sent, with the semantics of Node: one instance for each file, and
 * partial exports in cycles.
 */
export class CommonJs {
  readonly #host: CommonJsHost;
  readonly #required: RequiredModules;
  /** The modules by their paths. Code may change it. */
  readonly #cache: Record<string, CommonJsModule> = Object.create(null);
  readonly #extensions: Record<string, Extension>;
  /** Stands in `require.extensions` for each end. */
  readonly #load: Extension;
  /** The functions of each module that was sent, as they are without hooks. */
  readonly #own = new WeakMap<
    object,
    { readonly require: Plain; readonly resolve: PlainResolve }
  >();
  /** The ids of modules that `require.resolve()` has found, by their paths. */
  readonly #resolved = new Map<string, string>();
  #hooks: ModuleHooks | undefined;
  #createRequire: ((from: string | URL) => Require) | undefined;

  constructor(host: CommonJsHost) {
    this.#host = host;
    this.#required = new RequiredModules(host);
    this.#load = (module, path) => {
      const id = this.#resolved.get(path) ?? idOf(path);
      if (this.#hooks === undefined || host.records.has(id)) this.#fill(module, id);
      else this.#hooks.loadHere(module, path);
    };
    this.#extensions = Object.fromEntries(EXTENSIONS.map((name) => [name, this.#load]));
    this.#offerCreateRequire();
  }

  /** Takes in what modules require, when all of them are defined. */
  define(records: readonly ModuleRecord[]): void {
    this.#required.define(records);
  }

  /** Links the ES modules that may be required. No other graph may be linked meanwhile. */
  async link(): Promise<void> {
    await this.#required.link();
  }

  /**
   * Gives the exports of a module, which runs first if it has not run yet.
   *
   * @param parent The module that requires it.
   */
  require(id: string, parent?: CommonJsModule): unknown {
    if (id.startsWith("node:")) {
      return this.#host.replaced.get(id)?.["default"] ?? requireBuiltin()(id);
    }
    const path = pathOf(id);
    const known = this.#cache[path];
    if (known !== undefined) {
      if (parent !== undefined && !parent.children.includes(known)) parent.children.push(known);
      return known.exports;
    }
    const kind = this.#host.records.get(id)?.kind;
    if (kind === "js" || kind === "wasm") return this.#required.require(id);
    const module = new CommonJsModule(path, parent);
    this.#cache[path] = module;
    try {
      const [end = ""] = /\.[^./]+$/.exec(path) ?? [];
      const load = this.#extensions[end] ?? this.#extensions[".js"];
      if (load === undefined || load === this.#load) this.#fill(module, id);
      else load(module, path);
    } catch (error) {
      delete this.#cache[path];
      throw error;
    }
    module.loaded = true;
    return module.exports;
  }

  /** Gives a module its exports. */
  #fill(module: CommonJsModule, id: string): void {
    const record = this.#host.records.get(id);
    if (record?.kind === "broken") throw this.brokenError(record);
    if (record?.kind === "cjs") this.#run(record, module);
    else if (record?.kind === "json") module.exports = parseJson(record.source as string, id);
    else if (record?.kind === "js" || record?.kind === "wasm") {
      module.exports = this.#required.require(id);
    } else throw notFound(id, `Cannot require ${id}: it is not a module that was sent along`);
  }

  /** Runs a module for those who import it, and gives the value of each export by its name. */
  exportsOf(id: string): (name: string) => unknown {
    const exports = this.require(id) as Readonly<Record<string, unknown>> | null | undefined;
    return (name) => /^(default|module\.exports)$/.test(name) ? exports : exports?.[name];
  }

  /** The error for whoever loads a module that could not be sent. */
  brokenError({ source }: ModuleRecord): Error {
    const { message, ...rest } = JSON.parse(source as string);
    return Object.assign(new TypeError(message), rest);
  }

  /**
   * Has whoever looks at `node:module` find a `createRequire()` for the modules that were sent.
   * Nothing else loads `node:module`, which takes Deno milliseconds.
   */
  #offerCreateRequire(): void {
    const extend = (): (from: string | URL) => Require => this.#extendNodeModule();
    this.#host.replace("node:module", {
      get createRequire() {
        return extend();
      },
      get default() {
        extend();
        return nodeModule();
      },
    });
    Object.defineProperty(CommonJsModule.prototype, "constructor", {
      get: () => {
        extend();
        return nodeModule();
      },
    });
    const { getBuiltinModule } = process;
    // Node before 20.16 lacks it.
    if (getBuiltinModule === undefined) return;
    process.getBuiltinModule = ((id: string): unknown => {
      if (/^(node:)?module$/.test(id)) extend();
      return getBuiltinModule(id);
    }) as typeof getBuiltinModule;
  }

  #extendNodeModule(): (from: string | URL) => Require {
    if (this.#createRequire !== undefined) return this.#createRequire;
    const module = nodeModule();
    const { createRequire } = module;
    requireBuiltin(); // by the real one
    this.#createRequire = (from) => {
      const real = createRequire(from);
      const id = idOf(from);
      const record = this.#host.records.get(id);
      const path = pathOf(id);
      const own = new CommonJsModule(path, undefined);
      // In a place of which nothing was sent, it is about what is here.
      return this.#requireFrom(own, id, record?.requires ?? {}, record ? undefined : real);
    };
    module.createRequire = this.#createRequire as unknown as typeof createRequire;
    this.#hooks = this.#makeHooks();
    return this.#createRequire;
  }

  #makeHooks(): ModuleHooks {
    return new ModuleHooks({
      cache: this.#cache,
      extensions: this.#extensions,
      hasOtherExtensions: () => this.#hasOtherExtensions,
      requireOf: (module) => this.#own.get(module)?.require,
      resolveOf: (module) => {
        const resolve = this.#own.get(module)?.resolve;
        return resolve && ((specifier, _parent, _isMain, options) => resolve(specifier, options));
      },
      isSent: (path) => this.#resolved.has(path),
      load: (path, parent) => this.require(this.#resolved.get(path)!, parent),
      isBuiltin: (specifier) => isBuiltin(specifier.replace(/^node:/, "")),
      find: (specifier, from) => {
        const target = this.#requiredAs(requireKey(specifier, idOf(from))) ??
          this.#find(specifier, folderOf(from));
        return target && this.#note(target);
      },
    });
  }

  /** Gives the hooks if code has replaced a function of `node:module` or an extension. */
  #usedHooks(): ModuleHooks | undefined {
    if (this.#hooks === undefined && this.#hasOtherExtensions) this.#extendNodeModule();
    return this.#hooks?.areUsed ? this.#hooks : undefined;
  }

  get #hasOtherExtensions(): boolean {
    const loads = Object.values(this.#extensions);
    return loads.length !== EXTENSIONS.length || loads.some((one) => one !== this.#load);
  }

  /** Gives the path of a module that {@linkcode ModuleHooks} will load. */
  #note(target: string): string {
    const path = pathOf(target);
    this.#resolved.set(path, target);
    return path;
  }

  #run(record: ModuleRecord, module: CommonJsModule): void {
    const { id, requires = {} } = record;
    const names = ["exports", "require", "module", "__filename", "__dirname"];
    // A first line for the shell is not JavaScript.
    const source = (record.source as string).replace(/^#!/, "//");
    const url = urlOf(id);
    // Code that looks at its stack finds paths. Deno makes them of URLs, and Node does not.
    const [end, name] = "Deno" in globalThis ? ["", url] : [`\n//# sourceURL=${url}`, pathOf(id)];
    const run = vm.compileFunction(source + end, names, {
      filename: name,
      importModuleDynamically: ((specifier: string, _: unknown, attributes?: Attributes) =>
        this.#host.importDynamically(specifier, id, attributes?.type)) as never,
    });
    const { filename, path } = module;
    const require = this.#requireFrom(module, id, requires);
    run.call(module.exports, module.exports, require, module, filename, path);
  }

  /** The `require` of a module; `real` is asked for what was not sent. */
  #requireFrom(
    module: CommonJsModule,
    id: string,
    requires: Readonly<Record<string, string>>,
    real?: NodeJS.Require,
  ): Require {
    const find = (specifier: string, folder: string): string | undefined => {
      const target = requires[specifier];
      const wanted = target ?? specifier;
      if (wanted.endsWith(".node")) throw this.#host.addonError(wanted, id);
      if (target !== undefined) return target;
      const name = specifier.replace(/^node:/, "");
      if (isBuiltin(name)) return `node:${name}`;
      return this.#requiredAs(requireKey(specifier, id)) ?? this.#find(specifier, folder);
    };
    const notSent = (specifier: string): Error =>
      this.#host.addonError(specifier, id) ?? notFound(
        specifier,
        `Cannot find module '${specifier}' required by ${id}: it was not sent along; ` +
          "write its name out in that script, or use import()",
      );
    const plain = (specifier: string): unknown => {
      // The runtime has an error for it.
      if (typeof specifier !== "string" || specifier === "") return requireBuiltin()(specifier);
      const target = find(specifier, module.path);
      if (target !== undefined) return this.require(target, module);
      if (real !== undefined) return real(specifier);
      throw notSent(specifier);
    };
    const resolve = (specifier: string, options?: { paths?: string[] }): string => {
      for (const folder of options?.paths ?? [module.path]) {
        const target = options?.paths && specifier.startsWith(".")
          ? this.#find(specifier, folder)
          : find(specifier, folder);
        if (target !== undefined) {
          return target.startsWith("node:") ? specifier : this.#note(target);
        }
      }
      if (real !== undefined) return real.resolve(specifier, options);
      throw notSent(specifier);
    };
    this.#own.set(module, { require: plain, resolve });
    const require = (specifier: string): unknown => {
      const hooks = this.#usedHooks();
      return hooks === undefined ? plain(specifier) : hooks.load(specifier, module);
    };
    const paths = (specifier: string): string[] | null =>
      isBuiltin(specifier) ? null : /^\.{1,2}\//.test(specifier) ? [module.path] : module.paths;
    Object.defineProperty(module, "require", { value: require, writable: true });
    return Object.assign(require, {
      resolve: Object.assign((specifier: string, options?: { paths?: string[] }): string => {
        const hooks = this.#usedHooks();
        return hooks === undefined
          ? resolve(specifier, options)
          : hooks.resolve(specifier, module, options);
      }, { paths }),
      main: null,
      extensions: this.#extensions,
      cache: this.#cache,
    });
  }

  /** What any module requires under a key. */
  #requiredAs(key: string): string | undefined {
    for (const { requires } of this.#host.records.values()) {
      if (requires?.[key] !== undefined) return requires[key];
    }
    return undefined;
  }

  /** Finds a module that was sent by its path, as Deno completes it. */
  #find(specifier: string, folder: string): string | undefined {
    if (!/^(?:\.{0,2}\/|\.{1,2}$|file:)/.test(specifier)) return undefined;
    const path = specifier.startsWith("file:") ? pathOf(specifier) : specifier;
    // Not by URL: Node before 26 leaves the dot in file:///a/.b/./c.
    const id = idOf(requireBuiltin()("node:path").resolve(folder, path));
    return ENDS.map((end) => id + end).find((one) => this.#host.records.has(one));
  }
}

function parseJson(text: string, id: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const { message } = error as Error;
    throw Object.assign(error as Error, { message: `${pathOf(id)}: ${message}` });
  }
}

/** The URL of a path. */
function idOf(from: string | URL): string {
  const text = String(from);
  if (!text.startsWith("/")) return text;
  const escaped = text.replace(/[%?#\\\n\r\t]/g, (one) => encodeURIComponent(one));
  return new URL(`file://${escaped}`).href;
}

function isBuiltin(name: string): boolean {
  try {
    return requireBuiltin().resolve(`node:${name}`) !== "" && !name.startsWith(".");
  } catch {
    return false;
  }
}

function notFound(specifier: string, message: string): Error {
  return Object.assign(new Error(message), { code: "MODULE_NOT_FOUND", specifier });
}
