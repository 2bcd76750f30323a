import { builtinModules, createRequire } from "node:module";
import type { FunctionPlace } from "../../agent/protocol/request.ts";

/** How deep below a global or a `node:` module a built-in function may be. */
const MAX_DEPTH = 3;

let globals: Map<unknown, FunctionPlace> | undefined;
const modules = new Map<string, Map<unknown, FunctionPlace>>();

/**
 * The place of a built-in function or object, such as `Date.now`, `console`, or `hostname` of
 * `node:os`; `undefined` for any other value.
 */
export function findBuiltin(value: unknown): FunctionPlace | undefined {
  globals ??= index(null, globalThis, MAX_DEPTH);
  const found = globals.get(value);
  if (found !== undefined) return found;
  for (const name of builtinModules) {
    // Modules that are only there for old code print a warning when they are loaded.
    if (/^(_|(sys|punycode|wasi)$)/.test(name) || /\/(?!promises$)/.test(name)) continue;
    const module = name.startsWith("node:") ? name : `node:${name}`;
    let places = modules.get(module);
    if (places === undefined) {
      places = index(module, builtinModule(module), 2);
      modules.set(module, places);
    }
    const place = places.get(value);
    if (place !== undefined) return place;
  }
  return undefined;
}

const require = createRequire("file:///");

function builtinModule(name: string): unknown {
  try {
    return require(name);
  } catch {
    return {}; // This runtime lacks it.
  }
}

/** Prototypes with one instance, on which their methods are called, such as `performance.now`. */
const INSTANCES = new Map([
  ["Performance.prototype", ["performance"]],
  ["Crypto.prototype", ["crypto"]],
  ["SubtleCrypto.prototype", ["crypto", "subtle"]],
  ["CacheStorage.prototype", ["caches"]],
]);

/** The functions and objects that own data properties lead to from `root`. No getter is run. */
function index(
  module: string | null,
  root: unknown,
  maxDepth: number,
): Map<unknown, FunctionPlace> {
  const places = new Map<unknown, FunctionPlace>();
  const seen = new Set<unknown>();
  let level: { value: unknown; path: string[] }[] = [{ value: root, path: [] }];
  // Breadth first, so that the shortest path wins: `Date.now`, not `globalThis.Date.now`.
  for (let depth = 0; depth < maxDepth && level.length > 0; depth++) {
    const next: typeof level = [];
    for (const { value, path } of level) {
      for (const name of Object.getOwnPropertyNames(value)) {
        if (value === globalThis && isOwnGlobal(name)) continue;
        const child = Object.getOwnPropertyDescriptor(value, name)?.value;
        const isFunction = typeof child === "function";
        if (!isFunction && (typeof child !== "object" || child === null) || seen.has(child)) {
          continue;
        }
        seen.add(child);
        const childPath = [...path, name];
        places.set(child, { module, path: childPath });
        next.push({ value: child, path: INSTANCES.get(childPath.join(".")) ?? childPath });
      }
    }
    level = next;
  }
  return places;
}

/** Globals of Deno and Node that are enumerable, as globals of a script are. */
const ENUMERABLE = new Set(
  ("Deno queueMicrotask atob btoa createImageBitmap clearInterval clearTimeout caches crypto fetch EventSource " +
    "performance process setImmediate clearImmediate Buffer global reportError setInterval setTimeout " +
    "structuredClone onunhandledrejection self navigator alert confirm prompt localStorage sessionStorage " +
    "name close closed onerror onload onbeforeunload onunload").split(" "),
);

/** Whether the script itself has made a global. */
export function isOwnGlobal(name: string): boolean {
  const descriptor = Object.getOwnPropertyDescriptor(globalThis, name);
  return descriptor?.enumerable === true && "value" in descriptor && !ENUMERABLE.has(name);
}
