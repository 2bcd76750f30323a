import { CommonJsModule } from "./commonjs_module.ts";
import { nodeModule } from "./node_module.ts";

/** A module that was sent, or one that code has made by `new Module()`. */
interface Parent {
  readonly filename?: string | null;
}

/** Loads a module whose name has a certain end. */
export type Extension = (module: CommonJsModule, path: string) => void;

type Load = (specifier: string, parent?: Parent | null, isMain?: boolean) => unknown;
type Resolve = (
  specifier: string,
  parent?: Parent | null,
  isMain?: boolean,
  options?: { paths?: string[] },
) => string;

/** What code may use and replace in `node:module`, so that it has its say in each `require()`. */
interface NodeModule {
  readonly prototype: { require(specifier: string): unknown };
  _load: Load;
  _resolveFilename: Resolve;
  _cache: object;
  _extensions: Record<string, Extension>;
}

/** What a {@linkcode ModuleHooks} needs of the modules that were sent. */
export interface ModuleHooksHost {
  /** The modules by their paths. */
  readonly cache: object;
  readonly extensions: Record<string, Extension>;
  /** Whether code has changed {@linkcode extensions}. */
  hasOtherExtensions(): boolean;
  /** The `require` of a module that was sent, as it is without hooks; `undefined` for others. */
  requireOf(module: Parent): ((specifier: string) => unknown) | undefined;
  /** The path of what such a module requires, or the name of what is built in. */
  resolveOf(module: Parent): Resolve | undefined;
  /** Whether such a module requires something built in by this name. */
  isBuiltin(specifier: string): boolean;
  /** Whether something that was sent has been found by this path. */
  isSent(path: string): boolean;
  /** The exports of what was sent, which runs first if it has not run yet. */
  load(path: string, parent: CommonJsModule): unknown;
  /** Finds what was sent for a module that was not; `undefined` if there is no such thing. */
  find(specifier: string, from: string): string | undefined;
}

/**
 * Has `node:module` know the modules that were sent. Code may then replace its functions, as mocks,
 * aliases and traces do, and each `require()` goes through these.
 */
export class ModuleHooks {
  readonly #module = nodeModule() as unknown as NodeModule;
  readonly #host: ModuleHooksHost;
  readonly #require = this.#module.prototype.require;
  readonly #load: Load;
  readonly #resolve: Resolve;
  readonly #extensions = { ...this.#module._extensions };

  constructor(host: ModuleHooksHost) {
    const module = this.#module;
    const { _load, _resolveFilename } = module;
    this.#host = host;
    this.#load = module._load = (specifier, parent, isMain) => {
      const require = parent ? host.requireOf(parent) : undefined;
      if (require !== undefined && (host.isBuiltin(specifier) || !this.#isHooked())) {
        return require(specifier);
      }
      const path = parent && !host.isBuiltin(specifier)
        ? module._resolveFilename(specifier, parent, isMain)
        : undefined;
      return path !== undefined && host.isSent(path)
        ? host.load(path, parent as CommonJsModule)
        : _load.call(module, specifier, parent, isMain);
    };
    this.#resolve = module._resolveFilename = (specifier, parent, isMain, options) => {
      const resolve = parent ? host.resolveOf(parent) : undefined;
      if (resolve !== undefined) return resolve(specifier, parent, isMain, options);
      try {
        return _resolveFilename.call(module, specifier, parent, isMain, options);
      } catch (error) {
        const found = parent?.filename ? host.find(specifier, parent.filename) : undefined;
        if (found === undefined) throw error;
        return found;
      }
    };
    module._cache = Object.assign(host.cache, module._cache);
    module._extensions = host.extensions;
    Object.setPrototypeOf(CommonJsModule.prototype, module.prototype);
  }

  /** Whether code has replaced something: a `require()` has to go through {@linkcode load} then. */
  get areUsed(): boolean {
    const { prototype, _load } = this.#module;
    return prototype.require !== this.#require || _load !== this.#load || this.#isHooked();
  }

  /** Loads what a module requires by all that code may have replaced. */
  load(specifier: string, module: CommonJsModule): unknown {
    return this.#module.prototype.require.call(module, specifier);
  }

  /** The path of what a module requires, in the same way. */
  resolve(specifier: string, module: CommonJsModule, options?: { paths?: string[] }): string {
    return this.#module._resolveFilename(specifier, module, false, options);
  }

  /** Loads a file of this disk. */
  loadHere(module: CommonJsModule, path: string): void {
    const [end = ""] = /\.[^./]+$/.exec(path) ?? [];
    const load = this.#extensions[end] ?? this.#extensions[".js"]!;
    load.call(this.#extensions, module, path);
  }

  #isHooked(): boolean {
    return this.#module._resolveFilename !== this.#resolve || this.#host.hasOtherExtensions();
  }
}
