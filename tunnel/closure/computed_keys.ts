import type { ComputedKeys } from "../source/function_code.ts";
/**
 * What the names of members were when the class was made, by their variables: V8 keeps no variable that
 * only a class definition has used. `undefined` if not all of them can be told.
 */
export function tellKeys(
  // deno-lint-ignore ban-types -- any class
  made: Function,
  { keys, fields }: ComputedKeys,
): Map<string, string | symbol> | undefined {
  // What is enumerable are fields, in their order; methods are told by their text, then by their order.
  const unnamed = Reflect.ownKeys(made).filter((key) =>
    Object.prototype.propertyIsEnumerable.call(made, key) && !fields.has(key as string)
  );
  const isOrdered = unnamed.every((key) => typeof key === "string" && !/^\d/.test(key));
  const count = keys.filter(({ method }) => method === undefined).length;
  if (count > 0 && (unnamed.length !== count || count > 1 && !isOrdered)) return undefined;
  const told = new Map<string, string | symbol>();
  const taken = new Set<string>();
  for (const { name, isStatic, method } of keys) {
    const home = isStatic ? made : made.prototype;
    const key = method === undefined
      ? unnamed.shift()
      : Reflect.ownKeys(home).find((key) =>
        !taken.has(`${isStatic} ${String(key)} ${method}`) && textsOf(home, key).includes(method)
      );
    if (key === undefined) return undefined;
    taken.add(`${isStatic} ${String(key)} ${method}`);
    told.set(name, key);
  }
  return told;
}

/** The texts of the functions that a property has. */
function textsOf(home: object, key: string | symbol): string[] {
  const { value, get, set } = Object.getOwnPropertyDescriptor(home, key)!;
  return [value, get, set].filter((one) => typeof one === "function")
    .map((one) => Function.prototype.toString.call(one));
}
