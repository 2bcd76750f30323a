import { isOwnGlobal } from "./builtin.ts";
import type { FunctionCode } from "../source/function_code.ts";
import type { FunctionScope } from "./inspector.ts";
import { importsEntry, isEntry } from "../modules/module_graph.ts";
import type { ImportedName, Script } from "./script.ts";

/** What a function uses by a name. */
export interface Captured {
  /** The scope that has it; `undefined` for the script's own. */
  readonly scope: FunctionScope | undefined;
  readonly value: unknown;
  /** The import that it is instead. */
  readonly imported?: ImportedName;
}

/** Where the names that a function uses are looked up. */
export interface Surroundings {
  /** From the inside out. */
  readonly scopes: readonly FunctionScope[];
  /** Those of them that are not the script's own. */
  readonly inner: readonly FunctionScope[];
  /** The names of members of a class, in the first of `inner`. */
  readonly keys: ReadonlyMap<string, unknown> | undefined;
  readonly script: Script;
}

/**
 * What the names that `fn` uses mean, but for those that mean the same everywhere.
 *
 * @throws {TypeError} If one means nothing yet, or nothing that can be sent; the text is the reason.
 */
export function capturedBy(
  // deno-lint-ignore ban-types -- any function
  fn: Function,
  { uses, parent, keyNames }: FunctionCode,
  { scopes, inner, keys, script }: Surroundings,
): Map<string, Captured> {
  const captured = new Map<string, Captured>();
  for (const name of uses.names) {
    if (keys?.has(name)) {
      captured.set(name, { scope: inner[0], value: keys.get(name) });
      continue;
    }
    // V8 keeps no variable that only a class definition has used.
    if (name === parent) {
      const value = Object.getPrototypeOf(fn);
      captured.set(name, { scope: inner[0], value: value === Function.prototype ? null : value });
      continue;
    }
    const scope = scopes.find(({ variables }) =>
      variables !== globalThis && Object.hasOwn(variables, name)
    );
    const imported = script.imports.get(name);
    if (scope !== undefined && inner.includes(scope)) {
      captured.set(name, { scope, value: valueIn(scope, name, keyNames) });
    } else if (imported !== undefined) {
      if (isEntry(imported.id)) throw new TypeError(importsEntry(imported.id));
      captured.set(name, { scope: undefined, value: undefined, imported });
    } else if (scope !== undefined) {
      captured.set(name, { scope: undefined, value: valueIn(scope, name, keyNames) });
    } else if (isOwnGlobal(name)) {
      captured.set(name, {
        scope: undefined,
        value: (globalThis as Record<string, unknown>)[name],
      });
    } else if (keyNames.has(name) && !(name in globalThis)) {
      throw new TypeError(notKept(name));
    }
  }
  return captured;
}

function valueIn(
  { variables }: FunctionScope,
  name: string,
  keyNames: ReadonlySet<string>,
): unknown {
  try {
    return variables[name];
  } catch {
    // V8 says the same of both.
    throw new TypeError(
      keyNames.has(name) ? notKept(name) : `variable ${name} has no value yet`,
    );
  }
}

function notKept(name: string): string {
  return `variable ${name}, from which it computes the name of a member, is not kept by V8`;
}
