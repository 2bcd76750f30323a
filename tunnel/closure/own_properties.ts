import { PropertyKind } from "../../agent/protocol/handle.ts";
import { integrityOf } from "../../agent/protocol/integrity.ts";
import type { Method } from "../source/class_members.ts";
import type { FunctionCode } from "../source/function_code.ts";
import type { AnyFunction } from "./any_function.ts";

/** A property that does not come with the code of a function, or with the copy of an object. */
export interface OwnProperty {
  readonly kind: number;
  readonly key: string | symbol | null;
  /** A descriptor, or the value of a kind that has no key. */
  readonly value: unknown;
}

/** Whether a part of a property of a class, or of its `prototype`, is written in the class. */
export type IsMember = (
  fn: AnyFunction,
  isStatic: boolean,
  key: string | symbol,
  part: Method["part"],
) => boolean;

/** What of a function's code gives it properties. */
export type PropertiesOfCode = Pick<
  FunctionCode,
  "form" | "ownName" | "length" | "members" | "parent" | "isAsync" | "isGenerator"
>;

/**
 * What a function has besides its code: its properties, those of its `prototype`, and what these
 * two inherit from, where that is not what the code gives them.
 *
 * @param isMember Tells what is written in a class.
 */
export function ownProperties(
  fn: AnyFunction,
  code: PropertiesOfCode,
  isMember: IsMember,
): OwnProperty[] {
  const isClass = code.form === "class";
  const found: OwnProperty[] = [];
  for (const key of Reflect.ownKeys(fn)) {
    const descriptor = Object.getOwnPropertyDescriptor(fn, key)!;
    if (isUsual(fn, code, key, descriptor)) continue;
    const isOfClass = isClass &&
      isOfCode(descriptor, (one, part) => isMember(one, true, key, part));
    const value = isOfClass ? changedAttributes(fn, descriptor) : descriptor;
    if (value !== undefined) found.push({ kind: PropertyKind.OWN, key, value });
  }
  const prototype = ownPrototype(fn);
  if (prototype !== undefined) found.push(...prototypeProperties(fn, prototype, code, isMember));
  found.push(...deletedProperties(fn, prototype, code));
  const usual = code.parent === undefined
    ? usualPrototype(code)
    : parentOf(fn) ?? Function.prototype;
  if (Object.getPrototypeOf(fn) !== usual) {
    found.push({ kind: PropertyKind.INHERITED, key: null, value: Object.getPrototypeOf(fn) });
  }
  return [...found, ...integrity(fn)];
}

/** What a bound function has besides what it binds. */
export function boundProperties(fn: AnyFunction, target: AnyFunction): OwnProperty[] {
  const found: OwnProperty[] = Reflect.ownKeys(fn)
    .filter((key) => key !== "length" && key !== "name")
    .map((key) => ({
      kind: PropertyKind.OWN,
      key,
      value: Object.getOwnPropertyDescriptor(fn, key)!,
    }));
  const inherited = Object.getPrototypeOf(fn);
  if (inherited !== Object.getPrototypeOf(target)) {
    found.push({ kind: PropertyKind.INHERITED, key: null, value: inherited });
  }
  return [...found, ...integrity(fn)];
}

function prototypeProperties(
  fn: AnyFunction,
  prototype: object,
  code: PropertiesOfCode,
  isMember: IsMember,
): OwnProperty[] {
  const isClass = code.form === "class";
  const found: OwnProperty[] = [];
  const keys = Reflect.ownKeys(prototype);
  for (const key of keys) {
    const descriptor = Object.getOwnPropertyDescriptor(prototype, key)!;
    if (key === "constructor" && descriptor.value === fn && !descriptor.enumerable) continue;
    const isOfClass = isClass &&
      isOfCode(descriptor, (one, part) => isMember(one, false, key, part));
    const value = isOfClass ? changedAttributes(prototype, descriptor) : descriptor;
    if (value !== undefined) found.push({ kind: PropertyKind.OF_PROTOTYPE, key, value });
  }
  if (!code.isGenerator && !keys.includes("constructor")) {
    found.push({ kind: PropertyKind.NOT_OF_PROTOTYPE, key: "constructor", value: null });
  }
  const inherited = Object.getPrototypeOf(prototype);
  const usual = code.parent !== undefined
    ? parentOf(fn)?.prototype ?? null
    : code.isGenerator
    ? usualPrototype(code).prototype
    : Object.prototype;
  if (inherited !== usual) {
    found.push({ kind: PropertyKind.PROTOTYPE_INHERITED, key: null, value: inherited });
  }
  return found;
}

/**
 * The `prototype` that a function was made with; `undefined` if it has none, or one that was put
 * there by hand and may be that of several functions.
 */
export function ownPrototype(fn: AnyFunction): object | undefined {
  const descriptor = Object.getOwnPropertyDescriptor(fn, "prototype");
  const prototype: unknown = descriptor?.value;
  if (typeof prototype !== "object" || prototype === null || descriptor!.configurable) {
    return undefined;
  }
  const { value: owner, enumerable } = Object.getOwnPropertyDescriptor(prototype, "constructor") ??
    {};
  const isOwn = owner === fn && !enumerable || GENERATED.has(Object.getPrototypeOf(prototype)) ||
    // That of a class cannot be replaced.
    Function.prototype.toString.call(fn).startsWith("class");
  return isOwn ? prototype : undefined;
}

/**
 * What a class is made to extend, which has `extends` in its code: what it inherits from, or `null`
 * where that is not a constructor. What the class inherits from may have been replaced.
 */
export function parentOf(made: AnyFunction): AnyFunction | null {
  const parent = Object.getPrototypeOf(made);
  try {
    Reflect.construct(Object, [], parent);
    return parent;
  } catch {
    return null;
  }
}

/** The attributes of a member of a class; `undefined` if they are what the class gives them. */
function changedAttributes(
  owner: object,
  { enumerable, configurable, writable }: PropertyDescriptor,
): PropertyDescriptor | undefined {
  // An owner that is frozen or sealed is made so as a whole.
  const integrity = integrityOf(owner);
  if (!enumerable && (configurable || integrity > 1) && (writable !== false || integrity === 3)) {
    return undefined;
  }
  return {
    enumerable: enumerable!,
    configurable: configurable!,
    ...writable === false && { writable },
  };
}

/** What the code gives a function or its `prototype`, and what is not there any more. */
function deletedProperties(
  fn: AnyFunction,
  prototype: unknown,
  { members }: PropertiesOfCode,
): OwnProperty[] {
  const deleted = (kind: number, owner: object, keys: readonly string[]): OwnProperty[] =>
    keys.filter((key) => !Object.hasOwn(owner, key)).map((key) => ({
      kind,
      key,
      value: null as unknown,
    }));
  if (members.size === 0) return deleted(PropertyKind.NOT_OWN, fn, ["name", "length"]);
  const isStatic = (member: string): boolean => member.startsWith("static ");
  const statics = [...members].filter(isStatic).map((member) => member.slice("static ".length));
  const others = [...members].filter((member) => !isStatic(member) && member !== "constructor");
  return [
    ...deleted(PropertyKind.NOT_OWN, fn, ["name", "length", ...statics]),
    ...deleted(PropertyKind.NOT_OF_PROTOTYPE, Object(prototype), others),
  ];
}

/** What every function has: it comes with the code. */
function isUsual(
  fn: AnyFunction,
  { ownName, length }: PropertiesOfCode,
  key: string | symbol,
  { value, writable, enumerable, configurable }: PropertyDescriptor,
): boolean {
  switch (key) {
    case "name":
      // The unit gives a function without a name of its own the one that it has.
      return (ownName === undefined ? typeof value === "string" : value === ownName) && !writable &&
        !enumerable && configurable === true;
    case "length":
      return value === length && !writable && !enumerable && configurable === true;
    case "prototype":
      return value !== undefined && value === ownPrototype(fn) &&
        (writable === !Function.prototype.toString.call(fn).startsWith("class") ||
          integrityOf(fn) === 3);
    case "arguments":
    case "caller":
      return Function.prototype.toString.call(fn).startsWith("function");
    default:
      return false;
  }
}

/** Whether a property has nothing but functions that are written in the class. */
function isOfCode(
  descriptor: PropertyDescriptor,
  isMember: (fn: AnyFunction, part: Method["part"]) => boolean,
): boolean {
  const parts = (["value", "get", "set"] as const).filter((part) => descriptor[part] !== undefined);
  return parts.length > 0 && parts.every((part) => {
    const one = descriptor[part];
    return typeof one === "function" && isMember(one, part);
  });
}

const PROTOTYPES: readonly { readonly prototype?: unknown }[] = [
  function () {},
  async function () {},
  function* () {},
  async function* () {},
].map((fn) => Object.getPrototypeOf(fn));

/** What the `prototype` of a generator function inherits from. */
const GENERATED: ReadonlySet<unknown> = new Set(
  PROTOTYPES.slice(2).map(({ prototype }) => prototype),
);

/** What a function inherits from that is made by the same syntax. */
function usualPrototype(
  { isAsync, isGenerator }: PropertiesOfCode,
): { readonly prototype?: unknown } {
  return PROTOTYPES[(isAsync ? 1 : 0) + (isGenerator ? 2 : 0)]!;
}

/** The `prototype` of a function, in an array, if it is its own and may not be changed. */
export function closedPrototype(fn: AnyFunction): object[] {
  const prototype = ownPrototype(fn);
  if (prototype === undefined || Object.isExtensible(prototype)) return [];
  const owner = Object.getOwnPropertyDescriptor(prototype, "constructor")?.value;
  return owner === fn ? [prototype] : [];
}

/** Whether a function or an object may not be changed. */
export function integrity(owner: object): OwnProperty[] {
  const value = integrityOf(owner);
  return value === 0 ? [] : [{ kind: PropertyKind.INTEGRITY, key: null, value }];
}
