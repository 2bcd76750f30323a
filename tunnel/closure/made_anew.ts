import { PropertyKind } from "../../agent/protocol/handle.ts";
import { ANY_FIELD, changedFields, declaredFields } from "../source/changed_fields.ts";
import type { AnyFunction } from "./any_function.ts";
import { codeTextOf } from "./function_text.ts";
import { integrity, type OwnProperty } from "./own_properties.ts";
import { isTouched } from "./touched.ts";

/** What {@linkcode MadeAnew} needs to know of functions and objects. */
export interface MadeAnewOptions {
  /** Whether a class goes by value. */
  readonly isOwn: (made: AnyFunction) => boolean;
  /** The private fields of an object, with the `#`. */
  readonly privatesOf: (object: object) => Iterable<readonly [name: string, value: unknown]>;
  /** Whether a `WeakMap` or `WeakSet` has anything in it. */
  readonly hasEntries: (object: object) => boolean;
  /** Whether the script assigns to a property with this name, of an object other than `this`. */
  readonly isAssigned: (name: string) => boolean;
}

/** The steps to an object: keys of properties, and places in arrays, maps and sets. */
export type Steps = readonly (string | number)[];

/** An instance that a static field makes anew at the far end. */
export interface Anew {
  readonly object: object;
  /** The steps to it from the class. */
  readonly steps: Steps;
  /** What is to be as it is here. */
  readonly properties: readonly OwnProperty[];
}

/**
 * Tells whether a class can make anew, at the far end, what its static fields have made: whether
 * what is in it can be set to what it is here, or cannot have changed. What is of a class of a
 * module or the runtime is taken to be the same unless it tells otherwise: it is new there, as the
 * module is.
 */
export class MadeAnew {
  /** The instances. */
  readonly found: Anew[] = [];
  /** What belongs to something that is made anew, and so must not go along by itself. */
  readonly parts: object[] = [];
  readonly #options: MadeAnewOptions;
  readonly #seen = new Set<unknown>();

  constructor(options: MadeAnewOptions) {
    this.#options = options;
  }

  /**
   * Whether a value can be made anew.
   *
   * @param steps The steps to it from the class; `undefined` if the far end does not get there.
   */
  visit(value: unknown, steps: Steps | undefined): boolean {
    if (Object(value) !== value || typeof value === "function" || this.#seen.has(value)) {
      return true;
    }
    this.#seen.add(value);
    const object = value as object;
    const made = Object.getPrototypeOf(object)?.constructor as unknown;
    if (typeof made !== "function") return true;
    const { isOwn, hasEntries } = this.#options;
    if (isOwn(made as AnyFunction)) return this.#visitInstance(object, made as AnyFunction, steps);
    if (object instanceof AbortController) this.parts.push(object.signal);
    if (!isList(object)) return !isTouched(object, made.prototype, hasEntries);
    const members = [...object];
    if (steps !== undefined) {
      const value = [members.length, `the static field ${steps.join(".")}`];
      this.found.push({
        object,
        steps,
        properties: [{ kind: PropertyKind.COUNT, key: null, value }],
      });
    }
    return members.every((one, i) => this.visit(one, steps && [...steps, i]));
  }

  #visitInstance(object: object, made: AnyFunction, steps: Steps | undefined): boolean {
    const { isOwn, hasEntries, isAssigned, privatesOf } = this.#options;
    if (Object.getPrototypeOf(object) !== made.prototype) return false;
    if (isFilled(object)) return false;
    const changed = new Set<string>();
    const declared = new Map<string, boolean>();
    let text = "";
    let base: unknown = made;
    for (; typeof base === "function" && isOwn(base as AnyFunction);) {
      const code = codeTextOf(base as AnyFunction);
      for (const name of changedFields(code)) changed.add(name);
      for (const [name, isFull] of declaredFields(code)) declared.set(name, isFull);
      text += code;
      base = Object.getPrototypeOf(base);
    }
    const hasOtherBase = typeof base === "function" && base !== Function.prototype;
    if (hasOtherBase && isTouched(object, (base as AnyFunction).prototype, hasEntries)) {
      return false;
    }
    const mayBeSame = (name: string, part: unknown): boolean =>
      !changed.has(name) && (!changed.has(ANY_FIELD) || Object.isFrozen(object)) && !isFilled(part);
    const properties: OwnProperty[] = [];
    for (const key of Reflect.ownKeys(object)) {
      const descriptor = Object.getOwnPropertyDescriptor(object, key)!;
      const isSymbol = typeof key === "symbol";
      // What another class has made is not known here, and neither are its symbols.
      if (isSymbol && hasOtherBase) continue;
      const { value: part } = descriptor;
      if ("value" in descriptor && (Object(part) !== part || isData(part))) {
        properties.push({ kind: PropertyKind.OWN, key, value: descriptor });
        if (steps !== undefined) continue;
        // It cannot be set there.
        if (isSymbol || !mayBeSame(key, undefined) || isAssigned(key)) return false;
        if (!hasOtherBase && !text.includes(key)) return false;
        continue;
      }
      if (isSymbol || !hasOtherBase && !text.includes(key) || !mayBeSame(key, part)) return false;
      // It was emptied.
      if (declared.get(key) && isList(part) && [...part].length === 0) return false;
      if (isAssigned(key) || !this.visit(part, steps && [...steps, key])) return false;
    }
    for (const key of declared.keys()) {
      if (!Object.hasOwn(object, key)) {
        properties.push({ kind: PropertyKind.NOT_OWN, key, value: null });
      }
    }
    properties.push(...integrity(object));
    if (steps !== undefined) this.found.push({ object, steps, properties });
    else if (properties.some(({ kind }) => kind !== PropertyKind.OWN)) return false;
    return [...privatesOf(object)].every(([name, part]) =>
      mayBeSame(name, part) && this.visit(part, undefined)
    );
  }
}

/** A list is made by the constructors of its members, which is done again in the same order. */
function isList(object: object): object is Iterable<unknown> {
  return Array.isArray(object) || object instanceof Map || object instanceof Set;
}

/** Whether an object of the runtime has a copy that can take its place. */
function isData(part: object): boolean {
  return part instanceof Date || part instanceof RegExp || part instanceof URL ||
    part instanceof Headers || ArrayBuffer.isView(part);
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
