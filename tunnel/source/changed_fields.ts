import { isNode, parse, type SyntaxNode } from "./syntax.ts";

/** Stands for any name, in the result of {@linkcode changedFields}. */
export const ANY_FIELD = "*";

const known = new Map<string, ReadonlySet<string>>();

/**
 * The names of the properties that a class may change in an instance after it was made: those that
 * it assigns to outside of its constructor, with the `#` if they are private.
 *
 * @param text The code of the class.
 */
export function changedFields(text: string): ReadonlySet<string> {
  let names = known.get(text);
  if (names === undefined) known.set(text, names = find(text));
  return names;
}

/**
 * The names of the public fields that a class declares for its instances, as far as it says, and
 * whether each begins as an array or a collection with something in it.
 */
export function declaredFields(text: string): [name: string, isFull: boolean][] {
  return membersOf(text).flatMap((member): [string, boolean][] => {
    const { type, computed, key } = member;
    if (type !== "PropertyDefinition" || member.static || computed) return [];
    const { type: kind, name, value } = key as SyntaxNode;
    const { elements, arguments: args } = (member.value ?? {}) as Partial<SyntaxNode>;
    const isFull = ((elements ?? args ?? []) as unknown[]).length > 0;
    return kind === "PrivateIdentifier" ? [] : [[String(name ?? value), isFull]];
  });
}

/** The members of a class; of a function as they made objects before `class`, its statements. */
function membersOf(text: string): SyntaxNode[] {
  const statement = (parse(`(${text}\n)`, "module").body as SyntaxNode[])[0]!;
  return ((statement.expression as SyntaxNode).body as SyntaxNode).body as SyntaxNode[];
}

function find(text: string): Set<string> {
  const names = new Set<string>();
  const visit = (node: SyntaxNode): void => {
    const { type } = node;
    if (type === "AssignmentExpression") add(node.left);
    else if (type === "UpdateExpression" || node["operator"] === "delete") add(node.argument);
    for (const part of Object.values(node).flat()) if (isNode(part)) visit(part);
  };
  const add = (target: unknown): void => {
    const { type, computed, property } = target as SyntaxNode;
    if (/Pattern$/.test(type)) return void names.add(ANY_FIELD);
    if (type !== "MemberExpression") return;
    const { type: kind, name } = property as SyntaxNode;
    names.add(computed ? ANY_FIELD : `${kind === "PrivateIdentifier" ? "#" : ""}${name}`);
  };
  for (const member of membersOf(text)) if (member.kind !== "constructor") visit(member);
  return names;
}

/** Whether code assigns to a property of something else than `this`. */
export function assignsTo(name: string, source: string): boolean {
  const key = name.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
  const member = `(?<!\\bthis)(?:\\.${key}|\\[(["'\`])${key}\\1\\])`;
  return new RegExp(`${member}\\s*(?:[-+*/%&|^?<>]{0,3}=(?![=>])|\\+\\+|--)`).test(source);
}
