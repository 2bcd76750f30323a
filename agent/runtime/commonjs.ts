import vm from "node:vm";
import process from "node:process";
import type { Attributes } from "./check_attributes.ts";
import { CommonJsModule } from "./commonjs_module.ts";
import { type ModuleRecord, requireKey, urlOf } from "../protocol/module_record.ts";
import { pathOf } from "./module_path.ts";
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

type Require = ((specifier: string) => unknown) & {
  resolve: ((specifier: string, options?: { paths?: string[] }) => string) & {
    paths(specifier: string): string[] | null;
  };
  readonly main: null;
  readonly extensions: object;
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
  readonly #extensions: object;
  #createRequire: ((from: string | URL) => Require) | undefined;

  constructor(host: CommonJsHost) {
    this.#host = host;
    this.#required = new RequiredModules(host);
    const load = (module: CommonJsModule, path: string): void => {
      module.exports = this.require(idOf(path));
    };
    const names = [".js", ".cjs", ".mjs", ".wasm", ".json", ".node"];
    this.#extensions = Object.fromEntries(names.map((name) => [name, load]));
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
    const record = this.#host.records.get(id);
    if (record?.kind === "broken") throw this.brokenError(record);
    if (record?.kind === "js" || record?.kind === "wasm") return this.#required.require(id);
    if (record?.kind !== "cjs" && record?.kind !== "json") {
      throw notFound(id, `Cannot require ${id}: it is not a module that was sent along`);
    }
    const module = new CommonJsModule(path, parent);
    this.#cache[path] = module;
    try {
      if (record.kind === "cjs") this.#run(record, module);
      else module.exports = JSON.parse(record.source as string);
    } catch (error) {
      delete this.#cache[path];
      throw error;
    }
    module.loaded = true;
    return module.exports;
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
    return this.#createRequire;
  }

  #run(record: ModuleRecord, module: CommonJsModule): void {
    const { id, requires = {} } = record;
    const names = ["exports", "require", "module", "__filename", "__dirname"];
    // A first line for the shell is not JavaScript.
    const source = (record.source as string).replace(/^#!/, "//");
    const run = vm.compileFunction(source, names, {
      filename: urlOf(id),
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
    const require = (specifier: string): unknown => {
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
        if (target !== undefined) return target.startsWith("node:") ? specifier : pathOf(target);
      }
      if (real !== undefined) return real.resolve(specifier, options);
      throw notSent(specifier);
    };
    const paths = (specifier: string): string[] | null =>
      isBuiltin(specifier) ? null : /^\.{1,2}\//.test(specifier) ? [module.path] : module.paths;
    Object.defineProperty(module, "require", { value: require, writable: true });
    return Object.assign(require, {
      resolve: Object.assign(resolve, { paths }),
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

  /** Finds a module that was sent by its path, as Node completes it. */
  #find(specifier: string, folder: string): string | undefined {
    if (!/^(?:\.{0,2}\/|\.{1,2}$|file:)/.test(specifier)) return undefined;
    const path = specifier.startsWith("file:") ? pathOf(specifier) : specifier;
    // Not by URL: Node before 26 leaves the dot in file:///a/.b/./c.
    const id = idOf(requireBuiltin()("node:path").resolve(folder, path));
    const ends = ["", ".js", ".json", ".node", "/index.js", "/index.json"];
    return ends.map((end) => id + end).find((one) => this.#host.records.has(one));
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
