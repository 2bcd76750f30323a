import { types } from "node:util";
import { commonSymbolHandle } from "../../agent/protocol/handle.ts";

/**
 * The symbols that a module has made, and that a script imports: an object may have them as keys,
 * and a module that is loaded anew makes others.
 *
 * @param name The imported name.
 * @param value What it means here: a symbol, or a namespace, an object or a class that has some.
 * @returns The symbols, each with code that gives it.
 */
export function importedSymbols(name: string, value: unknown): [symbol: symbol, code: string][] {
  return symbolsIn(value).map(([symbol, path]) => [symbol, `${name}${path}`]);
}

type Found = readonly (readonly [symbol: symbol, path: string])[];

/** What was found in namespaces, which may have a thousand exports. */
const known = new WeakMap<object, Found>();

function symbolsIn(value: unknown, isPart = false): Found {
  if (typeof value === "symbol") {
    return commonSymbolHandle(value) === undefined ? [[value, ""]] : [];
  }
  if (typeof value !== "object" && typeof value !== "function" || value === null) return [];
  if (types.isProxy(value)) return [];
  const isNamespace = !isPart && types.isModuleNamespaceObject(value);
  const found = (isNamespace ? known.get(value) : undefined) ??
    Object.getOwnPropertyNames(value).flatMap((key) => {
      const part = dataOf(value, key);
      if (isPart && typeof part !== "symbol") return [];
      return isNamespace || typeof part === "symbol"
        ? symbolsIn(part, true).map(([symbol, path]) =>
          [symbol, `[${JSON.stringify(key)}]${path}`] as const
        )
        : [];
    });
  if (isNamespace) known.set(value, found);
  return found;
}

/** The value of a property that is no accessor, or of an export. */
export function dataOf(object: object, key: string): unknown {
  try {
    return Object.getOwnPropertyDescriptor(object, key)?.value;
  } catch {
    return undefined; // an export that is not initialized yet
  }
}
