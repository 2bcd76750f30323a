import { assignsTo } from "../source/changed_fields.ts";
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

/** The functions with which variables of scripts and their members begin, if they get others. */
const firsts = new WeakMap<Script, Map<string, SyntaxNode | undefined>>();

/**
 * Whether a variable of a module, or a member of what it has, began with another function than it
 * has: a module that is loaded at the far end has the first one there.
 */
export function isGivenLater(
  name: string,
  member: string | undefined,
  script: Script,
  { line, column }: FunctionLocation,
): boolean {
  let known = firsts.get(script);
  if (known === undefined) firsts.set(script, known = new Map());
  const key = member === undefined ? name : `${name} ${member}`;
  if (!known.has(key)) known.set(key, firstFunction(name, member, script));
  const first = known.get(key);
  const offset = offsetOf(script.source, line, column);
  return first !== undefined && (offset < first.start || offset >= first.end);
}

/** The function with which a variable or a member of it begins, if it is assigned to later. */
function firstFunction(
  name: string,
  member: string | undefined,
  script: Script,
): SyntaxNode | undefined {
  const { source } = script;
  // To parse a large script takes long.
  if (member !== undefined && !assignsTo(member, source)) return undefined;
  if (member === undefined && assignments(script, name) < 2) return undefined;
  const statements = parse(source).body as SyntaxNode[];
  // What the module does when it is loaded, it does there, too.
  const target = member === undefined ? name : `${name}.${member}`;
  const isSetAtOnce = statements.some(({ expression }) => {
    const left = (expression as SyntaxNode | undefined)?.left as SyntaxNode | undefined;
    return left !== undefined && source.slice(left.start, left.end) === target;
  });
  if (isSetAtOnce) return undefined;
  const value = declaredValue(name, statements);
  const found = member === undefined ? value : memberOf(value, member);
  // The head of a method is not in its value.
  const made = member === undefined ? found : found?.value as SyntaxNode | null | undefined;
  return made && /^(?:Arrow)?(?:Function|Class)Expression$/.test(made.type) ? found : undefined;
}

/** The expression with which a variable is declared, or its class; `undefined` for any other. */
function declaredValue(name: string, statements: readonly SyntaxNode[]): SyntaxNode | undefined {
  for (const statement of statements) {
    const declaration = (statement.declaration ?? statement) as SyntaxNode;
    const isClass = declaration.type === "ClassDeclaration";
    if (isClass && (declaration.id as SyntaxNode | null)?.name === name) return declaration;
    if (declaration.type !== "VariableDeclaration") continue;
    const one = (declaration.declarations as SyntaxNode[])
      .find(({ id }) => (id as SyntaxNode).name === name);
    if (one !== undefined) return (one.init ?? undefined) as SyntaxNode | undefined;
  }
  return undefined;
}

/** The member of an object literal, or static one of a class, whose key is written out. */
function memberOf(value: SyntaxNode | undefined, key: string): SyntaxNode | undefined {
  const isClass = /^Class/.test(value?.type ?? "");
  const members = isClass
    ? ((value!.body as SyntaxNode).body as SyntaxNode[]).filter((one) => one.static)
    : value?.type === "ObjectExpression"
    ? value.properties as SyntaxNode[]
    : [];
  return members.find(({ computed, key: own }) => {
    const { name, value } = (own ?? {}) as Partial<SyntaxNode>;
    return !computed && (name ?? value) === key;
  });
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
