import type { FunctionUnit } from "../../agent/protocol/handle.ts";
import type { CapturedVariable } from "./captured.ts";
import type { FunctionByValue } from "./function_by_value.ts";
import type { FunctionScope } from "./inspector.ts";
import { FunctionRefusal, type Use } from "./refusal.ts";
import type { Script } from "./script.ts";
import { type UnitFunction, type UnitScope, unitSource } from "./unit_source.ts";

/** A scope around functions of a {@linkcode UnitDraft}. */
interface ScopeDraft extends UnitScope {
  /** The kind of the scope, and the names of all its variables. */
  readonly key: string;
  readonly variables: Map<string, { readonly index: number; readonly value: unknown }>;
  readonly functions: UnitFunction[];
  readonly children: ScopeDraft[];
}

/**
 * Collects the functions that are sent of one script, in scopes like those around them here, so
 * that functions which share a variable here do so there.
 *
 * V8 does not tell which functions share a scope, only the values in it. Scopes of the same kind,
 * names and values are taken for one, except that one scope has each function but once: two
 * counters that stand at 0 stay two. A function that fits into several scopes is refused if it
 * matters which.
 */
export class UnitDraft {
  /** Its index among the units of a call. */
  readonly index: number;
  /** The values of its variables, in the order of their indices. */
  readonly captured: unknown[] = [];
  /** The variables, in the order of their indices, each with a function that uses it. */
  readonly uses: Use[] = [];
  readonly #url: string;
  readonly #script: Script;
  readonly #root: ScopeDraft = newScope("");
  readonly #importStatements = new Map<string, string>();
  readonly #imports: Record<string, string> = {};
  readonly #resolves: Record<string, string> = {};
  /** All names that its functions use of what is around them. */
  readonly #names = new Set<string>();
  #functions = 0;

  /** @param url The URL of the script, `""` if it has none. */
  constructor(index: number, url: string, script: Script) {
    this.index = index;
    this.#url = url;
    this.#script = script;
  }

  /**
   * Adds a function.
   *
   * @returns Its index, and the indices of its variables by their names.
   * @throws {FunctionRefusal} If it could belong to several scopes, and it matters to which.
   */
  add(fn: FunctionByValue): { index: number; variables: ReadonlyMap<string, number> } {
    for (const name of fn.code.uses.names) this.#names.add(name);
    for (const [name, text] of fn.importStatements) this.#importStatements.set(name, text);
    Object.assign(this.#imports, fn.imports);
    Object.assign(this.#resolves, fn.resolves);
    let at = this.#root;
    const variables = new Map<string, number>();
    const addVariables = (scope: FunctionScope | undefined): void => {
      for (const [name, variable] of fn.variables) {
        if (variable.scope === scope) variables.set(name, this.#variable(at, name, variable, fn));
      }
    };
    addVariables(undefined);
    for (const scope of [...fn.scopes].reverse()) {
      at = this.#child(at, scope, fn);
      addVariables(scope);
    }
    const index = this.#functions++;
    at.functions.push({ index, name: fn.fn.name, code: fn.code, line: fn.line, column: fn.column });
    return { index, variables };
  }

  /** The unit, as it is sent. */
  get unit(): FunctionUnit {
    const { mappings } = this.#script;
    const imports = [...this.#importStatements.values()];
    return {
      url: this.#url || "repl",
      source: unitSource(imports, this.#root, this.#names),
      imports: this.#imports,
      ...Object.keys(this.#resolves).length > 0 && { resolves: this.#resolves },
      ...mappings && { mappings },
    };
  }

  /** The index of a variable, which is added if it is new. */
  #variable(
    scope: ScopeDraft,
    name: string,
    { value }: CapturedVariable,
    { fn: user }: FunctionByValue,
  ): number {
    const known = scope.variables.get(name);
    if (known !== undefined) return known.index;
    const index = this.captured.push(value) - 1;
    this.uses.push({ value, name, isVariable: true, user });
    scope.variables.set(name, { index, value });
    return index;
  }

  /** The draft of a scope inside of another, which is added if it is new. */
  #child(parent: ScopeDraft, scope: FunctionScope, fn: FunctionByValue): ScopeDraft {
    const key = `${scope.description}\n${Object.keys(scope.variables).join()}`;
    const isSame = (other: ScopeDraft): boolean =>
      other.key === key && !hasFunction(other, fn) &&
      [...other.variables].every(([name, { value }]) => hasValue(scope, name, value));
    const same = parent.children.filter(isSame);
    const changed = same.length < 2 ? undefined : sharedChange([...same, fn], scope);
    if (changed !== undefined) {
      throw new FunctionRefusal(
        fn.fn,
        `V8 does not tell which of several functions share variable ${changed}, and one of them changes it: ` +
          "keep it in an object",
      );
    }
    const child = same.at(-1) ?? newScope(key);
    if (same.length === 0) parent.children.push(child);
    return child;
  }
}

function newScope(key: string): ScopeDraft {
  return { key, variables: new Map(), functions: [], children: [] };
}

/** A variable of `scope` that one of the functions changes. */
function sharedChange(
  users: readonly (ScopeDraft | Pick<UnitFunction, "code">)[],
  scope: FunctionScope,
): string | undefined {
  for (const user of users) {
    const found = "children" in user
      ? sharedChange([...user.functions, ...user.children], scope)
      : [...user.code.uses.assigned].find((name) => Object.hasOwn(scope.variables, name));
    if (found !== undefined) return found;
  }
  return undefined;
}

function hasFunction(scope: ScopeDraft, fn: FunctionByValue): boolean {
  return scope.functions.some(({ line, column, code }) =>
    line === fn.line && column === fn.column && code === fn.code
  );
}

function hasValue({ variables }: FunctionScope, name: string, value: unknown): boolean {
  try {
    return Object.is(value, variables[name]);
  } catch {
    return false; // It has no value yet.
  }
}
