import type { FunctionPlace } from "../../agent/protocol/request.ts";
import { entryModule } from "../modules/entry_module.ts";
import { modulesHere } from "../modules/modules_here.ts";
import type { AnyFunction } from "./any_function.ts";
import { findBuiltin } from "./builtin.ts";
import { ExportPlaces, type Exports } from "./export_places.ts";
import { isWrittenMember } from "../source/written_members.ts";
import type { FunctionInspection, FunctionLocation } from "./inspector.ts";
import { isGivenLater } from "./reassigned.ts";
import { offsetOf, type Script } from "./script.ts";

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

/** The modules that are imported to learn their exports, or were. */
const asked = new Set<string>();

/** Has the next call find what a module exports by then, without the inspector. */
async function learnSoon(url: string): Promise<void> {
  if (asked.has(url)) return;
  asked.add(url);
  const namespace = await modulesHere.namespace(url);
  if (namespace !== undefined) namespaces.set(url, namespace);
}

/** What modules export, by the numbers of their scripts; as long as no code runs. */
export type ModuleExports = Map<
  string,
  { readonly places: ExportPlaces; readonly isComplete: boolean }
>;

/**
 * The place at which the far end finds `fn`, too: that of a built-in, or an export of a module
 * other than the entry script. `undefined` if there is none.
 *
 * @param fn A function, or a symbol that the module of the function has.
 * @param known What was found out of modules in the same step.
 * @param isDeep Whether to look further than at the properties of exports.
 * @throws {UnknownExports} If that cannot be told yet.
 */
export function placeOf(
  fn: AnyFunction | symbol,
  { location, scopes }: FunctionInspection,
  known: ModuleExports,
  scriptOf: () => Script,
  isDeep = false,
): FunctionPlace | undefined {
  if (location === undefined || isInternal(location.url)) return findBuiltin(fn);
  const { url } = location;
  if (url === "" || url === entryModule() || !/^[a-z]+:/.test(url)) return undefined;
  let found = known.get(location.scriptId);
  if (found === undefined) {
    const exported = exportsNow(url, scopes, scriptOf);
    // Not a module, such as what eval() made.
    if (exported === undefined) return undefined;
    const { exports, isComplete } = exported;
    known.set(location.scriptId, found = { places: new ExportPlaces(exports), isComplete });
  }
  const path = found.places.find(fn, isDeep);
  if (path === undefined && !found.isComplete) throw new UnknownExports([url]);
  const isFunction = typeof fn === "function", isEs = isEsModule(scopes);
  if (path === undefined && isFunction) {
    const deep = found.places.find(fn, true);
    const isThere = deep !== undefined && isWrittenDeep(deep, scriptOf(), location, isEs);
    return isThere ? { module: url, path: deep } : undefined;
  }
  if (path === undefined || path.length > 2 || !isFunction || !isEs) {
    return path && { module: url, path };
  }
  const { exports } = scriptOf();
  const isThere = ([name, member]: readonly string[]): boolean => {
    const local = exports.find((one) => one.name === name)?.local;
    return local === undefined || !isGivenLater(local, member, scriptOf(), location);
  };
  const all = [path, ...found.places.namesOf(fn).map((name) => [name])];
  const first = all.find(isThere);
  return first && { module: url, path: first };
}

/** Whether a module has a function where it is found deep in its exports when it is loaded, too. */
function isWrittenDeep(
  [name, ...keys]: readonly string[],
  { source, exports }: Script,
  { line, column }: FunctionLocation,
  isEsModule: boolean,
): boolean {
  if (source === "") return false;
  const offset = offsetOf(source, line, column);
  if (!isEsModule) return isWrittenMember(source, { commonJs: name! }, keys, offset);
  const exported = exports.find((one) => one.name === name);
  if (exported === undefined) return false;
  const local = exported.local ?? defaultVariable(source, exported.end);
  if (local === undefined && name !== "default") return false;
  return isWrittenMember(source, { local }, keys, offset);
}

/** Whether a function with these scopes is in an ES module. */
function isEsModule(scopes: FunctionInspection["scopes"]): boolean {
  return scopes.some(({ description }) => description === "Module");
}

/** What a module exports, given the scopes of a function in it. */
function exportsNow(
  url: string,
  scopes: FunctionInspection["scopes"],
  scriptOf: () => Script,
): { exports: Exports; isComplete: boolean; isLive: boolean } | undefined {
  const module = scopes.find(({ description }) => description === "Module");
  const known = modulesHere.exportsNow(url, module !== undefined);
  if (known !== undefined || namespaces.has(url)) {
    return { exports: known ?? namespaces.get(url) ?? {}, isComplete: true, isLive: true };
  }
  return module && { ...exportsIn(module.variables, scriptOf()), isLive: false };
}

/** What the module of a function exports. */
export interface ModuleOfFunction {
  readonly url: string;
  readonly exports: Exports;
  /** Whether these change with the module, whose variables may get other values. */
  readonly isLive: boolean;
}

/** What the module of a function exports; `undefined` for a function of no module. */
export function exportsOf(
  { location, scopes }: FunctionInspection,
  scriptOf: () => Script,
): ModuleOfFunction | undefined {
  if (location === undefined || isInternal(location.url)) return undefined;
  const { url } = location;
  if (url === "" || url === entryModule()) return undefined;
  const found = exportsNow(url, scopes, scriptOf);
  if (found === undefined) return undefined;
  const { exports, isLive } = found;
  if (!isLive) void learnSoon(url);
  return { url, exports, isLive };
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
