import type { FunctionPlace } from "../../agent/protocol/request.ts";
import { modulesHere } from "../modules/modules_here.ts";
import type { AnyFunction } from "./any_function.ts";
import { findBuiltin } from "./builtin.ts";
import type { FunctionLocation } from "./inspector.ts";

/** Whether `fn` is native code, which is not written in any script. */
export function isNative(fn: AnyFunction): boolean {
  return /\{\s*\[native code\]\s*\}$/.test(Function.prototype.toString.call(fn));
}

/** Whether a script is part of the runtime. */
function isInternal(url: string): boolean {
  return /^(ext|node):/.test(url);
}

/**
 * The place of `fn`, which is written at `location`, where the far end can find it too: a built-in,
 * or an export of a module other than the entry script. `undefined` if it is neither.
 */
export async function placeOf(
  fn: AnyFunction,
  location: FunctionLocation | undefined,
): Promise<FunctionPlace | undefined> {
  if (location === undefined || isInternal(location.url)) return findBuiltin(fn);
  const { url } = location;
  if (url === "" || modulesHere.isEntry(url) || !/^[a-z]+:/.test(url)) return undefined;
  const namespace = await modulesHere.namespace(url);
  if (namespace === undefined) return undefined;
  const path = findExport(fn, namespace);
  return path && { module: url, path };
}

/** How errors call a function without a name. */
export const ANONYMOUS = "(anonymous)";

/** How errors call a function. */
export function nameOf(fn: AnyFunction): string {
  return typeof fn.name === "string" && fn.name !== "" ? fn.name : ANONYMOUS;
}

/** The path to `fn` in a module: an export, or a property of an exported object or class. */
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
    return undefined; // It has no value yet.
  }
}
