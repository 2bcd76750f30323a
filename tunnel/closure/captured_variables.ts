import type { FunctionCode } from "../source/function_code.ts";
import { isConstant, nodesAround } from "../source/scopes.ts";
import type { SyntaxNode } from "../source/syntax.ts";
import { isOwnAccessor, isOwnGlobal } from "./builtin.ts";
import type { FunctionLocation, FunctionScope } from "./inspector.ts";
import { type ImportedName, offsetOf, type Script } from "./script.ts";

/** What a function uses by a name. */
export interface Captured {
  /** The scope that has it; `undefined` for the script's own. */
  readonly scope: FunctionScope | undefined;
  /** Its value; of an import `undefined` if that is not known. */
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
  /** The names of members of a class and its parent, in the first of `inner`. */
  readonly made: ReadonlyMap<string, unknown>;
  readonly script: Script;
  readonly location: FunctionLocation;
}

/** Why a variable cannot be sent. */
export class VariableProblem extends Error {
  readonly variable: string;
  /** What to do instead, if that is not what helps in general. */
  readonly remedy: string | undefined;

  constructor(variable: string, reason: string, remedy?: string) {
    super(reason);
    this.variable = variable;
    this.remedy = remedy;
  }
}

/**
 * What the names that a function uses mean, but for those that mean the same everywhere.
 *
 * @throws {VariableProblem} If one means nothing yet, or nothing that can be sent.
 */
export function capturedBy(
  { uses, keyVariables }: FunctionCode,
  { scopes, inner, made, script, location }: Surroundings,
): Map<string, Captured> {
  const captured = new Map<string, Captured>();
  for (const name of uses.names) {
    if (made.has(name)) {
      captured.set(name, { scope: inner[0], value: made.get(name) });
      continue;
    }
    const scope = scopes.find(({ variables }) =>
      variables !== globalThis && Object.hasOwn(variables, name)
    );
    const imported = script.imports.get(name);
    if (scope !== undefined && inner.includes(scope)) {
      captured.set(name, { scope, value: valueIn(scope, name, keyVariables) });
    } else if (isNameOfFunctionAround(name, script, location)) {
      throw new VariableProblem(
        name,
        `it uses ${name}, the name of the function expression around it, which V8 does not keep`,
        "assign that function to a variable, and use this one",
      );
    } else if (imported !== undefined) {
      captured.set(name, { scope: undefined, value: importedValue(scope, name), imported });
    } else if (scope !== undefined) {
      captured.set(name, { scope: undefined, value: valueIn(scope, name, keyVariables) });
    } else if (isOwnAccessor(name)) {
      throw new VariableProblem(
        name,
        `it uses the global ${name}, a getter that this script has made, and the far end does not have`,
        "keep its value in a variable, or give it as an argument",
      );
    } else if (isOwnGlobal(name)) {
      captured.set(name, {
        scope: undefined,
        value: (globalThis as Record<string, unknown>)[name],
      });
    } else if (keyVariables.has(name) && !(name in globalThis)) {
      throw new VariableProblem(name, notKept(name));
    }
  }
  for (const name of uses.assigned) {
    if (captured.get(name)?.imported !== undefined) {
      throw new VariableProblem(name, `it assigns to ${name}, which is imported`);
    }
    if (!captured.has(name)) continue;
    const start = offsetOf(script.source, location.line, location.column);
    if (!isConstant(script.source, start, name)) continue;
    throw new VariableProblem(
      name,
      `it assigns to ${name}, which is a constant`,
      "declare it by let",
    );
  }
  for (const name of uses.globals) {
    if (!isOwnGlobal(name)) continue;
    throw new VariableProblem(
      name,
      `it uses globalThis.${name}, which this script has set, and the far end does not have`,
      "keep it in a variable, or give it as an argument",
    );
  }
  return captured;
}

function importedValue(scope: FunctionScope | undefined, name: string): unknown {
  try {
    return scope?.variables[name];
  } catch {
    return undefined; // its module is not loaded yet
  }
}

function valueIn(
  { variables }: FunctionScope,
  name: string,
  keyVariables: ReadonlySet<string>,
): unknown {
  try {
    return variables[name];
  } catch {
    // V8 says the same of both.
    if (keyVariables.has(name)) throw new VariableProblem(name, notKept(name));
    throw new VariableProblem(
      name,
      `variable ${name} has no value yet`,
      "make the call after its declaration",
    );
  }
}

function notKept(name: string): string {
  return `variable ${name}, from which it computes the name of a member, is not kept by V8`;
}

/** Whether a function expression around the function has this name: V8 does not list it. */
function isNameOfFunctionAround(
  name: string,
  script: Script,
  { line, column }: FunctionLocation,
): boolean {
  if (!hasFunctionNamed(script, name)) return false;
  const { source } = script;
  const offset = offsetOf(source, line, column);
  return nodesAround(source, offset).some(({ type, id, body }) =>
    type === "FunctionExpression" && (id as SyntaxNode | null)?.name === name &&
    (body as SyntaxNode).start < offset
  );
}

/** Which names functions of a script may have. */
const named = new WeakMap<Script, Map<string, boolean>>();

function hasFunctionNamed(script: Script, name: string): boolean {
  let names = named.get(script);
  if (names === undefined) named.set(script, names = new Map());
  let found = names.get(name);
  if (found === undefined) {
    const escaped = name.replaceAll("$", "\\$&");
    found = new RegExp(`\\bfunction\\s*\\*?\\s*${escaped}\\s*\\(`).test(script.source);
    names.set(name, found);
  }
  return found;
}
