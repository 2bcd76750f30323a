import { HandleKind } from "../../agent/protocol/handle.ts";
import type { FunctionPlace } from "../../agent/protocol/request.ts";
import type { AnyFunction } from "./any_function.ts";
import { exportsOf, isNative, type ModuleOfFunction } from "./function_place.ts";
import type { ImportedValue } from "./imported_objects.ts";
import { dataOf } from "./imported_symbols.ts";
import type { FunctionInspection } from "./inspector.ts";
import type { Script } from "./script.ts";
import type { SentValues } from "./sent_values.ts";

/** Whether a function that was found goes by its place, or is only imported. */
export function isByReference(fn: AnyFunction, sent: SentValues): boolean {
  const kind = sent.handleOf(fn)?.[0];
  return kind === undefined || kind === HandleKind.PLACE;
}

/** Whether a function goes by the place of a built-in, which the called function may have. */
export function isBuiltin(
  fn: AnyFunction,
  placeOfCalled: FunctionPlace | undefined,
  sent: SentValues,
): boolean {
  const handle = sent.handleOf(fn);
  const module = handle === undefined ? placeOfCalled?.module : handle[1];
  return isNative(fn) || module === null || String(module).startsWith("node:");
}

/** What {@linkcode exportedBy} needs of the draft around it. */
export interface ExportedOptions {
  readonly inspect: (fns: readonly AnyFunction[]) => readonly FunctionInspection[];
  readonly scriptOf: (inspection: FunctionInspection) => Script;
  /** A handle refers to the module with this URL. */
  readonly onLoad: (url: string) => void;
}

/** The modules of functions that were called by reference, whose places need no inspector. */
const known = new WeakMap<AnyFunction, ModuleOfFunction | undefined>();

/** What the modules of functions export, which go by reference: each module once. */
export function exportedBy(
  fns: readonly AnyFunction[],
  { inspect, scriptOf, onLoad }: ExportedOptions,
): ImportedValue[] {
  const modules = new Map<string, ModuleOfFunction>();
  const add = (found: ModuleOfFunction | undefined): void => {
    if (found !== undefined && !modules.has(found.url)) modules.set(found.url, found);
  };
  const others = fns.filter((fn) => !known.has(fn));
  for (const fn of fns) add(known.get(fn));
  for (const [i, inspection] of inspect(others).entries()) {
    const found = exportsOf(inspection, () => scriptOf(inspection));
    // Variables of a module may get other values.
    if (found?.isLive !== false) known.set(others[i]!, found);
    add(found);
  }
  return [...modules.values()].map(({ url, exports }): ImportedValue => ({
    value: Object.fromEntries(Object.keys(exports).map((key) => [key, dataOf(exports, key)])),
    give: (keys) => {
      onLoad(url);
      return [HandleKind.PLACE, url, ...keys];
    },
  }));
}
