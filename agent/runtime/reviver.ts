import { type Handle, HandleKind, PropertyKind } from "../protocol/handle.ts";
import { integrityOf, setIntegrity } from "../protocol/integrity.ts";
import { INTRINSICS } from "../protocol/intrinsics.ts";
import { find, lacks } from "./find.ts";
import { keepAsIs } from "./keep_as_is.ts";
import type { LoadedCode } from "./loaded_code.ts";

/**
 * Gives a function that makes the values of the handles that refer to code. It trusts the
 * controller; see `Agent`.
 *
 * @param reviveOther Makes the values of all other handles.
 */
export function reviverOf(
  { modules, namespaces, units }: LoadedCode,
  reviveOther: (data: unknown) => unknown,
): (data: unknown) => unknown {
  const classes = new Map<string, unknown>();
  /** The objects of modules that objects of the controller have proven to be. */
  const originals = new Set<unknown>();
  /** What is no copy: of the runtime, of modules. */
  const own = new Set<unknown>();

  /**
   * Makes a class once, when it is first needed: its parent and its static fields need values. What
   * the static fields do to these, they have done at the controller: the copies have it already.
   */
  const makeClass = ([unit, index, ...needs]: readonly unknown[]): unknown => {
    const key = `${unit} ${index}`;
    if (!classes.has(key)) {
      for (const [unit, variable, value] of needs as [number, number, unknown][]) {
        units[unit]!.variables[variable]!(value);
      }
      const values = needs.map((need) => (need as unknown[])[2]);
      const undo = keepAsIs(values, (object) => own.has(object) || originals.has(object));
      classes.set(key, (units[unit as number]!.functions[index as number] as () => unknown)());
      undo();
    }
    return classes.get(key);
  };

  return (data) => {
    const [kind, ...rest] = data as Handle;
    switch (kind) {
      case HandleKind.PLACE: {
        const [module, ...path] = rest as [string | null, ...(string | symbol)[]];
        const found = find(module === null ? globalThis : modules.get(module), path);
        if (found === undefined) return lacking(module, path);
        own.add(found.value);
        return found.value;
      }
      case HandleKind.FUNCTION:
        return units[rest[0] as number]!.functions[rest[1] as number];
      case HandleKind.CLASS:
        return makeClass(rest);
      case HandleKind.BOUND: {
        const [target, self, args] = rest as [
          (...args: unknown[]) => unknown,
          unknown,
          unknown[],
        ];
        return target.bind(self, ...args);
      }
      case HandleKind.OWN_SYMBOL:
        return ownSymbol(rest[0] as number, rest[1] as string | undefined);
      case HandleKind.NAMESPACE:
        return modules.get(namespaces[rest[0] as number]!);
      case HandleKind.PROTOTYPE:
        return (rest[0] as { prototype: unknown }).prototype;
      case HandleKind.MEMBER:
        return rest.reduce(step);
      case HandleKind.INTRINSIC:
        return find(INTRINSICS, rest as string[])!.value;
      case HandleKind.RESULT: {
        const [make, ...args] = rest as [(...args: unknown[]) => unknown, ...unknown[]];
        return make(...args);
      }
      case HandleKind.IMPORTED: {
        const [original, copy, integrity] = rest as [object, object, number];
        // Two objects that are not one at the controller are not one here.
        const isSame = !originals.has(original) && isEqual(original, copy) &&
          integrityOf(original) === integrity;
        if (isSame) originals.add(original);
        return isSame ? original : copy;
      }
      default:
        return reviveOther(data);
    }
  };
}

/** What is in an object: at a place of an array, a map or a set, or else in a property. */
function step(object: unknown, key: unknown): unknown {
  return typeof key === "number"
    ? [...object as Iterable<unknown>][key]
    : (object as Record<string, unknown>)[key as string];
}

/**
 * Whether two plain objects or arrays have the same in them, in the same order. Objects in them are
 * the same if they have proven to be a module's own, too.
 */
function isEqual(a: unknown, b: object): boolean {
  if (typeof a !== "object" || a === null || Array.isArray(a) !== Array.isArray(b)) return false;
  const keys = Object.keys(a), expected = Object.keys(b);
  if (Array.isArray(a) && a.length !== (b as unknown[]).length) return false;
  return keys.length === expected.length &&
    keys.every((key, i) => key === expected[i] && Object.is(a[key as never], b[key as never]));
}

/** The controller's own symbols, by their numbers. */
const symbols = new Map<number, symbol>();

function ownSymbol(number: number, description: string | undefined): symbol {
  let symbol = symbols.get(number);
  if (symbol === undefined) symbols.set(number, symbol = Symbol(description));
  return symbol;
}

/** A property that goes beside the copy of its owner; see {@linkcode PropertyKind}. */
export type Property = [
  owner: { readonly prototype: object },
  kind: number,
  key: string | symbol | null,
  value: unknown,
];

/** Gives an object a property, unless its class has made that read-only. */
export function define([owner, kind, key, value]: Property): void {
  switch (kind) {
    case PropertyKind.OWN:
      return void Reflect.defineProperty(owner, key!, value as PropertyDescriptor);
    case PropertyKind.OF_PROTOTYPE:
      return void Reflect.defineProperty(owner.prototype, key!, value as PropertyDescriptor);
    case PropertyKind.INHERITED:
      return void Reflect.setPrototypeOf(owner, value as object | null);
    case PropertyKind.PROTOTYPE_INHERITED:
      return void Reflect.setPrototypeOf(owner.prototype, value as object | null);
    case PropertyKind.MISSING:
      if (!Object.hasOwn(owner, key!)) Object.defineProperty(owner, key!, value as object);
      return;
    case PropertyKind.NOT_OF_PROTOTYPE:
      return void Reflect.deleteProperty(owner.prototype, key!);
    case PropertyKind.NOT_OWN:
      return void Reflect.deleteProperty(owner, key!);
    case PropertyKind.COUNT:
      return checkCount(owner, ...value as [count: number, name: string]);
    case PropertyKind.INTEGRITY:
      return setIntegrity(owner, value as number);
    case PropertyKind.WEAK_MEMBER: {
      const [member, of] = value as [WeakKey, unknown];
      if (owner instanceof WeakMap) owner.set(member, of);
      else (owner as object as WeakSet<WeakKey>).add(member);
    }
  }
}

/** Checks the size of a list that a static field has made anew: that of the original may differ. */
function checkCount(list: object, count: number, name: string): void {
  const { length } = [...list as Iterable<unknown>];
  if (length === count) return;
  throw new TypeError(
    `Cannot make ${name} anew: its size is ${count} at the controller, and ${length} here; ` +
      "move the class to a module of its own, which is loaded here",
  );
}

/** Stands for what is not here: it throws when it is used, and not before. */
function lacking(module: string | null, path: readonly (string | symbol)[]): unknown {
  const fail = (): never => {
    throw lacks(module, path);
  };
  const name = String(path.at(-1));
  // A function may have been meant, or an object.
  return new Proxy(Object.defineProperty(function () {}, "name", { value: name }), {
    apply: fail,
    construct: fail,
    get: (_, key) => typeof key === "symbol" || key === "then" ? undefined : fail(),
    set: fail,
    has: fail,
  });
}
