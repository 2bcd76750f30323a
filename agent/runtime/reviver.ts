import { type Code, type Handle, HandleKind, type UnitContext } from "../protocol/handle.ts";
import type { Loader, Namespace } from "./loader.ts";

/** Makes the values of the handles that refer to code. It trusts the controller; see `Agent`. */
export interface Reviver {
  /** Makes the value of a handle from its data. */
  revive(data: unknown): unknown;
  /** Gives the variables of each unit their values. */
  setVariables(captured: readonly (readonly unknown[])[]): void;
}

/**
 * Loads `code`, with variables of its own.
 *
 * @param reviveOther Makes the values of all handles that do not refer to code.
 */
export async function loadCode(
  code: Code,
  loader: Loader,
  reviveOther: (data: unknown) => unknown,
): Promise<Reviver> {
  const modules = new Map<string, Namespace>();
  for (const id of code.loads) modules.set(id, await loader.import(id));
  const units: UnitContext[] = [];
  for (const unit of code.units) units.push(await loader.run(unit));
  const classes = new Map<string, unknown>();

  /** Makes a class once, when it is first needed: its parent and its static fields need values. */
  const makeClass = ([unit, index, ...needs]: readonly unknown[]): unknown => {
    const key = `${unit} ${index}`;
    if (!classes.has(key)) {
      for (const [unit, variable, value] of needs as [number, number, unknown][]) {
        units[unit]!.variables[variable]!(value);
      }
      classes.set(key, (units[unit as number]!.functions[index as number] as () => unknown)());
    }
    return classes.get(key);
  };

  return {
    revive(data) {
      const [kind, ...rest] = data as Handle;
      switch (kind) {
        case HandleKind.PLACE: {
          const [module, ...path] = rest as [string | null, ...string[]];
          return find(module === null ? globalThis : modules.get(module), module, path).value;
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
        case HandleKind.SYMBOL:
          return (Symbol as unknown as Record<string, symbol>)[rest[0] as string];
        case HandleKind.SYMBOL_FOR:
          return Symbol.for(rest[0] as string);
        default:
          return reviveOther(data);
      }
    },
    setVariables(captured) {
      captured.forEach((values, unit) => {
        values.forEach((value, index) => units[unit]!.variables[index]!(value));
      });
    },
  };
}

/** A property that neither the code of a function or class has, nor the copy of an object. */
export type Property = [
  owner: { readonly prototype: object },
  isOfPrototype: boolean,
  key: string | symbol,
  descriptor: PropertyDescriptor,
];

/** Defines a property, unless the class itself has made it read-only. */
export function define([owner, isOfPrototype, ...property]: Property): void {
  Reflect.defineProperty(isOfPrototype ? owner.prototype : owner, ...property);
}

/**
 * Follows `path` from a module's namespace or the global object.
 *
 * @returns The value, and the object that it was found in.
 * @throws {TypeError} If the value is `undefined`.
 */
export function find(
  root: unknown,
  module: string | null,
  path: readonly string[],
): { value: unknown; parent: unknown } {
  let parent: unknown;
  let value = root;
  for (const name of path) {
    parent = value;
    value = (value as Record<string, unknown> | null | undefined)?.[name];
  }
  if (value !== undefined) return { value, parent };
  throw new TypeError(`There is no ${path.join(".")} ${module === null ? "here" : `in ${module}`}`);
}
