import { types } from "node:util";
import type { FunctionPlace } from "../../agent/protocol/request.ts";
import { entryModule } from "../modules/entry_module.ts";
import { modulesHere } from "../modules/modules_here.ts";
import type { AnyFunction } from "./any_function.ts";
import { findBuiltin } from "./builtin.ts";
import type { FunctionInspection } from "./inspector.ts";
import type { Script } from "./script.ts";

/** What a module exports, as far as it is known. */
export type Exports = Readonly<Record<string, unknown>>;

/** Whether `fn` is compiled code without a script, which V8 does not locate. */
export function isNative(fn: AnyFunction): boolean {
  return /\{\s*\[native code\]\s*\}$/.test(Function.prototype.toString.call(fn));
}

/** Whether a script is part of the runtime, or of an agent, which replaces some functions. */
export function isInternal(url: string): boolean {
  return /^(ext|node|chopsticks):/.test(url);
}

/** Functions that are found at globals, and are not the script's. */
const ofRuntime = new WeakSet<AnyFunction>();

/**
 * Whether a function that is found at a global is the script's own, as in `console.log = log`. Much
 * of Deno is JavaScript too, so only V8 tells.
 */
export function isReplaced(
  { path }: FunctionPlace,
  fn: AnyFunction,
  inspect: (fns: readonly AnyFunction[]) => readonly FunctionInspection[],
): boolean {
  // Calls of Deno's functions need no inspector, which takes long to start.
  if (path[0] === "Deno" || ofRuntime.has(fn) || isNative(fn)) return false;
  try {
    const { location } = inspect([fn])[0]!;
    if (location !== undefined && !isInternal(location.url)) return true;
  } catch {
    // The script may not use the inspector.
  }
  ofRuntime.add(fn);
  return false;
}

/** How a function without a name is called. */
export const ANONYMOUS = "(anonymous)";

/** How a function is called in messages. */
export function nameOf(fn: AnyFunction): string {
  const descriptor = Object.getOwnPropertyDescriptor(fn, "name");
  return typeof descriptor?.value === "string" && descriptor.value !== ""
    ? descriptor.value
    : ANONYMOUS;
}

/** The namespaces of modules that have been imported to learn their exports. */
const namespaces = new Map<string, Exports | undefined>();

/**
 * Thrown when only `import()`s tell what modules export; {@linkcode learn} makes them. What is sent
 * of the call is then found out anew.
 */
export class UnknownExports extends Error {
  readonly urls: ReadonlySet<string>;

  constructor(urls: Iterable<string>) {
    super("The exports of some modules are not known yet");
    this.urls = new Set(urls);
  }

  /** Imports the modules, which run already. */
  async learn(): Promise<void> {
    for (const url of this.urls) {
      namespaces.set(url, await modulesHere.namespace(url));
    }
  }
}

/**
 * The place at which the far end finds `fn`, too: that of a built-in, or an export of a module
 * other than the entry script. `undefined` if there is none.
 *
 * @param fn A function, or a symbol that the module of the function has.
 * @param isDeep Whether to look further than at the properties of exports.
 * @throws {UnknownExports} If that cannot be told yet.
 */
export function placeOf(
  fn: AnyFunction | symbol,
  { location, scopes }: FunctionInspection,
  scriptOf: () => Script,
  isDeep = false,
): FunctionPlace | undefined {
  if (location === undefined || isInternal(location.url)) return findBuiltin(fn);
  const { url } = location;
  if (url === "" || url === entryModule() || !/^[a-z]+:/.test(url)) return undefined;
  const module = scopes.find(({ description }) => description === "Module");
  const known = modulesHere.exportsNow(url, module !== undefined);
  if (known !== undefined || namespaces.has(url)) {
    const path = findExport(fn, known ?? namespaces.get(url) ?? {}, isDeep);
    return path && { module: url, path };
  }
  // Not a module, such as what eval() made.
  if (module === undefined) return undefined;
  const { exports, isComplete } = exportsIn(module.variables, scriptOf());
  const path = findExport(fn, exports, isDeep);
  if (path === undefined && !isComplete) throw new UnknownExports([url]);
  return path && { module: url, path };
}

/** What the module of a function exports, with its URL; `undefined` for a function of no module. */
export function exportsOf(
  { location, scopes }: FunctionInspection,
  scriptOf: () => Script,
): { readonly url: string; readonly exports: Exports } | undefined {
  if (location === undefined || isInternal(location.url)) return undefined;
  const { url } = location;
  if (url === "" || url === entryModule()) return undefined;
  const module = scopes.find(({ description }) => description === "Module");
  const exports = modulesHere.exportsNow(url, module !== undefined) ?? namespaces.get(url) ??
    (module && exportsIn(module.variables, scriptOf()).exports);
  return exports && { url, exports };
}

/** The exports of a module, given the variables in its scope; whether these are all. */
function exportsIn(
  variables: Readonly<Record<string, unknown>>,
  { exports, source }: Script,
): { exports: Exports; isComplete: boolean } {
  const found: Record<string, unknown> = {};
  let isComplete = true;
  for (const { name, local, end } of exports) {
    const variable = local ?? defaultVariable(source, end);
    if (variable === undefined || !Object.hasOwn(variables, variable)) {
      isComplete = false;
      continue;
    }
    try {
      found[name] = variables[variable];
    } catch {
      // It has no value yet.
    }
  }
  return { exports: found, isComplete };
}

/** The variable in `export default name;`, whose word `default` ends at `end`. */
function defaultVariable(source: string, end: number): string | undefined {
  return /^\s*([\p{ID_Start}$_][\p{ID_Continue}$]*)\s*(?:;|\n|$)/u.exec(
    source.slice(end, end + 1000),
  )
    ?.[1];
}

/** The export that `fn` is, or the property of an exported object or class. */
function findExport(fn: unknown, exports: Exports, isDeep: boolean): string[] | undefined {
  const path = findIn(exports, fn) ?? (isDeep ? findDeep(exports, fn) : undefined);
  if (path !== undefined) return path;
  // All that a CommonJS module exports is there, and not every name is an export.
  const whole = valueOf(exports, "default");
  const inner = isExports(whole) ? findIn(whole, fn) : undefined;
  return inner && ["default", ...inner];
}

function isExports(value: unknown): value is Exports {
  return (typeof value === "object" || typeof value === "function") && value !== null;
}

function findIn(exports: Exports, fn: unknown): string[] | undefined {
  const names = Object.keys(exports);
  for (const name of names) if (valueOf(exports, name) === fn) return [name];
  for (const name of names) {
    const value = valueOf(exports, name);
    if (!isExports(value)) continue;
    for (const key of Object.getOwnPropertyNames(value)) {
      if (Object.getOwnPropertyDescriptor(value, key)?.value === fn) return [name, key];
    }
  }
  return undefined;
}

/** How deep in exports a function may be, and among how many values it is looked for. */
const DEEP = { depth: 5, values: 5000 };

/** Looks in all that hangs on exports, such as `chalk.red.bold`. */
function findDeep(exports: Exports, fn: unknown): string[] | undefined {
  const seen = new Set<unknown>();
  let level = Object.keys(exports).map((key) => ({ value: valueOf(exports, key), path: [key] }));
  for (let depth = 1; depth < DEEP.depth && seen.size < DEEP.values; depth++) {
    const next: typeof level = [];
    for (const { value, path } of level) {
      if (value === fn) return path;
      if (!isExports(value) || types.isProxy(value) || seen.has(value)) continue;
      seen.add(value);
      for (
        const [key, { value: part }] of Object.entries(Object.getOwnPropertyDescriptors(value))
      ) {
        if (isExports(part)) next.push({ value: part, path: [...path, key] });
      }
    }
    level = next;
  }
  return undefined;
}

function valueOf(exports: Exports, name: string): unknown {
  try {
    return exports[name];
  } catch {
    return undefined; // not initialized yet
  }
}
