import { callbackify, deprecate, promisify } from "node:util";
import type { AnyFunction } from "./any_function.ts";
import { isInternal } from "./function_place.ts";
import type { FunctionInspection } from "./inspector.ts";

const WRAPPERS: ReadonlyMap<string, AnyFunction> = new Map<string, AnyFunction>([
  ["Closure (promisify)", promisify],
  ["Closure (callbackify)", callbackify],
  ["Closure (deprecate)", deprecate],
]);

/** A function of `node:util`, and the arguments for which it has made another. */
export type Wrapped = readonly [wrapper: AnyFunction, inner: AnyFunction, ...texts: string[]];

/**
 * Which function of `node:util` has made a function, and of what: what `promisify()` and its like
 * make is code of the runtime, and can be made anew.
 */
export function wrappedBy(
  fn: AnyFunction,
  { location, scopes }: FunctionInspection,
): Wrapped | undefined {
  if (location === undefined || !isInternal(location.url)) return undefined;
  const scope = scopes.find(({ description }) => WRAPPERS.has(description));
  if (scope === undefined) return undefined;
  const values = Object.values(scope.variables);
  const [inner, ...others] = values.filter((one) => typeof one === "function" && one !== fn);
  if (inner === undefined || others.length > 0) return undefined;
  // The arguments come in their order: the message of a deprecation, and its code.
  const texts = values.filter((one) => typeof one === "string");
  return [WRAPPERS.get(scope.description)!, inner as AnyFunction, ...texts];
}
