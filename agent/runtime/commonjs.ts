import vm from "node:vm";
import { type ModuleRecord, urlOf } from "../protocol/module_record.ts";
import { folderOf, pathOf } from "./module_path.ts";
import { nodeModule, requireBuiltin } from "./node_module.ts";

/** The loader, as far as CommonJS modules need it. */
export interface CommonJsHost {
  record(id: string): ModuleRecord | undefined;
  /** What a built-in module exports here instead, if anything. */
  replaced(id: string): unknown;
  importDynamically(specifier: string, referrer: string): Promise<vm.Module>;
  /** The error for a module that requires a native addon; `undefined` if it is none. */
  addonError(name: string, referrer: string): Error | undefined;
}

/** `module` in a CommonJS module. */
interface Module {
  exports: unknown;
  readonly id: string;
  readonly filename: string;
  readonly children: Module[];
  readonly paths: string[];
  loaded: boolean;
}

type Require = ((specifier: string) => unknown) & {
  resolve(specifier: string): string;
  cache: object;
};

/**
 * Runs CommonJS modules that were sent, with the semantics of Node: one instance for each file, and
 * partial exports in cycles.
 */
export class CommonJs {
  readonly #host: CommonJsHost;
  readonly #modules = new Map<string, Module>();
  readonly #json = new Map<string, unknown>();

  constructor(host: CommonJsHost) {
    this.#host = host;
  }

  /** Gives the exports of a module, which runs first if it has not run yet. */
  require(id: string): unknown {
    if (id.startsWith("node:")) return this.#host.replaced(id) ?? requireBuiltin()(id);
    const known = this.#modules.get(id);
    if (known !== undefined) return known.exports;
    const record = this.#host.record(id);
    if (record?.kind === "json") return this.json(record);
    if (record?.kind !== "cjs") {
      throw notFound(id, `Cannot require ${id}: it is not a CommonJS module that was sent along`);
    }
    const module: Module = {
      exports: {},
      id,
      filename: pathOf(id),
      children: [],
      paths: [],
      loaded: false,
    };
    this.#modules.set(id, module);
    try {
      this.#run(record, module);
    } catch (error) {
      this.#modules.delete(id);
      throw error;
    }
    module.loaded = true;
    return module.exports;
  }

  /** Gives the value of a JSON module: the same for all modules that require it. */
  json({ id, source }: ModuleRecord): unknown {
    if (!this.#json.has(id)) this.#json.set(id, JSON.parse(source as string));
    return this.#json.get(id);
  }

  /** Does what `createRequire()` of `node:module` does, also for the modules that were sent. */
  createRequire(from: string | URL): unknown {
    const url = String(from);
    const record = this.#host.record(url.startsWith("/") ? `file://${url}` : url);
    return record === undefined ? nodeModule().createRequire(from) : this.#requireFrom(record);
  }

  #run(record: ModuleRecord, module: Module): void {
    const { id } = record;
    const names = ["exports", "require", "module", "__filename", "__dirname"];
    // A first line for the shell is not JavaScript.
    const source = (record.source as string).replace(/^#!/, "//");
    const run = vm.compileFunction(source, names, {
      filename: urlOf(id),
      importModuleDynamically: ((specifier: string) =>
        this.#host.importDynamically(specifier, id)) as never,
    });
    const { filename } = module;
    const folder = folderOf(filename);
    run.call(module.exports, module.exports, this.#requireFrom(record), module, filename, folder);
  }

  #requireFrom({ id, imports }: ModuleRecord): Require {
    const resolve = (specifier: string): string => {
      const target = imports[specifier];
      const wanted = target ?? specifier;
      if (wanted.endsWith(".node")) throw this.#host.addonError(wanted, id);
      if (target !== undefined) return target;
      const name = specifier.replace(/^node:/, "");
      if (isBuiltin(name)) return `node:${name}`;
      throw this.#host.addonError(specifier, id) ?? notFound(
        specifier,
        `Cannot find module '${specifier}' required by ${id}: it was not sent along`,
      );
    };
    return Object.assign((specifier: string) => this.require(resolve(specifier)), {
      resolve: (specifier: string) => pathOf(resolve(specifier)),
      cache: Object.create(null) as object,
    });
  }
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
