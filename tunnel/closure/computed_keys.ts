import type { ComputedMembers } from "../source/computed_members.ts";
import type { AnyFunction } from "./any_function.ts";
import { codeTextOf } from "./function_text.ts";

/**
 * Reads the computed keys of members from a class, since V8 keeps no variable that only a class
 * definition has used.
 *
 * @returns The keys by their variables; `undefined` if not all of them can be told.
 */
export function readKeys(
  made: AnyFunction,
  { members, fields }: ComputedMembers,
): Map<string, string | symbol> | undefined {
  // Fields are enumerable and come in their order; methods are told by their text, then by their
  // order.
  const unnamed = Reflect.ownKeys(made).filter((key) =>
    Object.prototype.propertyIsEnumerable.call(made, key) && !fields.has(key as string)
  );
  const isOrdered = unnamed.every((key) => typeof key === "string" && !/^\d/.test(key));
  const count = members.filter(({ method }) => method === undefined).length;
  if (count > 0 && (unnamed.length !== count || count > 1 && !isOrdered)) return undefined;
  const keys = new Map<string, string | symbol>();
  const taken = new Set<string>();
  for (const { variable, isStatic, method } of members) {
    const home = isStatic ? made : made.prototype;
    const key = method === undefined
      ? unnamed.shift()
      : Reflect.ownKeys(home).find((key) =>
        !taken.has(`${isStatic} ${String(key)} ${method}`) && textsOf(home, key).includes(method)
      );
    if (key === undefined) return undefined;
    taken.add(`${isStatic} ${String(key)} ${method}`);
    keys.set(variable, key);
  }
  return keys;
}

/** The texts of the functions that a property has. */
function textsOf(home: object, key: string | symbol): string[] {
  const { value, get, set } = Object.getOwnPropertyDescriptor(home, key)!;
  return [value, get, set].filter((one) => typeof one === "function")
    .map((one) => codeTextOf(one));
}
