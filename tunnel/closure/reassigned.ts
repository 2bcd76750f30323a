import type { FunctionCode } from "../source/function_code.ts";
import { nodesAround } from "../source/scopes.ts";
import type { SyntaxNode } from "../source/syntax.ts";
import type { FunctionLocation } from "./inspector.ts";
import { offsetOf, type Script } from "./script.ts";

/** Which names a script assigns to. */
const assigned = new WeakMap<Script, Map<string, boolean>>();

/**
 * Whether a function is declared, and uses the variable of its declaration, to which the script
 * assigns. In an expression the name would mean the function itself, whatever the variable has.
 */
export function isReassigned(
  { form, ownName, text }: FunctionCode,
  script: Script,
  { line, column }: FunctionLocation,
): boolean {
  if (form !== "expression" || ownName === undefined) return false;
  if (text.indexOf(ownName) === text.lastIndexOf(ownName)) return false;
  if (!isAssigned(script, ownName)) return false;
  const offset = offsetOf(script.source, line, column);
  return nodesAround(script.source, offset).some(({ type, id, body }) =>
    type === "FunctionDeclaration" && (id as SyntaxNode | null)?.name === ownName &&
    offset < (body as SyntaxNode).start
  );
}

function isAssigned(script: Script, name: string): boolean {
  let names = assigned.get(script);
  if (names === undefined) assigned.set(script, names = new Map());
  let found = names.get(name);
  if (found === undefined) {
    const escaped = name.replaceAll("$", "\\$&");
    const assignment = `(?<![\\w$.])${escaped}\\s*(?:[-+*/%&|^?<>]*=(?![=>])|\\+\\+|--)`;
    found = new RegExp(assignment).test(script.source);
    names.set(name, found);
  }
  return found;
}
