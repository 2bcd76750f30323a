import type { FunctionCode } from "../source/function_code.ts";
import { nodesAround } from "../source/scopes.ts";
import { parse, type SyntaxNode } from "../source/syntax.ts";
import type { FunctionLocation } from "./inspector.ts";
import { offsetOf, type Script } from "./script.ts";

/** How often scripts assign to names. */
const assigned = new WeakMap<Script, Map<string, number>>();

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
  if (assignments(script, ownName) === 0) return false;
  const offset = offsetOf(script.source, line, column);
  return nodesAround(script.source, offset).some(({ type, id, body }) =>
    type === "FunctionDeclaration" && (id as SyntaxNode | null)?.name === ownName &&
    offset < (body as SyntaxNode).start
  );
}

/** The functions with which variables of scripts begin, if they may get others. */
const firsts = new WeakMap<Script, Map<string, SyntaxNode | undefined>>();

/**
 * Whether a variable of a module began with another function than it has: a module that is loaded
 * at the far end has the first one there.
 */
export function isGivenLater(
  name: string,
  script: Script,
  { line, column }: FunctionLocation,
): boolean {
  let names = firsts.get(script);
  if (names === undefined) firsts.set(script, names = new Map());
  if (!names.has(name)) names.set(name, firstFunction(name, script));
  const first = names.get(name);
  const offset = offsetOf(script.source, line, column);
  return first !== undefined && (offset < first.start || offset >= first.end);
}

/** The function with which the declaration of a variable begins it, if it is assigned to later. */
function firstFunction(name: string, script: Script): SyntaxNode | undefined {
  const { source } = script;
  // To parse a large script takes long.
  if (!new RegExp(`\\b(?:let|var)\\s+${escaped(name)}\\s*=`).test(source)) return undefined;
  if (assignments(script, name) < 2) return undefined;
  const declarators = (parse(source).body as SyntaxNode[]).flatMap((statement) => {
    const declaration = (statement.declaration ?? statement) as SyntaxNode;
    return declaration.type === "VariableDeclaration"
      ? declaration.declarations as SyntaxNode[]
      : [];
  });
  const found = declarators.find(({ id }) => (id as SyntaxNode).name === name);
  const init = found?.init as SyntaxNode | null | undefined;
  return init && /^(?:Arrow)?(?:Function|Class)Expression$/.test(init.type) ? init : undefined;
}

function escaped(name: string): string {
  return name.replaceAll("$", "\\$&");
}

/** How often a script assigns to a name, with its declaration. */
function assignments(script: Script, name: string): number {
  let names = assigned.get(script);
  if (names === undefined) assigned.set(script, names = new Map());
  let found = names.get(name);
  if (found === undefined) {
    const one = `(?<![\\w$.])${escaped(name)}\\s*(?:[-+*/%&|^?<>]*=(?![=>])|\\+\\+|--)`;
    found = [...script.source.matchAll(new RegExp(one, "g"))].length;
    names.set(name, found);
  }
  return found;
}
