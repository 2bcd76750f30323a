import type { FunctionPlace } from "../../agent/protocol/request.ts";
import type { AnyFunction } from "./any_function.ts";
import { findBuiltin } from "./builtin.ts";
import { isNative, placeOf } from "./function_place.ts";
import type { Bound, FunctionInspection, FunctionLocation, FunctionScope } from "./inspector.ts";
import { FunctionRefusal } from "./refusal.ts";

/** How a function is sent: by reference, by the values that it binds, or by value. */
export type FunctionDescription =
  | { readonly kind: "reference"; readonly place: FunctionPlace }
  | { readonly kind: "bound"; readonly bound: Bound }
  | {
    readonly kind: "value";
    readonly location: FunctionLocation;
    readonly scopes: readonly FunctionScope[];
  };

/**
 * Finds out how a function is sent.
 *
 * @param inspect Asks V8 about a function.
 * @throws {FunctionRefusal} If it cannot be sent.
 */
export async function describeFunction(
  fn: AnyFunction,
  inspect: (fn: AnyFunction) => Promise<FunctionInspection>,
): Promise<FunctionDescription> {
  const native = isNative(fn);
  const builtin = native ? findBuiltin(fn) : undefined;
  if (builtin !== undefined) return { kind: "reference", place: builtin };
  const { bound, location, scopes } = await inspect(fn);
  if (bound !== undefined) return { kind: "bound", bound };
  const place = await placeOf(fn, location);
  if (place !== undefined) return { kind: "reference", place };
  if (native || location === undefined) {
    throw new FunctionRefusal(fn, "it is native code that no global or node: module leads to");
  }
  return { kind: "value", location, scopes };
}
