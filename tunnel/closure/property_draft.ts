import type { AnyFunction } from "./any_function.ts";
import { findBuiltin } from "./builtin.ts";
import { type OwnProperty, symbolProperties } from "./own_properties.ts";
import type { Use } from "./refusal.ts";

/**
 * Collects the properties that are sent beside the values: those that functions and classes have
 * besides their code, and objects besides their copies.
 */
export class PropertyDraft {
  readonly #properties: (OwnProperty & { readonly owner: object })[] = [];
  /** The objects among the owners. */
  readonly #objects = new Set<unknown>();

  /** The properties, as a call has them. */
  get entries(): unknown[][] {
    return this.#properties.map((
      { owner, isOfPrototype, key, descriptor },
    ) => [owner, isOfPrototype, key, descriptor]);
  }

  /** The values of the properties. */
  get uses(): Use[] {
    return this.#properties.map(({ owner, key, descriptor }) => ({
      value: "value" in descriptor ? descriptor.value : descriptor,
      name: `property ${String(key)}`,
      isVariable: false,
      user: owner as AnyFunction,
    }));
  }

  /** Adds a property of a function or class. */
  add(owner: AnyFunction, property: OwnProperty): void {
    this.#properties.push({ owner, ...property });
  }

  /**
   * Adds the properties that an object has by symbols, which the codec does not copy.
   *
   * @returns Whether the object has such properties.
   */
  addSymbols(value: unknown): boolean {
    if (this.#objects.has(value)) return true;
    const properties = symbolProperties(value);
    if (properties.length === 0 || findBuiltin(value) !== undefined) return false;
    this.#objects.add(value);
    for (const property of properties) {
      this.#properties.push({ owner: value as object, ...property });
    }
    return true;
  }

  /** Whether an object's properties by symbols have been added: the codec is to copy the others. */
  hasSymbolsOf(value: unknown): boolean {
    return this.#objects.has(value);
  }
}
