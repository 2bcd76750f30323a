import { types } from "node:util";
import { type Handle, HandleKind } from "../../agent/protocol/handle.ts";
import type { FunctionPlace } from "../../agent/protocol/request.ts";
import type { AnyFunction } from "./any_function.ts";
import { exportsOf, isNative, type ModuleOfFunction } from "./function_place.ts";
import { type ImportedValue, isPlain } from "./imported_objects.ts";
import { dataOf } from "./imported_symbols.ts";
import type { FunctionInspection } from "./inspector.ts";
import type { ImportedName, Script } from "./script.ts";
import type { SentValues } from "./sent_values.ts";

/**
 * Whether a function is that of a module which is loaded there: it goes by its place, or is only
 * imported.
 *
 * @param place Its place, if it is the function that is called, which may have no handle.
 */
export function isByReference(
  fn: AnyFunction,
  place: FunctionPlace | undefined,
  sent: SentValues,
): boolean {
  const handle = sent.handleOf(fn);
  if (handle !== undefined && handle[0] !== HandleKind.PLACE) return false;
  const module = handle === undefined ? place?.module : handle[1];
  return !isNative(fn) && module !== null && !String(module).startsWith("node:");
}

/** The variables that functions see, but for globals: of each scope an object that has them. */
export function variablesOf(inspections: readonly FunctionInspection[]): Set<object> {
  const scopes = inspections.flatMap(({ scopes }) => scopes.map(({ variables }) => variables));
  return new Set(scopes.filter((variables) => variables !== globalThis));
}

/** A name that a module imports, and the function for which that was found out. */
export interface ImportOfModule {
  readonly url: string;
  readonly name: string;
  readonly imported: ImportedName;
  readonly user: AnyFunction;
}

/** What {@linkcode objectsOfModules} needs of the draft around it. */
export interface ModuleObjectsOptions {
  readonly inspect: (fns: readonly AnyFunction[]) => readonly FunctionInspection[];
  readonly scriptOf: (inspection: FunctionInspection) => Script;
  /** A handle refers to the module with this URL. */
  readonly onLoad: (url: string) => void;
  /** Makes the handle of what is found by these keys in what a module imports. */
  readonly give: (one: ImportOfModule, keys: readonly string[]) => Handle;
}

/** What the functions of a module have by its exports and imports. */
interface Objects extends ModuleOfFunction {
  readonly imports: readonly (ImportOfModule & { readonly value: unknown })[];
}

/**
 * What was found of functions that were called by reference, whose places need no inspector, as far
 * as that changes by itself when the module does.
 */
const known = new WeakMap<AnyFunction, Objects | undefined>();

/** What the modules of functions export and import, which go by reference: each module once. */
export function objectsOfModules(
  fns: readonly AnyFunction[],
  { inspect, scriptOf, onLoad, give }: ModuleObjectsOptions,
): ImportedValue[] {
  const modules = new Map<string, Objects>();
  const add = (found: Objects | undefined): void => {
    if (found !== undefined && !modules.has(found.url)) modules.set(found.url, found);
  };
  const others = fns.filter((fn) => !known.has(fn));
  for (const fn of fns) add(known.get(fn));
  for (const [i, inspection] of inspect(others).entries()) {
    if (modules.has(inspection.location?.url ?? "")) continue;
    const module = exportsOf(inspection, () => scriptOf(inspection));
    const imports = module === undefined
      ? []
      : importsOf(others[i]!, inspection, scriptOf(inspection));
    const found = module && { ...module, imports };
    // Variables of a module may get other values.
    if (found === undefined || found.isLive && !found.imports.some(mayChange)) {
      known.set(others[i]!, found);
    }
    add(found);
  }
  return [...modules.values()].flatMap(({ url, exports, imports }): ImportedValue[] => [
    {
      value: Object.fromEntries(Object.keys(exports).map((key) => [key, dataOf(exports, key)])),
      give: (keys) => {
        onLoad(url);
        return [HandleKind.PLACE, url, ...keys];
      },
    },
    ...imports.map((one) => ({
      value: one.value,
      give: (keys: readonly string[]) => give(one, keys),
    })),
  ]);
}

function importsOf(
  user: AnyFunction,
  { scopes }: FunctionInspection,
  { url, imports }: Script,
): Objects["imports"] {
  const module = scopes.find(({ description }) => description === "Module");
  if (module === undefined) return [];
  return Array.from(imports, ([name, imported]) => {
    const value = dataOf(module.variables, name);
    return { url, name, imported, user, value };
  });
}

/** Whether an import may be another object later: a namespace never is, and a function seldom. */
function mayChange({ value }: { readonly value: unknown }): boolean {
  if (types.isModuleNamespaceObject(value)) return false;
  return value === undefined || value === null || typeof value === "object" && isPlain(value);
}
