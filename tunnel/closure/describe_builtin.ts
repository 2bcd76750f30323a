import { HandleKind } from "../../agent/protocol/handle.ts";
import type { AnyFunction } from "./any_function.ts";
import { findBuiltin, findGlobal, findIntrinsic } from "./builtin.ts";
import type { Findings } from "./findings.ts";
import { isNative, isReplaced } from "./function_place.ts";
import type { SentValues } from "./sent_values.ts";

/** Has a function be the one at its place there, if it is built in; tells whether it is. */
export function describeBuiltin(fn: AnyFunction, sent: SentValues, findings: Findings): boolean {
  const native = isNative(fn);
  const place = findGlobal(fn) ?? (native ? findBuiltin(fn) : undefined);
  const intrinsic = place === undefined && native ? findIntrinsic(fn) : undefined;
  if (intrinsic !== undefined) {
    sent.setHandle(fn, [HandleKind.INTRINSIC, ...intrinsic]);
    return true;
  }
  if (place === undefined || isReplaced(place, fn, (fns) => findings.inspect(fns))) return false;
  sent.setPlace(fn, place);
  return true;
}
