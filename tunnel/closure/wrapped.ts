import { callbackify, promisify } from "node:util";
import type { AnyFunction } from "./any_function.ts";
import { isInternal } from "./function_place.ts";
import type { FunctionInspection } from "./inspector.ts";

const WRAPPERS: ReadonlyMap<string, AnyFunction> = new Map<string, AnyFunction>([
  ["Closure (promisify)", promisify],
  ["Closure (callbackify)", callbackify],
]);

/**
 * What `promisify()` or `callbackify()` of `node:util` has made a function of, and which of them
 * did: what they make is code of the runtime, and can be made anew.
 */
export function wrappedBy(
  { location, scopes }: FunctionInspection,
): [wrapper: AnyFunction, inner: AnyFunction] | undefined {
  if (location === undefined || !isInternal(location.url)) return undefined;
  const [scope] = scopes;
  const wrapper = WRAPPERS.get(scope?.description ?? "");
  const inner = Object.values(scope?.variables ?? {}).filter((one) => typeof one === "function");
  return wrapper !== undefined && inner.length === 1
    ? [wrapper, inner[0] as AnyFunction]
    : undefined;
}
