import {
  type ComputedMembers,
  findComputedMembers,
  type FoundMembers,
  replaceKeys,
} from "./computed_members.ts";
import { type Edit, type ModuleImport, typeOf, withTypes } from "./imports.ts";
import { findUses, type Parse, type SyntaxNode, type Uses } from "./syntax.ts";

/** The code of a function or class, ready to be put into other code. */
export interface FunctionCode {
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
  /** Of a class that extends another, the name by which it refers to that other class. */
  readonly parent: string | undefined;
  /** Whether it is a method whose key is computed; a 0 stands for the key in `text`. */
  readonly hasComputedKey: boolean;
  /**
   * The variables from which a class computes keys of its members. V8 may have forgotten their
   * values.
   */
  readonly keyVariables: ReadonlySet<string>;
  /** Whether a class has static fields or blocks, which may run any code. */
  readonly hasStatics: boolean;
  /** Of a class with computed keys, the same code with variables for the keys that can be read. */
  readonly keyed: (ComputedMembers & { readonly code: FunctionCode }) | undefined;
}

const known = new Map<string, FunctionCode>();

/**
 * Reads a function's code.
 *
 * @throws {TypeError} If the code cannot stand by itself; the text is the reason.
 */
export function functionCode(text: string, parse: Parse): FunctionCode {
  let code = known.get(text);
  if (code === undefined) {
    code = read(text, parse);
    known.set(text, code);
  }
  return code;
}

function read(text: string, parse: Parse, isKeyed = false): FunctionCode {
  const [form, node, offset] = parseAs(text, parse);
  if (form === "method" && node.computed && (node.key as SyntaxNode).type !== "Literal") {
    // V8 may have forgotten the variables of the key; the function itself has its name.
    const rewritten = replaceKeys(text, [[node.key as SyntaxNode, "0"]], offset);
    return { ...read(rewritten, parse), hasComputedKey: true };
  }
  const uses = findUses(node);
  if (uses.outerThis) {
    throw new TypeError("it uses `this` or `arguments` of the function around it");
  }
  if (uses.outerSuper) throw new TypeError("it uses `super`");
  const code = {
    ...withImports(text, uses, offset),
    form,
    uses,
    needs: new Set<string>(),
    parent: undefined,
    hasComputedKey: false,
    keyVariables: new Set<string>(),
    hasStatics: false,
    keyed: undefined,
  };
  if (form !== "class") return code;
  const { superClass } = node;
  if (superClass !== null && (superClass as SyntaxNode).type !== "Identifier") {
    // The expression has been evaluated here, and its value is sent.
    const parent = `$parent${known.size}`;
    const { start, end } = superClass as SyntaxNode;
    const rewritten = text.slice(0, start - offset) + parent + text.slice(end - offset);
    return { ...read(rewritten, parse, isKeyed), parent };
  }
  const parent = superClass === null ? undefined : (superClass as SyntaxNode).name as string;
  const hasStatics = ((node.body as SyntaxNode).body as SyntaxNode[]).some((member) =>
    member.type === "StaticBlock" || member.type === "PropertyDefinition" && member.static
  );
  const whole = { ...code, needs: needsOf(node), parent, hasStatics };
  if (isKeyed) return whole;
  const found = findComputedMembers(node, text, offset, uses.names);
  const { keyVariables } = found;
  if (found.members.length === 0) return { ...whole, keyVariables };
  return { ...whole, keyVariables, keyed: withKeys(text, found, offset, parse) };
}

/** The code of a class with variables for its computed keys. */
function withKeys(
  text: string,
  { members, fields, keyVariables }: FoundMembers,
  offset: number,
  parse: Parse,
): FunctionCode["keyed"] {
  const keys = members.map(({ key, variable }) => [key, variable] as const);
  const code = read(replaceKeys(text, keys, offset), parse, true);
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

/**
 * How `text` has to be read, its node, and how many characters were in front when it was parsed.
 */
function parseAs(text: string, parse: Parse): [FunctionCode["form"], SyntaxNode, number] {
  let first: unknown;
  try {
    const statement = (parse(`(${text}\n)`).body as SyntaxNode[])[0]!;
    const node = statement.expression as SyntaxNode;
    return [node.type === "ClassExpression" ? "class" : "expression", node, 1];
  } catch (error) {
    // It may be a method, or a class that uses what only the classes around it have.
    first = error;
  }
  try {
    const statement = (parse(`({${text}\n})`).body as SyntaxNode[])[0]!;
    const [property] = (statement.expression as SyntaxNode).properties as SyntaxNode[];
    return ["method", property!, 2];
  } catch (error) {
    const { message } = (/^class\b/.test(text) ? first : error) as SyntaxError;
    throw new TypeError(
      /private/i.test(message) ? "it uses a private member of its class" : message,
    );
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
