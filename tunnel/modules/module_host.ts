import { readFileSync, statSync } from "node:fs";
import module, { createRequire, isBuiltin } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";
import { withoutSourceMap } from "../source/imports.ts";
import { EDITED } from "./edited.ts";
import { loadedExports } from "./loaded_exports.ts";
import { loadedScripts, scriptSource } from "./v8.ts";

type ResolveNext = (specifier: string, context: { parentURL: string }) => { url: string | null };
type LoadNext = (url: string, context: object) => { source?: string | null };

/** The functions that Deno hands to a hook into its loader. */
interface Loader {
  readonly resolve: ResolveNext;
  readonly load: LoadNext;
}

/**
 * How this process resolves and loads modules: import maps, workspaces, packages and the compiler
 * are Deno's own. Deno hands its loader to a hook, and the loader stays of use after the hook is
 * gone.
 */
async function openLoader(): Promise<Loader> {
  // CommonJS packages that the script imports beside the library run meanwhile: the hook would
  // change what their `require` does.
  await new Promise((resolve) => setTimeout(resolve, 0));
  let resolve: ResolveNext | undefined;
  let load: LoadNext | undefined;
  // Not imported by name: an agent on Node may have no such export, and never calls this.
  const hook = module.registerHooks({
    resolve(specifier, context, next) {
      resolve = next as unknown as ResolveNext;
      return next(specifier, context);
    },
    load(url, context, next) {
      load = next as unknown as LoadNext;
      return next(url, context);
    },
  });
  try {
    await import(`data:text/javascript,/*${Math.random()}*/`);
  } finally {
    hook.deregister();
  }
  return { resolve: resolve!, load: load! };
}

/**
 * Resolves and reads modules as this process itself does. There is one for a process, made when the
 * library is loaded: the hook leaves an operation behind that never completes, and a test in which
 * it was made would be blamed for a leak.
 */
export class ModuleHost {
  readonly #opening: Promise<Loader> = openLoader();
  #loader: Loader | undefined;

  constructor() {
    this.#opening.then((loader) => this.#loader = loader, () => {});
  }

  /** Resolves when modules can be resolved. */
  get ready(): Promise<void> {
    return this.#opening.then(() => {});
  }

  /**
   * The URL or `node:` name that an import of `specifier` means in the module `referrer`;
   * `undefined` if it leads nowhere.
   *
   * @param mayRun Whether a package of JSR, which is found by importing it, may be run, and one of
   * npm be installed.
   */
  async resolve(
    specifier: string,
    referrer: string,
    mayRun = true,
  ): Promise<string | undefined> {
    const loader = await this.#opening;
    let url: string | null;
    try {
      url = loader.resolve(specifier, { parentURL: referrer }).url;
    } catch {
      return undefined;
    }
    if (url === null) return undefined; // for some specifiers that are not URLs
    if (url.startsWith("node:")) return url;
    if (isBuiltin(specifier) && url.startsWith("file:")) return `node:${specifier}`;
    if (url.startsWith("jsr:") && !mayRun) return undefined;
    if (/^(jsr|npm):/.test(url)) return await resolvePackage(url, mayRun);
    return url;
  }

  /**
   * The id that `require(specifier)` means in the module `referrer`; `undefined` if it leads
   * nowhere.
   */
  resolveRequire(specifier: string, referrer: string): string | undefined {
    if (isBuiltin(specifier)) {
      return specifier.startsWith("node:") ? specifier : `node:${specifier}`;
    }
    if (!referrer.startsWith("file:")) return undefined;
    try {
      return pathToFileURL(createRequire(referrer).resolve(specifier)).href;
    } catch {
      return undefined;
    }
  }

  /**
   * The JavaScript of a module as this process runs it, compiled if it was not JavaScript;
   * `undefined` if there is no such module.
   *
   * @throws {TypeError} If this process may not find that out.
   */
  async code(url: string): Promise<string | undefined> {
    await this.#opening;
    // A module with a fragment may be one that Deno made up, as for tests in documentation.
    if (url.startsWith("file:") && !url.includes("#")) {
      const source = this.file(url);
      if (source !== undefined) return await this.#asLoaded(url, source);
      const state = stateOf(url);
      if (state !== "there") return await this.#onlyLoaded(url, state);
    }
    let code = await scriptSource(url);
    if (code === undefined) {
      await compile(url);
      code = await scriptSource(url);
    }
    return code && await this.#withSourceMap(url, code);
  }

  /** Why Deno cannot load a module; `undefined` if it can, or gives no reason. */
  async reason(url: string): Promise<Error | undefined> {
    const reason = await compile(url);
    return reason instanceof Error ? reason : undefined;
  }

  /**
   * The text of a file of code or JSON, compiled if it was not JavaScript; `undefined` if there is
   * no such file. A file of a package, or one that this process imports itself, is read without a
   * permission.
   */
  file(url: string): string | undefined {
    const { source } = this.#loader!.load(url, {});
    return source === null || source === undefined ? undefined : asText(source);
  }

  /**
   * The code of a file that was loaded, with its source map; `undefined` if it is not to be had at
   * once.
   */
  codeNow(url: string): string | undefined {
    if (!url.startsWith("file:") || this.#loader === undefined) return undefined;
    try {
      return this.file(url);
    } catch {
      return undefined;
    }
  }

  /** A file's text. */
  async text(url: string): Promise<string> {
    if (isReadAgain(url)) return asText(await this.bytes(url));
    return (await import(url, { with: { type: "text" } })).default;
  }

  /**
   * The text of a JSON file, or another JSON text of what was loaded of it. Its values are no
   * measure, as code may have changed them.
   *
   * @param isImported Whether this process is known to have imported it, before it was written or
   * since.
   * @throws {TypeError} If it may have been edited after it was loaded.
   */
  async json(url: string, isImported: boolean): Promise<string> {
    await this.#opening;
    if (/^https?:/.test(url)) return JSON.stringify(await remoteJson(url));
    const text = (this.file(url) ?? await this.text(url)).replace(/^\uFEFF/, "");
    if (isReadAgain(url)) return text;
    const isThis = (value: unknown): boolean =>
      JSON.stringify(value) === JSON.stringify(JSON.parse(text));
    let imported: unknown;
    try {
      imported = await importJson(url);
    } catch {
      return text; // What is not JSON was not loaded. It may never be reached.
    }
    const required = loadedExports(url);
    const value = required === undefined ? imported : required["default"];
    if (isThis(value) || isImported && isThis(imported)) return text;
    // What is no object is as it was loaded.
    const isKnown = Object(value) !== value && (!isImported || value === imported);
    return isKnown ? JSON.stringify(value) : ifInstalled(url, text, EDITED_DATA, EDITED);
  }

  /** A file as it is. */
  async bytes(url: string): Promise<Uint8Array> {
    if (url.startsWith("data:")) return new Uint8Array(await (await fetch(url)).arrayBuffer());
    if (!isReadAgain(url)) {
      try {
        return (await import(url, { with: { type: "bytes" } })).default;
      } catch (error) {
        // Deno may lack the flag for it, and then has not loaded the file so.
        if (!url.startsWith("file:")) throw error;
      }
    }
    return new Uint8Array(readFileSync(fileURLToPath(url)));
  }

  /**
   * The bytes of a WebAssembly module.
   *
   * @throws {TypeError} If they are not those that this process loaded.
   */
  async wasm(url: string): Promise<Uint8Array> {
    const bytes = await this.bytes(url);
    if (!url.startsWith("file:") || !changedSinceStart(url)) return bytes;
    const before = new Set(loadedScripts());
    if (!before.has(url)) return bytes;
    // V8 names such modules by the hashes of their bytes.
    const compiled = new WebAssembly.Module(bytes as Uint8Array<ArrayBuffer>);
    const isOther = loadedScripts().some((one) => one.startsWith("wasm:") && !before.has(one));
    return isOther && compiled !== null ? ifInstalled(url, bytes) : bytes;
  }

  /** The code of a file that cannot be read: V8 has it if it was loaded and V8 may be asked. */
  async #onlyLoaded(url: string, state: "missing" | "forbidden"): Promise<string | undefined> {
    const loaded = await scriptSource(url).catch((): undefined => undefined);
    if (loaded === undefined && state === "forbidden") {
      throw new TypeError(
        `this process may not read it; run it with --allow-read=${fileURLToPath(url)}`,
      );
    }
    return loaded;
  }

  /** The code of a file as it was when this process loaded it, whatever was written to it since. */
  async #asLoaded(url: string, source: string): Promise<string> {
    // V8 is only asked if it matters, as that takes some milliseconds for each module.
    if (!changedSinceStart(url)) return source;
    let loaded = await scriptSource(url);
    if (loaded === undefined) {
      // V8 forgets the source of a script that is left without functions.
      if (loadedExports(url) !== undefined) return ifInstalled(url, source, EDITED_CODE, EDITED);
      if (!isEsModule(url, source) || await compile(url) !== null) return source;
      loaded = await scriptSource(url);
      // If Deno had not loaded it before, it has compiled it now.
      if (loaded === undefined) return ifInstalled(url, source);
    }
    const isSame = loaded === source ||
      loaded.trimEnd() === withoutSourceMap(source).source.trimEnd();
    return isSame ? source : loaded;
  }

  /**
   * Adds a source map, which V8 does not give, to the code of a remote module: the module is
   * compiled again, and the map is taken if the code comes out the same.
   */
  async #withSourceMap(url: string, code: string): Promise<string> {
    if (!/^https?:/.test(url)) return code;
    try {
      const source = await this.text(url);
      if (source === code) return code;
      const again = module.stripTypeScriptTypes(source, { mode: "transform", sourceMap: true });
      return again.startsWith(`${code.trimEnd()}\n//# sourceMappingURL=`) ? again : code;
    } catch {
      return code; // JSX, or a source that cannot be had
    }
  }
}

/**
 * Has Deno compile a module without running it: another module, imported before it, throws `null`.
 *
 * @returns `null`, or the error for which Deno cannot load it.
 */
async function compile(url: string): Promise<unknown> {
  const thrower = "data:text/javascript,throw null";
  const both = `import ${JSON.stringify(thrower)};import ${JSON.stringify(url)};`;
  try {
    return await import(`data:text/javascript,${encodeURIComponent(both)}`);
  } catch (reason) {
    return reason;
  }
}

/**
 * The source of a file that was loaded and may have been edited since, if it was installed: Deno
 * itself may have written it, at the first run.
 *
 * @throws {TypeError} If it was not.
 */
function ifInstalled<T>(url: string, source: T, text = EDITED_CODE, code?: string): T {
  if (url.includes("/node_modules/")) return source;
  throw Object.assign(new TypeError(text), code && { code });
}

const EDITED_CODE =
  "it was written after this process started, and what was loaded of it cannot be found out; " +
  "start the script again, or export a function from the module";
const EDITED_DATA =
  "it was written after this process started, and differs from the value that was loaded: it was " +
  "edited, or code changed the value; start the script again";

async function importJson(url: string): Promise<unknown> {
  return (await import(url, { with: { type: "json" } })).default;
}

/** The value of a JSON file in Deno's cache, which does not give its text. */
async function remoteJson(url: string): Promise<unknown> {
  const { hash, host } = new URL(url);
  // Under another URL it is loaded anew, as code may have changed what was loaded.
  const other = `${url}${hash === "" ? "#" : ""}chopsticks`;
  try {
    const { state } = await Deno.permissions.query({ name: "import", host });
    if (state === "granted") return await importJson(other);
  } catch {
    // There is no cache for it, as under `deno compile`.
  }
  return await importJson(url);
}

/** Whether a file that Deno has loaded is an ES module, and not CommonJS. */
function isEsModule(url: string, source: string): boolean {
  return /\.(mjs|mts|tsx?|jsx)$/.test(url) ||
    !url.endsWith(".cjs") && /^\s*(import|export)\b/m.test(source);
}

/** Whether to read a file of data anew, rather than to ask Deno for what it has loaded. */
function isReadAgain(url: string): boolean {
  return url.startsWith("data:") || url.startsWith("file:") && !changedSinceStart(url);
}

/** Whether there is a file at `url`, as far as this process may know. */
function stateOf(url: string): "there" | "missing" | "forbidden" {
  try {
    statSync(fileURLToPath(url));
    return "there";
  } catch (error) {
    return (error as Error).name === "NotCapable" ? "forbidden" : "missing";
  }
}

/** Whether a file was written, or moved to its path, after this process started. */
function changedSinceStart(url: string): boolean {
  // Deno's cache of packages, where nobody edits: at a first run all of it is new.
  if (/\/npm\/[^/]+\/(@[^/]+\/)?[^/]+\/\d+\.\d+\.\d+[^/]*\//.test(url)) return false;
  try {
    // Deno gives the ctime in whole seconds, but it is that of a file that was moved here.
    const { mtimeMs, ctimeMs } = statSync(fileURLToPath(url));
    return Math.max(mtimeMs, ctimeMs) >= performance.timeOrigin;
  } catch {
    return false; // This process may not look at the file, and need not to send it.
  }
}

function asText(source: string | Uint8Array): string {
  return typeof source === "string" ? source : new TextDecoder().decode(source);
}

/** The module behind the specifier of a package, which Deno resolves only as it loads it. */
async function resolvePackage(specifier: string, mayRun: boolean): Promise<string | undefined> {
  const find = (): string | undefined => {
    const url = import.meta.resolve(specifier);
    return url === specifier ? undefined : url;
  };
  const found = find() ?? await redirectTarget(specifier);
  if (found !== undefined || !mayRun || !specifier.startsWith("npm:")) return found;
  await compile(specifier);
  return find();
}

/** The module that the specifier of a JSR package leads to: it has the same namespace. */
async function redirectTarget(specifier: string): Promise<string | undefined> {
  const name = /^jsr:\/?(@[^/]+\/[^/@]+)/.exec(specifier)?.[1];
  if (name === undefined) return undefined;
  const namespace = await import(specifier);
  for (const url of loadedScripts()) {
    if (url.includes(`/${name}/`) && await import(url) === namespace) return url;
  }
  return undefined;
}
