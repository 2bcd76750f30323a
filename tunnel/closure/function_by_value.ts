import { modulesHere } from "../modules/modules_here.ts";
import { resolveImports, resolveUrls } from "../modules/resolve_imports.ts";
import { type FunctionCode, functionCode } from "../source/function_code.ts";
import { loadParser, type Parse } from "../source/syntax.ts";
import type { AnyFunction } from "./any_function.ts";
import { capturedBy, type CapturedVariable } from "./captured.ts";
import { readKeys } from "./computed_keys.ts";
import type { FunctionLocation, FunctionScope } from "./inspector.ts";
import { FunctionRefusal } from "./refusal.ts";
import { type Script, scriptAt, startOf } from "./script.ts";

/** A function or class that goes by value: its code, and what the code uses. */
export interface FunctionByValue {
  readonly fn: AnyFunction;
  readonly code: FunctionCode;
  /** The script that it is written in. */
  readonly url: string;
  readonly script: Script;
  /** Zero-based position of its text in the script. */
  readonly line: number;
  readonly column: number;
  /** The scopes around it from the inside out, without the script's own. */
  readonly scopes: readonly FunctionScope[];
  /** The variables that it uses, by their names. */
  readonly variables: ReadonlyMap<string, CapturedVariable>;
  /** Statements that import the names that it uses, by those names. */
  readonly importStatements: ReadonlyMap<string, string>;
  /** Ids of the modules that those statements and its `import()`s mean, by `importKey()`. */
  readonly imports: Readonly<Record<string, string>>;
  /** The answers of its `import.meta.resolve()`, as in a module record. */
  readonly resolves: Readonly<Record<string, string>>;
}

/**
 * Finds out what has to be sent of a function that goes by value.
 *
 * @param allScopes The scopes that V8 tells of, from the inside out.
 * @throws {FunctionRefusal} If it cannot be sent.
 */
export async function describeByValue(
  fn: AnyFunction,
  location: FunctionLocation,
  allScopes: readonly FunctionScope[],
): Promise<FunctionByValue> {
  const text = Function.prototype.toString.call(fn);
  const { url } = location;
  const { code, keys } = keyed(fn, readCode(fn, text, await loadParser()));
  const script = await readScript(fn, url);
  const scopes = allScopes.filter(isInner);
  if (keys !== undefined) {
    scopes.unshift({ description: "Keys", variables: Object.fromEntries(keys) });
  }
  const captured = capturedBy(fn, code, { allScopes, scopes, keys, script });
  const dynamicImports = await resolveImports(modulesHere, code.imports, url);
  const { resolves = {} } = await resolveUrls(modulesHere, code.uses.resolved, url);
  return {
    fn,
    code,
    url,
    script,
    ...startOf(text, script, location),
    scopes,
    variables: captured.variables,
    importStatements: new Map(captured.imports.map(({ name, statement }) => [name, statement])),
    imports: {
      ...Object.fromEntries(captured.imports.map(({ key, id }) => [key, id])),
      ...dynamicImports,
    },
    resolves,
  };
}

function readCode(fn: AnyFunction, text: string, parse: Parse): FunctionCode {
  try {
    return functionCode(text, parse);
  } catch (error) {
    throw new FunctionRefusal(fn, (error as Error).message);
  }
}

async function readScript(fn: AnyFunction, url: string): Promise<Script> {
  try {
    return await scriptAt(url);
  } catch (cause) {
    const reason = `its script cannot be read: ${(cause as Error).message}`;
    throw new FunctionRefusal(fn, reason, { cause });
  }
}

/** Code with variables for the computed keys of a class, and their values, if those can be read. */
function keyed(
  fn: AnyFunction,
  code: FunctionCode,
): { code: FunctionCode; keys: ReadonlyMap<string, string | symbol> | undefined } {
  const keys = code.keyed && readKeys(fn, code.keyed);
  return keys === undefined ? { code, keys } : { code: code.keyed!.code, keys };
}

/** Whether a scope is inside of the script: neither its own, nor the global one. */
function isInner({ description, variables }: FunctionScope): boolean {
  return variables !== globalThis && !/^(Module|Script)/.test(description);
}
