import { readFileSync, statSync } from "node:fs";
import module, { createRequire, isBuiltin } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";
import { agentHost } from "../../agent/agent_host.ts";
import { IN_WORKER } from "./entry_module.ts";
import { withoutSourceMap } from "../source/imports.ts";
import { loadedScripts, scriptSource } from "./v8.ts";

type ResolveNext = (specifier: string, context: { parentURL: string }) => { url: string | null };
type LoadNext = (url: string, context: object) => { source?: string | null };

/** What Deno hands to a hook into its loader. */
interface Loader {
  readonly resolve: ResolveNext;
  readonly load: LoadNext;
}

/**
 * How this process resolves and loads modules: import maps, workspaces, packages and the compiler
 * are Deno's own. It hands them to whoever hooks into it, and what it hands over stays of use after
 * the hook is gone.
 */
async function openLoader(): Promise<Loader> {
  let resolve: ResolveNext | undefined;
  let load: LoadNext | undefined;
  // Not by its name: an agent on Node may have no such export, though it never gets here.
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

// Once, and when this module is loaded: a hook leaves an operation behind that never completes,
// which in a test would be taken for a leak. An agent has the modules that it was sent, and no others.
const opening = agentHost() === undefined ? openLoader() : undefined;
let loader: Loader | undefined;
opening?.then((opened) => loader = opened, () => {});
if (!IN_WORKER) await opening;

/** The code of a file that this process has loaded, with its source map, if that is to be had at once. */
export function loadedFile(url: string): string | undefined {
  if (!url.startsWith("file:")) return undefined;
  try {
    const { source } = loader?.load(url, {}) ?? {};
    return source ? asText(source) : undefined;
  } catch {
    return undefined;
  }
}

/** Resolves and reads modules as this process itself does, if it is the first controller. */
export class ModuleHost {
  /**
   * What an import of `specifier` means in the module `referrer`; `undefined` if nothing. Where a package
   * of JSR is found by importing it, that is done only if `mayRun`.
   */
  async resolve(
    specifier: string,
    referrer: string,
    mayRun = true,
  ): Promise<string | undefined> {
    await opening;
    let url: string | null;
    try {
      url = loader!.resolve(specifier, { parentURL: referrer }).url;
    } catch {
      return undefined;
    }
    if (url === null) return undefined; // as for some URLs that are none
    if (url.startsWith("node:")) return url;
    if (isBuiltin(specifier) && url.startsWith("file:")) return `node:${specifier}`;
    if (url.startsWith("jsr:") && !mayRun) return undefined;
    if (/^(jsr|npm):/.test(url)) return await resolvePackage(url);
    return url;
  }

  /** What `require(specifier)` means in the module `referrer`; `undefined` if nothing. */
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
   * The JavaScript of a module, compiled as this process does, or as it is; `undefined` if there is none.
   *
   * Rejects with a `TypeError` if this process may not find that out.
   */
  async code(url: string): Promise<string | undefined> {
    await opening;
    // A module with a fragment may be one that Deno made up, as for tests in documentation.
    if (url.startsWith("file:") && !url.includes("#")) {
      const source = this.file(url);
      if (source !== undefined) return await this.#asLoaded(url, source);
      const refusal = whyNotThere(url);
      if (refusal !== undefined) return await this.#onlyLoaded(url, refusal);
    }
    const code = await scriptSource(url) ?? await this.#compiled(url);
    return code && await this.#withSourceMap(url, code);
  }

  /**
   * A file that is code or JSON, compiled or as it is; `undefined` if there is none. Of a package,
   * and of what this process imports itself, it needs no permission to read.
   */
  file(url: string): string | undefined {
    const { source } = loader!.load(url, {});
    return source === null || source === undefined ? undefined : asText(source);
  }

  /** A file's text. */
  async text(url: string): Promise<string> {
    if (/^(file|data):/.test(url)) return asText(await this.bytes(url));
    return (await import(url, { with: { type: "text" } })).default;
  }

  /** The text of a file in JSON, or one that gives the same value. */
  async json(url: string): Promise<string> {
    await opening;
    if (/^(file|data):/.test(url)) return this.file(url) ?? await this.text(url);
    // Deno gives no other form of one that it took for JSON.
    return JSON.stringify((await import(url, { with: { type: "json" } })).default);
  }

  /** A file as it is. */
  async bytes(url: string): Promise<Uint8Array> {
    if (url.startsWith("file:")) return new Uint8Array(readFileSync(fileURLToPath(url)));
    if (url.startsWith("data:")) return new Uint8Array(await (await fetch(url)).arrayBuffer());
    return (await import(url, { with: { type: "bytes" } })).default;
  }

  /** The inspector has what was loaded, if it may be asked. */
  async #onlyLoaded(url: string, refusal: Error | null): Promise<string | undefined> {
    const loaded = await scriptSource(url).catch(() => undefined);
    if (loaded === undefined && refusal !== null) throw refusal;
    return loaded;
  }

  /** What runs here is what a file was when it was loaded, whatever was written to it since. */
  async #asLoaded(url: string, source: string): Promise<string> {
    // To ask V8 takes some milliseconds for each module.
    if (!changedSinceStart(url)) return source;
    const loaded = await scriptSource(url);
    const isSame = loaded === undefined || loaded === source ||
      loaded.trimEnd() === withoutSourceMap(source).source.trimEnd();
    return isSame ? source : loaded;
  }

  /** V8 has no source map: one is made by compiling the module again, if that gives the same code. */
  async #withSourceMap(url: string, code: string): Promise<string> {
    if (!/^https?:/.test(url)) return code;
    try {
      const source = await this.text(url);
      if (source === code) return code;
      const again = module.stripTypeScriptTypes(source, { mode: "transform", sourceMap: true });
      return again.startsWith(`${code.trimEnd()}\n//# sourceMappingURL=`) ? again : code;
    } catch {
      return code; // JSX, or a source that is not to be had
    }
  }

  /** Has Deno compile a module without running it: one that is imported before it throws. */
  async #compiled(url: string): Promise<string | undefined> {
    const thrower = "data:text/javascript,throw null";
    const both = `import ${JSON.stringify(thrower)};import ${JSON.stringify(url)};`;
    await import(`data:text/javascript,${encodeURIComponent(both)}`).catch(() => {});
    return await scriptSource(url);
  }
}

/** Why there is no such file for this process; `null` if there simply is none, `undefined` if there is one. */
function whyNotThere(url: string): Error | null | undefined {
  const path = fileURLToPath(url);
  try {
    statSync(path);
    return undefined;
  } catch (error) {
    if ((error as Error).name !== "NotCapable") return null;
    return new TypeError(`this process may not read it, run it with --allow-read=${path}`);
  }
}

/** Whether a file was written, or came where it is, after this process started. */
function changedSinceStart(url: string): boolean {
  try {
    return statSync(fileURLToPath(url)).ctimeMs >= performance.timeOrigin;
  } catch {
    return false; // as it may not be looked at, which to send it does not need
  }
}

function asText(source: string | Uint8Array): string {
  return typeof source === "string" ? source : new TextDecoder().decode(source);
}

/** The module behind a specifier that Deno resolves by itself, but only as it loads it. */
async function resolvePackage(specifier: string): Promise<string | undefined> {
  const url = import.meta.resolve(specifier);
  if (url !== specifier) return url;
  return await redirectTarget(specifier);
}

/** The module that `specifier` leads to: the same namespace under another URL. */
async function redirectTarget(specifier: string): Promise<string | undefined> {
  const name = /^jsr:\/?(@[^/]+\/[^/@]+)/.exec(specifier)?.[1];
  if (name === undefined) return undefined;
  const namespace = await import(specifier);
  for (const url of loadedScripts()) {
    if (url.includes(`/${name}/`) && await import(url) === namespace) return url;
  }
  return undefined;
}
