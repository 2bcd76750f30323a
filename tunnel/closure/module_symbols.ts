import { types } from "node:util";
import type { FunctionPlace } from "../../agent/protocol/request.ts";
import type { AnyFunction } from "./any_function.ts";
import { isInternal } from "./function_place.ts";
import { dataOf } from "./imported_symbols.ts";
import type { FunctionInspection } from "./inspector.ts";

/** How the functions of modules go that have symbols of their own. */
export interface SymbolHints {
  /** The URLs of modules whose functions are looked for deep in their exports. */
  readonly deep: ReadonlySet<string>;
  /** Functions that go by value, though modules export them. */
  readonly byValue: ReadonlySet<AnyFunction>;
}

/**
 * Thrown when the values of the call have symbols that modules keep to themselves, and functions of
 * these modules go by reference. What is sent is then found out anew, with the hints.
 */
export class HiddenSymbols extends Error {
  readonly hints: SymbolHints;

  constructor(hints: SymbolHints) {
    super("All functions of some modules have to go in the same way");
    this.hints = hints;
  }
}

/** What {@linkcode findModuleSymbols} needs of the draft around it. */
export interface ModuleSymbolsOptions {
  readonly inspect: (fns: readonly AnyFunction[]) => readonly FunctionInspection[];
  /** The place of a symbol that the module of an inspected function exports. */
  readonly placeOf: (symbol: symbol, inspection: FunctionInspection) => FunctionPlace | undefined;
  /** A symbol is exported by a module that is loaded there. */
  readonly onPlace: (symbol: symbol, place: FunctionPlace) => void;
  readonly hints: SymbolHints;
  /** Whether a function could go by value as well. */
  readonly mayGoByValue: (fn: AnyFunction) => boolean;
  readonly refuse: (
    fn: AnyFunction,
    reason: string,
    data: { readonly remedy: string },
  ) => TypeError;
}

/**
 * Finds which of the symbols in the values of a call belong to the modules of functions that go by
 * reference. These modules are loaded there, and make symbols of their own.
 *
 * @throws {TypeError} If a module keeps one to itself, so that nothing there could name it.
 * @throws {HiddenSymbols} If one does, and it may help to look deeper, or to send by value.
 * @throws {UnknownExports} If an `import()` has to tell first what a module exports.
 */
export function findModuleSymbols(
  symbols: ReadonlySet<symbol>,
  fns: readonly AnyFunction[],
  { inspect, placeOf, onPlace, hints, mayGoByValue, refuse }: ModuleSymbolsOptions,
): void {
  const seen = new Set<unknown>();
  const deep = new Set(hints.deep);
  const byValue = new Set(hints.byValue);
  const all = inspect(fns);
  for (const [i, inspection] of all.entries()) {
    const { location, scopes } = inspection;
    if (location === undefined || isInternal(location.url)) continue;
    for (const { variables } of scopes) {
      if (variables === globalThis) continue;
      for (const symbol of symbolsIn(variables, seen)) {
        if (!symbols.has(symbol)) continue;
        const place = placeOf(symbol, inspection);
        const { url } = location;
        const ofModule = fns.filter((_, at) => all[at]!.location?.url === url);
        if (place !== undefined) onPlace(symbol, place);
        else if (!hints.deep.has(url)) deep.add(url);
        else if (ofModule.every(mayGoByValue)) ofModule.forEach((fn) => byValue.add(fn));
        else {
          const reason = `its module makes ${
            String(symbol)
          } anew there, so it is not the symbol in the values that go along`;
          const remedy =
            "make them inside the function, export the symbol there, or make it by Symbol.for()";
          throw refuse(fns[i]!, reason, { remedy });
        }
      }
    }
  }
  const isNew = deep.size > hints.deep.size || byValue.size > hints.byValue.size;
  if (isNew) throw new HiddenSymbols({ deep, byValue });
}

/** The symbols that variables hold, and what hangs on the objects and classes in them. */
function* symbolsIn(variables: object, seen: Set<unknown>, isPart = false): Generator<symbol> {
  for (const key of Object.getOwnPropertyNames(variables)) {
    const value = dataOf(variables, key);
    if (typeof value === "symbol") yield value;
    if (isPart || !isObject(value) || types.isProxy(value) || seen.has(value)) continue;
    seen.add(value);
    yield* symbolsIn(value, seen, true);
  }
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null || typeof value === "function";
}
