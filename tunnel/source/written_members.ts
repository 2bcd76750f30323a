import { statementsOf } from "./scopes.ts";
import type { SyntaxNode } from "./syntax.ts";

/** What a module exports: a variable or, with `undefined`, its default; or a name of CommonJS. */
export type WrittenExport = { readonly local: string | undefined } | { readonly commonJs: string };

/**
 * Whether a module makes a function, when it is loaded, as a member of an object or a class that is
 * written out in its code, as `list` of `export const api = { users: { list() {} } }`.
 *
 * @param exported What has the object.
 * @param keys The keys that lead from there to the function.
 * @param offset Where V8 says that the function is: in its head.
 */
export function isWrittenMember(
  source: string,
  exported: WrittenExport,
  keys: readonly string[],
  offset: number,
): boolean {
  const isCommonJs = "commonJs" in exported;
  const statements = statementsOf(source);
  if (isCommonJs && exported.commonJs === "default" && keys.length > 0) {
    return isWrittenMember(source, { commonJs: keys[0]! }, keys.slice(1), offset);
  }
  let node = isCommonJs
    ? assignedTo(exported.commonJs, statements)
    : exported.local === undefined
    ? defaultOf(statements)
    : declared(exported.local, statements);
  let isPrototype = false;
  for (const key of keys) {
    node = literalOf(node, statements);
    if (/^Class/.test(node?.type ?? "") && !isPrototype && key === "prototype") {
      isPrototype = true;
      continue;
    }
    node = memberOf(node, key, !isPrototype);
    isPrototype = false;
  }
  node = literalOf(node, statements);
  return node !== undefined && !isPrototype && isHead(node, offset);
}

function defaultOf(statements: readonly SyntaxNode[]): SyntaxNode | undefined {
  return statements.find(({ type }) => type === "ExportDefaultDeclaration")?.declaration as
    | SyntaxNode
    | undefined;
}

/** What a CommonJS module exports by a name. */
function assignedTo(name: string, statements: readonly SyntaxNode[]): SyntaxNode | undefined {
  const targets = [`exports.${name}`, `module.exports.${name}`];
  let found: SyntaxNode | undefined;
  for (const { expression } of statements) {
    if ((expression as SyntaxNode | undefined)?.type !== "AssignmentExpression") continue;
    const { left, right } = expression as { left: SyntaxNode; right: SyntaxNode } & SyntaxNode;
    const target = nameOf(left);
    if (target === "module.exports") found = memberOf(literalOf(right, statements), name, true);
    else if (targets.includes(target)) found = right;
  }
  return found;
}

function nameOf({ type, name, object, property, computed }: SyntaxNode): string {
  if (type !== "MemberExpression" || computed) return String(name);
  return `${nameOf(object as SyntaxNode)}.${nameOf(property as SyntaxNode)}`;
}

/** What a name begins with: its initial value, its function or its class. */
function declared(name: string, statements: readonly SyntaxNode[]): SyntaxNode | undefined {
  for (const statement of statements) {
    const declaration = (statement.declaration ?? statement) as SyntaxNode;
    if ((declaration.id as SyntaxNode | null | undefined)?.name === name) return declaration;
    if (declaration.type !== "VariableDeclaration") continue;
    const one = (declaration.declarations as SyntaxNode[])
      .find(({ id }) => (id as SyntaxNode).name === name);
    if (one !== undefined) return (one.init ?? undefined) as SyntaxNode | undefined;
  }
  return undefined;
}

/** What an expression stands for, if that is a name, or an object that is frozen. */
function literalOf(
  node: SyntaxNode | undefined,
  statements: readonly SyntaxNode[],
): SyntaxNode | undefined {
  let found = node;
  for (let i = 0; i < 10 && found !== undefined; i++) {
    if (found.type === "Identifier") found = declared(found.name as string, statements);
    else if (isFreeze(found)) found = (found.arguments as SyntaxNode[])[0];
    else break;
  }
  return found;
}

function isFreeze({ type, callee }: SyntaxNode): boolean {
  if (type !== "CallExpression") return false;
  const { object, property } = callee as SyntaxNode;
  return (object as SyntaxNode | undefined)?.name === "Object" &&
    /^(?:freeze|seal|preventExtensions)$/.test(String((property as SyntaxNode).name));
}

/** The value of a member whose key is written out; `undefined` for an accessor. */
function memberOf(
  node: SyntaxNode | undefined,
  key: string,
  isStatic: boolean,
): SyntaxNode | undefined {
  if (node?.type === "ArrayExpression") {
    const elements = node.elements as (SyntaxNode | null)[];
    const isPlain = elements.every((one) => one?.type !== "SpreadElement");
    return isPlain ? elements[Number(key)] ?? undefined : undefined;
  }
  const members = node?.type === "ObjectExpression"
    ? node.properties as SyntaxNode[]
    : /^Class/.test(node?.type ?? "")
    ? ((node!.body as SyntaxNode).body as SyntaxNode[]).filter((one) => one.static === isStatic)
    : [];
  const member = members.findLast(({ computed, key: own }) => {
    const { name, value } = (own ?? {}) as Partial<SyntaxNode>;
    return !computed && (own as SyntaxNode | undefined)?.type !== "PrivateIdentifier" &&
      String(name ?? value) === key;
  });
  if (member === undefined || !/^(?:init|method|undefined)$/.test(String(member.kind))) {
    return undefined;
  }
  const isField = member.type === "PropertyDefinition" && !isStatic;
  return isField ? undefined : (member.value ?? undefined) as SyntaxNode | undefined;
}

/** Whether a place is in front of all that is in a function: what is in it is made by calls. */
function isHead(node: SyntaxNode, offset: number): boolean {
  if (/^Class/.test(node.type)) return isClassAt(node, offset);
  if (!/Function/.test(node.type)) return false;
  const [first] = node.params as SyntaxNode[];
  const end = (first ?? node.body as SyntaxNode).start;
  return node.start <= offset && offset <= end;
}

/** V8 says that a class is at its begin, or at the parameters of its `constructor()`. */
function isClassAt({ start, body }: SyntaxNode, offset: number): boolean {
  const members = (body as SyntaxNode).body as SyntaxNode[];
  const made = members.find(({ kind }) => kind === "constructor")?.value as SyntaxNode | undefined;
  return offset === (made?.start ?? start);
}
