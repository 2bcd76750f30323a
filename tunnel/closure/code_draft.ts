import { type Code, type Handle, HandleKind } from "../../agent/protocol/handle.ts";
import { isSent } from "../modules/module_graph.ts";
import type { AnyFunction } from "./any_function.ts";
import { classNeeds, type SentFunction, type Variable } from "./class_needs.ts";
import type { FunctionByValue } from "./function_by_value.ts";
import type { Use } from "./refusal.ts";
import { UnitDraft } from "./unit_draft.ts";

/**
 * Collects the code of a call: its functions and classes that go by value, a unit for each script.
 */
export class CodeDraft {
  /** By the script's URL. */
  readonly #units = new Map<string, UnitDraft>();
  readonly #sent = new Map<AnyFunction, SentFunction>();
  /**
   * The variables that each class needs to be created, as far as {@linkcode completeClasses} knows.
   */
  #needs: ReadonlyMap<AnyFunction, readonly Variable[]> = new Map();

  /** The values of the variables of each unit. */
  get captured(): unknown[][] {
    return [...this.#units.values()].map(({ captured }) => captured);
  }

  /** The variables that the functions use. */
  get uses(): Use[] {
    return [...this.#units.values()].flatMap(({ uses }) => uses);
  }

  /**
   * Adds a function.
   *
   * @returns Its handle. That of a class lacks what {@linkcode completeClasses} finds.
   * @throws {FunctionRefusal} If it could belong to several scopes, and it matters to which.
   */
  add(fn: FunctionByValue): Handle {
    const unit = this.#unitOf(fn);
    const { index, variables } = unit.add(fn);
    const variablesOf = (names: Iterable<string>): Variable[] =>
      [...names].filter((name) => variables.has(name))
        .map((name) => [unit.index, variables.get(name)!, fn.variables.get(name)!.value]);
    const isClass = fn.code.form === "class";
    this.#sent.set(fn.fn, {
      unit: unit.index,
      index,
      variables: variablesOf(fn.variables.keys()),
      needs: isClass ? variablesOf(fn.code.needs) : undefined,
      line: fn.line,
      column: fn.column,
    });
    return [isClass ? HandleKind.CLASS : HandleKind.FUNCTION, unit.index, index];
  }

  /**
   * Finds what classes need to be created, which depends on all functions that were added.
   *
   * @param boundParts Gives the values in a bound function, and nothing for other functions.
   * @returns New handles for classes; none if no class was added since the last time.
   */
  completeClasses(
    boundParts: (fn: AnyFunction) => readonly unknown[],
  ): ReadonlyMap<AnyFunction, Handle> {
    const before = this.#needs.size;
    this.#needs = classNeeds(this.#sent, boundParts);
    const handles = new Map<AnyFunction, Handle>();
    if (this.#needs.size === before) return handles;
    for (const [fn, variables] of this.#needs) {
      const { unit, index } = this.#sent.get(fn)!;
      handles.set(fn, [HandleKind.CLASS, unit, index, ...variables]);
    }
    return handles;
  }

  /** The variables that a class needs to be created; none for other functions. */
  needsOf(fn: AnyFunction): readonly Variable[] {
    return this.#needs.get(fn) ?? [];
  }

  /** The name of a variable. */
  nameOf([unit, index]: Variable): string {
    return [...this.#units.values()][unit]!.uses[index]!.name;
  }

  /**
   * The code, as it is sent, and the ids of the modules that it imports.
   *
   * @param loads Ids of modules that handles refer to.
   */
  finish(loads: readonly string[]): { code: Code; modules: string[] } {
    const units = [...this.#units.values()].map(({ unit }) => unit);
    const imported = units.flatMap(({ imports }) => Object.values(imports));
    return { code: { loads, units }, modules: [...loads, ...imported].filter(isSent) };
  }

  #unitOf({ url, script }: FunctionByValue): UnitDraft {
    let unit = this.#units.get(url);
    if (unit === undefined) {
      unit = new UnitDraft(this.#units.size, url, script);
      this.#units.set(url, unit);
    }
    return unit;
  }
}
