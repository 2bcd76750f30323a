import type { Failure } from "../../agent/protocol/failure.ts";
import { isNative } from "../closure/function_place.ts";

/** The built-ins that scripts add methods to. */
const PATCHED = [
  ...[Object, Function, Array, String, Number, Boolean, Symbol, BigInt, Date, RegExp, Error],
  ...[Map, Set, Promise, Math, JSON],
];

/** The end of a message that is looked at. */
const MAX_LENGTH = 300;

/**
 * Completes the failure of a function that calls what the script has added to a built-in: only the
 * script has it, and the text of V8 does not tell why.
 */
export function explainMissingPatch(failure: Failure): Failure {
  const { name, message } = failure;
  // The expression takes quadratic time.
  const end = message.slice(-MAX_LENGTH);
  const method = name === "TypeError" &&
    /([\p{ID_Start}$_][\p{ID_Continue}$]*) is not a function$/u.exec(end)?.[1];
  const patched = method && PATCHED.map((one) => patchOf(one, method)).find((one) => one);
  if (!patched) return failure;
  const remedy = "add it in the function, or in a module of your own";
  return {
    ...failure,
    message: `${message}: this script has added ${patched}, which is only here; ${remedy}`,
  };
}

/** What is the script's own method of a built-in, or of its instances. */
function patchOf(builtin: object, method: string): string | undefined {
  const { name = Object.prototype.toString.call(builtin).slice(8, -1), prototype } = builtin as {
    name?: string;
    prototype?: object;
  };
  if (isPatch(prototype, method)) return `${name}.prototype.${method}()`;
  return isPatch(builtin, method) ? `${name}.${method}()` : undefined;
}

function isPatch(owner: object | undefined, method: string): boolean {
  const value: unknown = owner && Object.getOwnPropertyDescriptor(owner, method)?.value;
  return typeof value === "function" && !isNative(value);
}
