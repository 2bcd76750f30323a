import { findUses, type SyntaxNode } from "./syntax.ts";

/** A member of a class whose key is computed. */
interface ComputedMember {
  /** The variable that stands for the key. */
  readonly variable: string;
  readonly isStatic: boolean;
  /** The text of a method, without `static`; `undefined` for a field. */
  readonly method: string | undefined;
}

/** The members of a class whose keys are computed from what is around the class. */
export interface ComputedMembers {
  /** Those whose keys can be read from the class: all but the fields of instances. */
  readonly members: readonly ComputedMember[];
  /** The keys of the static fields that are written out. */
  readonly fields: ReadonlySet<string>;
}

/** The result of {@linkcode findComputedMembers}. */
export interface FoundMembers extends ComputedMembers {
  readonly members: readonly (ComputedMember & { readonly key: SyntaxNode })[];
  /** The variables from which keys are computed. V8 may have forgotten their values. */
  readonly keyVariables: ReadonlySet<string>;
}

/**
 * Finds the members of a class whose keys are computed from what is around the class.
 *
 * @param node The class.
 * @param text Its text, of which `offset` characters were in front when it was parsed.
 * @param names All names that the class uses, from which the variables for keys have to differ.
 */
export function findComputedMembers(
  node: SyntaxNode,
  text: string,
  offset: number,
  names: ReadonlySet<string>,
): FoundMembers {
  const keyVariables = new Set<string>();
  const fields = new Set<string>();
  const members: FoundMembers["members"][number][] = [];
  let prefix = "$";
  while ([...names].some((name) => name.startsWith(prefix))) prefix += "$";
  for (const member of (node.body as SyntaxNode).body as SyntaxNode[]) {
    const key = member.key as SyntaxNode;
    const isField = member.type === "PropertyDefinition";
    if (isField && member.static && !member.computed) {
      fields.add(String(key.name ?? key.value));
    }
    if (!member.computed) continue;
    const used = findUses(key).names;
    if ([...used].every((name) => name === "Symbol")) continue;
    for (const name of used) keyVariables.add(name);
    // The key of an instance's field cannot be read from the class.
    if (isField && !member.static) continue;
    const method = text.slice(member.start - offset, member.end - offset).replace(/^static\s*/, "");
    members.push({
      key,
      variable: `${prefix}${members.length}`,
      isStatic: member.static as boolean,
      method: isField ? undefined : method,
    });
  }
  return { keyVariables, members, fields };
}

/**
 * Replaces computed keys by other expressions. Lines stay, and columns where there is room.
 *
 * @param offset How many characters were in front of `text` when it was parsed.
 */
export function replaceKeys(
  text: string,
  keys: readonly (readonly [key: SyntaxNode, expression: string])[],
  offset: number,
): string {
  let rest = text;
  for (const [{ start, end }, expression] of [...keys].reverse()) {
    const [from, to] = [start - offset, end - offset];
    const blank = rest.slice(from, to).replace(/[^\r\n]/g, " ");
    const room = Math.min(expression.length, blank.search(/[\r\n]|$/));
    rest = rest.slice(0, from) + expression + blank.slice(room) + rest.slice(to);
  }
  return rest;
}
