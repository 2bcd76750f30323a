import { ANY_FIELD, changedFields } from "../source/changed_fields.ts";
import type { AnyFunction } from "./any_function.ts";
import { codeTextOf } from "./function_text.ts";

/** What {@linkcode canBeMadeAnew} needs to know of functions and objects. */
export interface MadeAnewOptions {
  /** Whether a class goes by value. */
  readonly isOwn: (made: AnyFunction) => boolean;
  /** The private fields of an object, with the `#`. */
  readonly privatesOf: (object: object) => Iterable<readonly [name: string, value: unknown]>;
}

/**
 * Whether an object that a static field has made is the same if the field makes it anew: nothing in
 * it can have changed. What is of a class of a module or the runtime is taken to be: it is new
 * there, as the module is.
 */
export function canBeMadeAnew(
  value: unknown,
  { isOwn, privatesOf }: MadeAnewOptions,
  seen: Set<unknown> = new Set(),
): boolean {
  if (Object(value) !== value || typeof value === "function" || seen.has(value)) return true;
  seen.add(value);
  const isSame = (part: unknown): boolean => canBeMadeAnew(part, { isOwn, privatesOf }, seen);
  const object = value as object;
  const made = Object.getPrototypeOf(object)?.constructor as unknown;
  if (typeof made !== "function") return true;
  if (!isOwn(made as AnyFunction)) return isList(object) ? [...object].every(isSame) : true;
  if (isFilled(object)) return false;
  const changed = new Set<string>();
  for (let at: unknown = made; typeof at === "function"; at = Object.getPrototypeOf(at)) {
    if (!isOwn(at as AnyFunction)) break;
    for (const name of changedFields(codeTextOf(at as AnyFunction))) changed.add(name);
  }
  const fields = [
    ...Object.entries(Object.getOwnPropertyDescriptors(object)).map((
      [name, { value }],
    ): [string, unknown] => [name, value]),
    ...privatesOf(object),
  ];
  return fields.every(([name, part]) =>
    !changed.has(name) && (!changed.has(ANY_FIELD) || Object.isFrozen(object)) &&
    !isFilled(part) && isSame(part)
  );
}

/** A list is made by the constructors of its members, which is done again in the same order. */
function isList(object: object): object is Iterable<unknown> {
  return Array.isArray(object) || object instanceof Map || object instanceof Set;
}

/** Whether something was put into a collection, or into a plain object, which may be changed. */
function isFilled(part: unknown): boolean {
  if (Object(part) !== part) return false;
  const object = part as object;
  if (object instanceof Map || object instanceof Set) return object.size > 0;
  if (Array.isArray(object)) return object.length > 0 && !Object.isFrozen(object);
  const isPlain = Object.getPrototypeOf(object) === Object.prototype;
  return isPlain && !Object.isFrozen(object) && Object.keys(object).length > 0;
}
