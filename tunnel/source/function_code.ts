import {
  type ClassMembers,
  type FunctionKind,
  kindOf,
  membersOf,
  NO_MEMBERS,
} from "./class_members.ts";
import {
  type ComputedMembers,
  findComputedMembers,
  type FoundMembers,
  replaceKeys,
} from "./computed_members.ts";
import { canMake, isPlainStatic } from "./made_statics.ts";
import { type ModuleImport, typeOf } from "./imports.ts";
import { type Edit, withTypes } from "./rewrite_imports.ts";
import { findUses, parse, type SourceType, type SyntaxNode, type Uses } from "./syntax.ts";

/** The code of a function or class, ready to be put into other code. */
export interface FunctionCode extends FunctionKind, ClassMembers {
  /**
   * The code, as long as the function's `toString()` gives it, but with imports as `importsOf()`
   * gives them.
   */
  readonly text: string;
  /** Its imports whose specifier is written out. */
  readonly imports: readonly ModuleImport[];
  /** How `text` has to be read: as an expression, or as a member of an object literal. */
  readonly form: "expression" | "method" | "class";
  /** Its uses of the code around it. */
  readonly uses: Uses;
  /** Of a class, the names that it needs to be created, rather than to be used. */
  readonly needs: ReadonlySet<string>;
  /** Whether static fields or blocks of a class use the class itself, as `new C()` does. */
  readonly usesItself: boolean;
  /** Of a class that extends another, the name by which it refers to that other class. */
  readonly parent: string | undefined;
  /** The same code with a name for its parent that nothing else has, if `parent` may be in use. */
  readonly withOwnParent: FunctionCode | undefined;
  /** Whether it is a method whose key is computed; a 0 stands for the key in `text`. */
  readonly hasComputedKey: boolean;
  /**
   * The variables from which a class computes keys of its members. V8 may have forgotten their
   * values.
   */
  readonly keyVariables: ReadonlySet<string>;
  /**
   * Of a class with static fields or blocks, the same code without what these do when the class is
   * created: it has been done.
   */
  readonly withoutStatics: FunctionCode | undefined;
  /** Whether a static property can be what the code of the class made of it, see `canMake()`. */
  readonly canMake: (key: string | symbol) => boolean;
  /** The name that is written in it; `undefined` if it takes that from elsewhere. */
  readonly ownName: string | undefined;
  /** Whether it starts with a `"use strict"` of its own, or is a class. */
  readonly isStrict: boolean;
  /** Of a class with computed keys, the same code with variables for the keys that can be read. */
  readonly keyed: (ComputedMembers & { readonly code: FunctionCode }) | undefined;
}

const known: Readonly<Record<SourceType, Map<string, FunctionCode>>> = {
  module: new Map(),
  script: new Map(),
};

/**
 * Reads a function's code.
 *
 * @param type How it is read: sloppy code may have syntax that modules do not have.
 * @throws {TypeError} If the code cannot stand by itself; the text is the reason.
 */
export function functionCode(text: string, type: SourceType): FunctionCode {
  let code = known[type].get(text);
  if (code === undefined) {
    code = read(text, type);
    known[type].set(text, code);
  }
  return code;
}

/**
 * The code of a function that is written as an expression without its name, which then means what
 * it means around the function. The text is as long as before.
 */
export function withoutOwnName(text: string, type: SourceType): FunctionCode {
  const [, { id }, offset] = parseAs(text, type);
  const { start, end } = id as SyntaxNode;
  const blank = " ".repeat(end - start);
  return functionCode(`${text.slice(0, start - offset)}${blank}${text.slice(end - offset)}`, type);
}

function read(text: string, type: SourceType, isKeyed = false): FunctionCode {
  const [form, node, offset] = parseAs(text, type);
  if (form === "method" && node.computed && (node.key as SyntaxNode).type !== "Literal") {
    // V8 may have forgotten the variables of the key; the function itself has its name.
    const rewritten = replaceKeys(text, [[node.key as SyntaxNode, "0"]], offset);
    return { ...read(rewritten, type), hasComputedKey: true, ownName: undefined };
  }
  const uses = findUses(node);
  if (uses.outerThis) {
    throw new TypeError("it uses `this` or `arguments` of the function around it");
  }
  if (uses.outerSuper) throw new TypeError("it uses `super`");
  if (uses.outerPrivate !== undefined) {
    throw new TypeError(`it uses a private member of its class, ${uses.outerPrivate}`);
  }
  addEvalUses(uses, type);
  const code: FunctionCode = {
    ...withImports(text, uses, offset),
    form,
    uses,
    needs: new Set<string>(),
    usesItself: false,
    parent: undefined,
    withOwnParent: undefined,
    hasComputedKey: false,
    keyVariables: new Set<string>(),
    withoutStatics: undefined,
    ...NO_MEMBERS,
    canMake: () => false,
    ...kindOf(node),
    ownName: ownNameOf(node),
    isStrict: form === "class" || hasDirective(node),
    keyed: undefined,
  };
  if (form !== "class") return code;
  const superClass = node.superClass as SyntaxNode | null;
  const parent = superClass?.type === "Identifier" ? superClass.name as string : undefined;
  // What an expression has given is sent.
  const withOwnParent = superClass === null || parent?.startsWith(OWN_PARENT)
    ? undefined
    : renameParent(text, superClass, offset, type, isKeyed);
  if (superClass !== null && parent === undefined) return withOwnParent!;
  const statics = ((node.body as SyntaxNode).body as SyntaxNode[]).filter((member) =>
    member.type === "StaticBlock" && (member.body as SyntaxNode[]).length > 0 ||
    member.type === "PropertyDefinition" && member.static && member.value !== null
  );
  // Other classes may use the plain ones while they are made, and these do nothing else.
  const active = statics.filter((member) => !isPlainStatic(member));
  const withoutStatics = active.length === 0
    ? undefined
    : read(blanked(text, active, offset), type, isKeyed);
  const whole = {
    ...code,
    needs: needsOf(node),
    usesItself: statics.some((member) => isUseOf(node, member)),
    parent,
    withOwnParent,
    withoutStatics,
    canMake: (key: string | symbol) => canMake(statics, key),
    ...membersOf(node, offset),
  };
  if (isKeyed) return whole;
  const found = findComputedMembers(node, text, offset, uses.names);
  const { keyVariables } = found;
  if (found.members.length === 0) return { ...whole, keyVariables };
  return { ...whole, keyVariables, keyed: withKeys(text, found, offset, type) };
}

/** How the names begin that nothing else has. */
const OWN_PARENT = "$parent";
let parents = 0;

/** A class that extends a variable of its own instead of what is written there. */
function renameParent(
  text: string,
  { start, end }: SyntaxNode,
  offset: number,
  type: SourceType,
  isKeyed: boolean,
): FunctionCode {
  const parent = `${OWN_PARENT}${parents++}`;
  const [from, to] = [start - offset, end - offset];
  const code = read(`${text.slice(0, from)}${parent}${text.slice(to)}`, type, isKeyed);
  const shift = to - from - parent.length;
  const moved = (at: number): number => at > from ? at + shift : at;
  const methods = new Map([...code.methods].map(([at, method]) => [moved(at), method]));
  return { ...code, start: moved(code.start), methods };
}

/** The code of a class with variables for its computed keys. */
function withKeys(
  text: string,
  { members, fields, keyVariables }: FoundMembers,
  offset: number,
  type: SourceType,
): FunctionCode["keyed"] {
  const keys = members.map(({ key, variable }) => [key, variable] as const);
  const code = read(replaceKeys(text, keys, offset), type, true);
  return { code: { ...code, keyVariables }, members, fields };
}

/**
 * The imports, with their types in their specifiers.
 *
 * @param offset How many characters were in front of `text` when it was parsed.
 */
function withImports(
  text: string,
  { dynamicImports }: Uses,
  offset: number,
): Pick<FunctionCode, "text" | "imports"> {
  const edits: Edit[] = [];
  const imports = dynamicImports.flatMap((node) => {
    const source = node.source as SyntaxNode;
    if (typeof source.value !== "string") return [];
    const options = node.options as SyntaxNode | null;
    const [from, to] = [source.end - offset, (options ?? source).end - offset];
    const type = typeOf(text.slice(from, to));
    if (type !== undefined) edits.push({ from, to, type });
    return [{ specifier: source.value, type, isDynamic: true }];
  });
  return { text: withTypes(text, edits), imports };
}

/** Leaves out what static fields and blocks do. Lines and columns stay. */
function blanked(text: string, statics: readonly SyntaxNode[], offset: number): string {
  let rest = text;
  for (const { type, start, end, key, value } of [...statics].reverse()) {
    const isBlock = type === "StaticBlock";
    const from = isBlock
      ? text.indexOf("{", start - offset) + 1
      : text.indexOf("=", (key as SyntaxNode).end - offset);
    const to = (isBlock ? end - 1 : (value as SyntaxNode).end) - offset;
    // The initial value may be in parentheses.
    const isOpen = !isBlock &&
      text.slice(from + 1, (value as SyntaxNode).start - offset).includes("(");
    const stop = isOpen ? end - offset : to;
    const blank = text.slice(from, stop).replace(/[^\r\n]/g, " ");
    rest = rest.slice(0, from) + (isOpen ? blank.replace(/ $/, ";") : blank) + rest.slice(stop);
  }
  return rest;
}

/**
 * The start of a function or class that is no method, but for one of the names `async` and
 * `function`.
 */
const EXPRESSION =
  /^(?:class\b|function\b|async\s+function\b|\(|async\s*\(|(?:async\s+)?[\p{ID_Start}$_][\p{ID_Continue}$]*\s*=>)/u;

/** How `text` has to be read, its node, and where it starts in what was parsed. */
function parseAs(text: string, type: SourceType): [FunctionCode["form"], SyntaxNode, number] {
  let first: unknown;
  try {
    const statement = (parse(`(${text}\n)`, type).body as SyntaxNode[])[0]!;
    const node = statement.expression as SyntaxNode;
    return [node.type === "ClassExpression" ? "class" : "expression", node, 1];
  } catch (error) {
    // Then it is a method, unless it uses what only the code around it has.
    first = error;
  }
  try {
    const statement = (parse(`({${text}\n})`, type).body as SyntaxNode[])[0]!;
    const [property] = (statement.expression as SyntaxNode).properties as SyntaxNode[];
    return ["method", property!, 2];
  } catch (error) {
    const { message } = (EXPRESSION.test(text) ? first : error) as SyntaxError;
    throw new TypeError(reasonOf(message));
  }
}

/** Why code cannot be read by itself, given what the parser says. */
function reasonOf(message: string): string {
  if (message.includes("new.target")) return "it uses `new.target` of the function around it";
  if (/'?super'?/.test(message)) return "it uses `super`";
  return `its code cannot be read by itself: ${message.replace(/ \(\d+:\d+\)$/, "")}`;
}

function ownNameOf({ type, kind, key, id }: SyntaxNode): string | undefined {
  if (type !== "Property") return (id as SyntaxNode | null)?.name as string | undefined;
  const { name, value } = key as SyntaxNode;
  return `${kind === "init" ? "" : `${kind} `}${name ?? value}`;
}

/** Whether the body of a function starts with `"use strict"`. */
function hasDirective(node: SyntaxNode): boolean {
  const fn = (node.type === "Property" ? node.value : node) as SyntaxNode;
  const { body } = fn.body as { body?: SyntaxNode[] };
  return Array.isArray(body) && body.some(({ directive }) => directive === "use strict");
}

/**
 * Adds the names that direct `eval()`s use. Such code may use any name around it.
 *
 * @throws {TypeError} If the code is not written out, or is not an expression or statements.
 */
function addEvalUses({ evals, names, assigned }: Uses, type: SourceType): void {
  for (const code of evals) {
    if (code === undefined) {
      throw Object.assign(
        new TypeError("it uses eval(), and nothing tells which variables the code there will use"),
        { remedy: "use (0, eval)(code) for code that uses none, or new Function" },
      );
    }
    let found: Uses;
    try {
      found = findUses(parse(code, type));
    } catch {
      continue; // it will throw there, as it does here
    }
    for (const name of found.names) names.add(name);
    for (const name of found.assigned) assigned.add(name);
  }
}

/**
 * The names that are evaluated with a class: its parent, computed keys, static fields and blocks.
 */
function needsOf(node: SyntaxNode): Set<string> {
  const needs = new Set<string>();
  const add = (part: unknown): void => {
    if (part) { for (const name of findUses(part as SyntaxNode).names) needs.add(name); }
  };
  add(node.superClass);
  for (const member of (node.body as SyntaxNode).body as SyntaxNode[]) {
    if (member.computed) add(member.key);
    if (member.type === "StaticBlock") add(member);
    if (member.type === "PropertyDefinition" && member.static) add(member.value);
  }
  return needs;
}

/** Whether a static field or block may use the class that it is in. */
function isUseOf({ id }: SyntaxNode, { type, value, body }: SyntaxNode): boolean {
  const name = (id as SyntaxNode | null)?.name as string | undefined;
  const parts = type === "StaticBlock" ? body as SyntaxNode[] : [value as SyntaxNode];
  return parts.map(findUses).some(({ outerThis, names }) =>
    outerThis || name !== undefined && names.has(name)
  );
}
