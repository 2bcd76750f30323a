import type { SyntaxNode } from "./syntax.ts";

/** What kind of function it is. */
export interface FunctionKind {
  readonly isAsync: boolean;
  readonly isGenerator: boolean;
  /** Its `length`: how many parameters stand before one with a default value. */
  readonly length: number;
}

/** A method or accessor of a class. */
export interface Method extends FunctionKind {
  readonly isStatic: boolean;
  /** Its key; `undefined` for one that is computed. */
  readonly key: string | undefined;
  /** What of its property it is. */
  readonly part: "value" | "get" | "set";
}

/** What is written in a class. */
export interface ClassMembers {
  /** The members whose keys are written out, those of static ones after `static `. */
  readonly members: ReadonlySet<string>;
  /** Where V8 says that the class is: at its begin, or at the parameters of its `constructor()`. */
  readonly start: number;
  /** The methods and accessors by the places of their parameters, where V8 says that they are. */
  readonly methods: ReadonlyMap<number, Method>;
  /** The private static fields, with the `#`. */
  readonly privateStatics: readonly string[];
}

/** The members of what is no class. */
export const NO_MEMBERS: ClassMembers = {
  members: new Set(),
  start: 0,
  methods: new Map(),
  privateStatics: [],
};

/**
 * The members of a class.
 *
 * @param offset How many characters were in front of its text when it was parsed.
 */
export function membersOf(node: SyntaxNode, offset: number): ClassMembers {
  const members = new Set<string>();
  const methods = new Map<number, Method>();
  let start = 0;
  const privateStatics: string[] = [];
  for (const member of (node.body as SyntaxNode).body as SyntaxNode[]) {
    const key = member.key as SyntaxNode | undefined;
    if (key === undefined) continue;
    const isField = member.type === "PropertyDefinition";
    const isStatic = member.static as boolean;
    if (key.type === "PrivateIdentifier") {
      if (isField && isStatic) privateStatics.push(`#${key.name}`);
      continue;
    }
    const written = member.computed ? undefined : String(key.name ?? key.value);
    if (written !== undefined && (!isField || isStatic)) {
      members.add(`${isStatic ? "static " : ""}${written}`);
    }
    if (isField) continue;
    const value = member.value as SyntaxNode, at = value.start - offset;
    if (member.kind === "constructor") start = at;
    else {
      const part = member.kind === "method" ? "value" : member.kind as "get" | "set";
      methods.set(at, { isStatic, key: written, part, ...kindOf(value) });
    }
  }
  return { members, methods, start, privateStatics };
}

/** The kind of a function, a class, or a member of an object literal. */
export function kindOf(node: SyntaxNode): FunctionKind {
  const fn = (node.type === "Property" ? node.value : node) as SyntaxNode;
  return { isAsync: fn.async === true, isGenerator: fn.generator === true, length: lengthOf(node) };
}

function lengthOf(node: SyntaxNode): number {
  const fn = node.type === "Property"
    ? node.value as SyntaxNode
    : /^Class/.test(node.type)
    ? ((node.body as SyntaxNode).body as SyntaxNode[]).find(({ kind }) => kind === "constructor")
      ?.value as SyntaxNode | undefined
    : node;
  const params = (fn?.params ?? []) as SyntaxNode[];
  const end = params.findIndex(({ type }) => /^(?:AssignmentPattern|RestElement)$/.test(type));
  return end === -1 ? params.length : end;
}
