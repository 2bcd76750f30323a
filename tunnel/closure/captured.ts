import { importsEntryText } from "../modules/entry_module.ts";
import { modulesHere } from "../modules/modules_here.ts";
import type { FunctionCode } from "../source/function_code.ts";
import type { AnyFunction } from "./any_function.ts";
import { isOwnGlobal } from "./builtin.ts";
import type { FunctionScope } from "./inspector.ts";
import { FunctionRefusal } from "./refusal.ts";
import type { ImportedName, Script } from "./script.ts";
import { asReference } from "./sendable.ts";

/** A variable that a function captures. */
export interface CapturedVariable {
  /** The scope that has it; `undefined` for the script's own. */
  readonly scope: FunctionScope | undefined;
  /** Its value, or the stand-in for a built-in object. */
  readonly value: unknown;
}

/** The names that a function uses, by what they mean. */
interface Captured {
  readonly variables: ReadonlyMap<string, CapturedVariable>;
  readonly imports: readonly (ImportedName & { readonly name: string })[];
}

/** Where the names that a function uses are looked up. */
interface Surroundings {
  /** All scopes around the function, from the inside out. */
  readonly allScopes: readonly FunctionScope[];
  /** The scopes without the script's own. */
  readonly scopes: readonly FunctionScope[];
  /** The computed keys of a class by their variables, which the first of `scopes` has. */
  readonly keys: ReadonlyMap<string, unknown> | undefined;
  readonly script: Script;
}

/**
 * Looks up the names that `fn` uses, but for those that mean the same everywhere.
 *
 * @throws {FunctionRefusal} If a name has no value yet, or means what cannot be sent.
 */
export function capturedBy(
  fn: AnyFunction,
  { uses, parent, keyVariables }: FunctionCode,
  { allScopes, scopes, keys, script }: Surroundings,
): Captured {
  const variables = new Map<string, CapturedVariable>();
  const imports: (ImportedName & { name: string })[] = [];
  const capture = (name: string, scope: FunctionScope | undefined, value: unknown): void => {
    variables.set(name, { scope, value: asReference(value) });
  };
  const valueIn = (scope: FunctionScope, name: string): unknown => {
    try {
      return scope.variables[name];
    } catch {
      // V8 throws the same for a variable that it did not keep.
      throw new FunctionRefusal(
        fn,
        keyVariables.has(name) ? notKeptText(name) : `variable ${name} has no value yet`,
      );
    }
  };
  for (const name of uses.names) {
    if (keys?.has(name)) {
      capture(name, scopes[0], keys.get(name));
      continue;
    }
    // V8 keeps no variable that only a class definition has used.
    if (name === parent) {
      const value = Object.getPrototypeOf(fn);
      capture(name, scopes[0], value === Function.prototype ? null : value);
      continue;
    }
    const scope = allScopes.find(({ variables }) =>
      variables !== globalThis && Object.hasOwn(variables, name)
    );
    const imported = script.imports.get(name);
    if (scope !== undefined && scopes.includes(scope)) {
      capture(name, scope, valueIn(scope, name));
    } else if (imported !== undefined) {
      if (modulesHere.isEntry(imported.id)) {
        throw new FunctionRefusal(fn, importsEntryText(imported.id));
      }
      imports.push({ name, ...imported });
    } else if (scope !== undefined) {
      capture(name, undefined, valueIn(scope, name));
    } else if (isOwnGlobal(name)) {
      capture(name, undefined, (globalThis as Record<string, unknown>)[name]);
    } else if (keyVariables.has(name) && !(name in globalThis)) {
      throw new FunctionRefusal(fn, notKeptText(name));
    }
  }
  return { variables, imports };
}

function notKeptText(name: string): string {
  return `V8 does not keep variable ${name}, from which it computes the name of a member`;
}
