import { builtinModules, createRequire } from "node:module";
import { INTRINSICS } from "../../agent/protocol/intrinsics.ts";
import type { FunctionPlace } from "../../agent/protocol/request.ts";

/** How deep below a global, a `node:` module or an intrinsic, a built-in value may be. */
const MAX_DEPTH = { global: 3, module: 2, intrinsic: 4 };

let globals: Map<unknown, FunctionPlace> | undefined;
const modules = new Map<string, Map<unknown, FunctionPlace>>();

/**
 * The place of a global, or of what hangs on one, such as `Date.now` or `console`; `undefined` for
 * any other value. It is quick: nothing is loaded for it.
 */
export function findGlobal(value: unknown): FunctionPlace | undefined {
  globals ??= index(null, globalThis, MAX_DEPTH.global);
  const found = globals.get(value);
  if (found !== undefined || typeof value !== "function") return found;
  return findLazyGlobal(value.name) === value ? { module: null, path: [value.name] } : undefined;
}

/**
 * The place of what is built into the runtime, such as `Date.now`, `console`, `hostname` of
 * `node:os`, or the default export of `node:fs`; `undefined` for any other value.
 */
export function findBuiltin(value: unknown): FunctionPlace | undefined {
  const global = findGlobal(value);
  if (global !== undefined) return global;
  const module = defaults().get(value);
  if (module !== undefined) return { module, path: ["default"] };
  for (const [root, module] of defaults()) {
    let places = modules.get(module);
    if (places === undefined) modules.set(module, places = index(module, root, MAX_DEPTH.module));
    const place = places.get(value);
    if (place !== undefined) return place;
  }
  return undefined;
}

let intrinsics: Map<unknown, FunctionPlace> | undefined;

/** The way to a value in {@linkcode INTRINSICS}; `undefined` for any other. */
export function findIntrinsic(value: unknown): FunctionPlace["path"] | undefined {
  intrinsics ??= index(null, INTRINSICS, MAX_DEPTH.intrinsic);
  return intrinsics.get(value)?.path;
}

let roots: Map<unknown, string> | undefined;

/** The default exports of the `node:` modules, which this loads, with the names of the modules. */
function defaults(): ReadonlyMap<unknown, string> {
  if (roots !== undefined) return roots;
  roots = new Map();
  const isPromises = (name: string): number => Number(name.endsWith("/promises"));
  // Those of promises first: older runtimes do not have all of them in the modules above.
  for (const module of builtinModuleNames().sort((a, b) => isPromises(b) - isPromises(a))) {
    if (/\/(?!promises$)/.test(module)) continue;
    const root = builtinModule(module);
    if (!roots.has(root)) roots.set(root, module);
  }
  return roots;
}

/** The names of the `node:` modules. */
export function builtinModuleNames(): string[] {
  // Old modules print a warning when they are loaded.
  return builtinModules.filter((name) => !/^(_|(sys|punycode|wasi)$)/.test(name))
    .map((name) => name.startsWith("node:") ? name : `node:${name}`);
}

/** The name of the `node:` module whose namespace this is; `undefined` for any other namespace. */
export function findBuiltinNamespace(
  namespace: Readonly<Record<string, unknown>>,
): string | undefined {
  try {
    const { default: root } = namespace;
    const name = defaults().get(root);
    // A module of the user's may have the same default export, and others.
    const isSame = Object.keys(namespace).every((key) =>
      key === "default" || key in (root as object)
    );
    return isSame ? name : undefined;
  } catch {
    return undefined; // its default export has no value yet
  }
}

const require = createRequire("file:///");

function builtinModule(name: string): unknown {
  try {
    return require(name);
  } catch {
    return {}; // one that this runtime lacks
  }
}

/** Deno defines most classes of the web by getters, so that they are loaded when they are used. */
function findLazyGlobal(name: unknown): unknown {
  if (typeof name !== "string" || typeof Deno === "undefined") return undefined;
  const descriptor = Object.getOwnPropertyDescriptor(globalThis, name);
  if (descriptor?.get === undefined || descriptor.enumerable) return undefined;
  return (globalThis as Record<string, unknown>)[name];
}

/** Prototypes with one instance, whose methods are called on that: `performance.now`. */
const INSTANCES = new Map([
  ["Performance.prototype", ["performance"]],
  ["Crypto.prototype", ["crypto"]],
  ["SubtleCrypto.prototype", ["crypto", "subtle"]],
  ["CacheStorage.prototype", ["caches"]],
]);

/**
 * Each function and object that is reached from `root` over its own data properties: no getter
 * runs.
 */
function index(
  module: string | null,
  root: unknown,
  maxDepth: number,
): Map<unknown, FunctionPlace> {
  const places = new Map<unknown, FunctionPlace>();
  const seen = new Set<unknown>();
  // Not everything that a default export has is an export by itself.
  const start = module === null ? [] : ["default"];
  let level: { value: unknown; path: (string | symbol)[] }[] = [{ value: root, path: start }];
  // Breadth first, so that the shortest path wins: `Date.now`, not `globalThis.Date.now`.
  for (let depth = 0; depth < maxDepth && level.length > 0; depth++) {
    const next: typeof level = [];
    for (const { value, path } of level) {
      for (const name of Reflect.ownKeys(value as object)) {
        // Other symbols are not the same in another process.
        if (typeof name === "symbol" && Symbol.keyFor(name) === undefined) continue;
        if (value === globalThis && isOwnGlobal(name)) continue;
        if (name === "_cache" || name === "mainModule") continue; // CommonJS modules of the user
        const child = Object.getOwnPropertyDescriptor(value, name)?.value;
        if (!isReference(child) || seen.has(child)) continue;
        seen.add(child);
        const place = [...path, name];
        places.set(child, { module, path: place });
        const instance = typeof name === "string"
          ? INSTANCES.get(place.map(String).join("."))
          : undefined;
        next.push({ value: child, path: instance ?? place });
      }
    }
    level = next;
  }
  return places;
}

function isReference(value: unknown): boolean {
  return typeof value === "function" || typeof value === "object" && value !== null;
}

/** Globals that Deno and Node have made enumerable, like those of a script. */
const ENUMERABLE = new Set<string | symbol>(
  ("Deno queueMicrotask atob btoa createImageBitmap clearInterval clearTimeout caches crypto fetch EventSource " +
    "performance process setImmediate clearImmediate Buffer global reportError setInterval setTimeout " +
    "structuredClone onunhandledrejection self navigator alert confirm prompt localStorage sessionStorage " +
    "name close closed onerror onload onbeforeunload onunload").split(" "),
);

/** The globals that were there when this was loaded. */
const KNOWN: ReadonlySet<string> = new Set(Object.getOwnPropertyNames(globalThis));

/** Whether a global is one that the script has made. */
export function isOwnGlobal(name: string | symbol): boolean {
  const descriptor = Object.getOwnPropertyDescriptor(globalThis, name);
  if (isOwnAccessor(name)) return true;
  return descriptor?.enumerable === true && "value" in descriptor && !ENUMERABLE.has(name);
}

/** Whether a global is a getter that the script has made. */
export function isOwnAccessor(name: string | symbol): boolean {
  if (typeof name === "symbol" || KNOWN.has(name)) return false;
  return Object.getOwnPropertyDescriptor(globalThis, name)?.get !== undefined;
}
