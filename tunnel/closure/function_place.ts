import type { FunctionPlace } from "../../agent/protocol/request.ts";
import { findBuiltin } from "./builtin.ts";
import { entryModule } from "../modules/entry_module.ts";
import type { FunctionLocation } from "./inspector.ts";
import { namespaceOf } from "./namespace.ts";

/** Whether `fn` is compiled code without a script: V8 has nothing to tell of where it is written. */
// deno-lint-ignore ban-types -- any function
export function isNative(fn: Function): boolean {
  return /\{\s*\[native code\]\s*\}$/.test(Function.prototype.toString.call(fn));
}

/** Whether a script is part of the runtime. */
export function isInternal(url: string): boolean {
  return /^(ext|node):/.test(url);
}

/**
 * Where `fn`, which is written at `location`, is, so that the far end can find it there too: a built-in,
 * or an export of a module other than the entry script. `undefined` if it is nowhere.
 */
export async function placeOf(
  // deno-lint-ignore ban-types -- any function
  fn: Function,
  location: FunctionLocation | undefined,
): Promise<FunctionPlace | undefined> {
  if (location === undefined || isInternal(location.url)) return findBuiltin(fn);
  const { url } = location;
  if (url === "" || url === entryModule() || !/^[a-z]+:/.test(url)) return undefined;
  const namespace = await namespaceOf(url);
  if (namespace === undefined) return undefined;
  const path = findExport(fn, namespace);
  return path && { module: url, path };
}

/** How one without a name is called. */
export const ANONYMOUS = "(anonymous)";

/** How a function is called in messages. */
// deno-lint-ignore ban-types -- any function
export function nameOf(fn: Function): string {
  return typeof fn.name === "string" && fn.name !== "" ? fn.name : ANONYMOUS;
}

/** The export that `fn` is, or the property of an exported object or class. */
function findExport(fn: unknown, namespace: Record<string, unknown>): string[] | undefined {
  const names = Object.keys(namespace);
  for (const name of names) if (valueOf(namespace, name) === fn) return [name];
  for (const name of names) {
    const value = valueOf(namespace, name);
    if ((typeof value !== "object" && typeof value !== "function") || value === null) continue;
    for (const key of Object.getOwnPropertyNames(value)) {
      if (Object.getOwnPropertyDescriptor(value, key)?.value === fn) return [name, key];
    }
  }
  return undefined;
}

function valueOf(namespace: Record<string, unknown>, name: string): unknown {
  try {
    return namespace[name];
  } catch {
    return undefined; // not initialized yet
  }
}
