import type { AnyFunction } from "./any_function.ts";
import { isNative } from "./function_place.ts";

/** A property, other than a method, that the script has added to a built-in. */
export interface Patch {
  readonly key: string;
  /** What has it, such as `Array.prototype`. */
  readonly owner: string;
  /** The function that gives its value, if it is an accessor. */
  readonly getter: AnyFunction | undefined;
}

/** A function that uses a patch. */
export interface PatchUse {
  readonly fn: AnyFunction;
  readonly patch: Patch;
  /** The script that makes it, if that is known. */
  readonly url: string | undefined;
}

/** Built-ins by their names, with their prototypes. */
const BUILTINS: ReadonlyMap<string, object> = new Map(
  [
    ...[Object, Function, Array, String, Number, Boolean, Symbol, BigInt, Date, RegExp, Error],
    ...[Map, Set, Promise],
  ].flatMap((one): [string, object][] => [
    [one.name, one],
    [`${one.name}.prototype`, one.prototype],
  ]).concat([["Math", Math], ["JSON", JSON]]),
);

/** The names of all that is built in and no function. */
const VALUES = new Set(
  ("__proto__ length name prototype message stackTraceLimit E LN2 LN10 LOG2E LOG10E PI SQRT1_2 SQRT2 EPSILON " +
    "MAX_SAFE_INTEGER MIN_SAFE_INTEGER MAX_VALUE MIN_VALUE NaN NEGATIVE_INFINITY POSITIVE_INFINITY")
    .split(" "),
);

/** What those have by themselves that are extended most often. */
const BUILT_IN: ReadonlyMap<object, ReadonlySet<string>> = new Map(
  [Object.prototype, Array.prototype, String.prototype, Number.prototype, Date.prototype, Math]
    .map((one) => {
      // Another module may have extended it before this was loaded.
      const names = Object.getOwnPropertyNames(one);
      return [one, new Set(names.filter((name) => !isAdded(one, name)))];
    }),
);

/**
 * The properties that the script has added to built-ins, where only its own code has them: without
 * them, functions would go on with `undefined` at the far end. A method that is missing there fails
 * by itself.
 */
export function patches(): Patch[] {
  const found: Patch[] = [];
  for (const [owner, object] of BUILTINS) {
    // What is built in is not enumerable.
    let keys = Object.keys(object);
    const builtIn = BUILT_IN.get(object);
    if (builtIn !== undefined) {
      const all = Object.getOwnPropertyNames(object);
      if (all.length > builtIn.size) keys = all.filter((key) => !builtIn.has(key));
    }
    for (const key of keys) {
      if (!isAdded(object, key)) continue;
      found.push({ key, owner, getter: Object.getOwnPropertyDescriptor(object, key)!.get });
    }
  }
  return found;
}

/** Whether a property is neither a method nor a getter of the engine. */
function isAdded(object: object, key: string): boolean {
  if (VALUES.has(key)) return false;
  const { value, get } = Object.getOwnPropertyDescriptor(object, key)!;
  return get === undefined ? typeof value !== "function" : !isNative(get);
}

/** Whether code may use a patch: whether an object is one that has it, only running it tells. */
export function usesPatch(code: string, { key }: Patch): boolean {
  if (!code.includes(key)) return false;
  const name = key.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
  return new RegExp(`\\.\\s*${name}(?![\\p{ID_Continue}$])|\\[\\s*(["'\`])${name}\\1`, "u").test(
    code,
  );
}
