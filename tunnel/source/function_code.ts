import { type Edit, type ImportOf, typeOf, withTypes } from "./imports.ts";
import type { ComputedKey, ComputedKeys } from "../closure/computed_keys.ts";
import { findUses, type Parse, type SyntaxNode, type Uses } from "./syntax.ts";

/** The code of a function or class, ready to be put into other code. */
export interface FunctionCode {
  /** As the function's `toString()` gives it, as long as that, but with imports as `importsOf()` gives them. */
  readonly text: string;
  /** Its imports whose specifier is written out. */
  readonly imports: readonly Pick<ImportOf, "specifier" | "type" | "isDynamic">[];
  /** How `text` has to be read: as an expression, or as a member of an object literal. */
  readonly form: "expression" | "method" | "class";
  /** What it uses of what is around it. */
  readonly uses: Uses;
  /** Of a class, the names that it needs to be made, rather than to be used. */
  readonly needs: ReadonlySet<string>;
  /** Of a class that extends another, the name by which it refers to that one. */
  readonly parent: string | undefined;
  /** Whether it is a method whose name is computed; a 0 stands for that in `text`. */
  readonly hasComputedName: boolean;
  /** The names from which a class computes names of its members: V8 may have forgotten what they mean. */
  readonly keyNames: ReadonlySet<string>;
  /** Whether a class has static fields or blocks, which may make anything of it. */
  readonly hasStatics: boolean;
  /** Of a class with computed names, the same code with variables for their names, if those can be told. */
  readonly named: (ComputedKeys & { readonly code: FunctionCode }) | undefined;
}

const known = new Map<string, FunctionCode>();

/**
 * Reads a function's code.
 *
 * @throws {TypeError} If it cannot be read by itself; the text starts with the reason.
 */
export function functionCode(text: string, parse: Parse): FunctionCode {
  let code = known.get(text);
  if (code === undefined) {
    code = read(text, parse);
    known.set(text, code);
  }
  return code;
}

function read(text: string, parse: Parse, isNamed = false): FunctionCode {
  const [form, node, offset] = parseAs(text, parse);
  if (form === "method" && node.computed && (node.key as SyntaxNode).type !== "Literal") {
    // What it is called is known; how that was computed may not be.
    const rewritten = withKeys(text, [[node.key as SyntaxNode, "0"]], offset);
    return { ...read(rewritten, parse), hasComputedName: true };
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
    hasComputedName: false,
    keyNames: new Set<string>(),
    hasStatics: false,
    named: undefined,
  };
  if (form !== "class") return code;
  const { superClass } = node;
  if (superClass !== null && (superClass as SyntaxNode).type !== "Identifier") {
    // The expression has been evaluated here; what it gave is sent. The text starts behind a parenthesis.
    const { start, end } = superClass as SyntaxNode;
    const parent = `$parent${known.size}`;
    const rewritten = read(
      `${text.slice(0, start - 1)}${parent}${text.slice(end - 1)}`,
      parse,
      isNamed,
    );
    return { ...rewritten, parent };
  }
  const parent = superClass === null ? undefined : (superClass as SyntaxNode).name as string;
  const hasStatics = ((node.body as SyntaxNode).body as SyntaxNode[]).some((member) =>
    member.type === "StaticBlock" || member.type === "PropertyDefinition" && member.static
  );
  const whole = { ...code, needs: needsOf(node), parent, hasStatics };
  if (isNamed) return whole;
  const { keyNames, keys, fields } = computedKeys(node, text, offset, uses.names);
  if (keys.length === 0) return { ...whole, keyNames };
  const rewritten = withKeys(text, keys.map(({ node, name }) => [node, name]), offset);
  return {
    ...whole,
    keyNames,
    named: { code: { ...read(rewritten, parse, true), keyNames }, keys, fields },
  };
}

/** The computed names in a class that use what is around it, and those of them that it tells. */
function computedKeys(
  node: SyntaxNode,
  text: string,
  offset: number,
  names: ReadonlySet<string>,
): Pick<ComputedKeys, "fields"> & {
  readonly keyNames: ReadonlySet<string>;
  readonly keys: readonly (ComputedKey & { readonly node: SyntaxNode })[];
} {
  const keyNames = new Set<string>();
  const fields = new Set<string>();
  const keys: (ComputedKey & { readonly node: SyntaxNode })[] = [];
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
    for (const name of used) keyNames.add(name);
    // The name of an instance's field is nowhere to be seen.
    if (isField && !member.static) continue;
    const method = text.slice(member.start - offset, member.end - offset).replace(/^static\s*/, "");
    keys.push({
      node: key,
      name: `${prefix}${keys.length}`,
      isStatic: member.static as boolean,
      method: isField ? undefined : method,
    });
  }
  return { keyNames, keys, fields };
}

/** Puts other expressions in the place of computed names. Lines stay, and columns where there is room. */
function withKeys(
  text: string,
  keys: readonly (readonly [key: SyntaxNode, name: string])[],
  offset: number,
): string {
  let rest = text;
  for (const [{ start, end }, name] of [...keys].reverse()) {
    const [from, to] = [start - offset, end - offset];
    const blank = rest.slice(from, to).replace(/[^\r\n]/g, " ");
    const room = Math.min(name.length, blank.search(/[\r\n]|$/));
    rest = rest.slice(0, from) + name + blank.slice(room) + rest.slice(to);
  }
  return rest;
}

/** The imports, with their types in their specifiers. `offset` is where `text` starts in what was parsed. */
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

/** How `text` has to be read, the node of it, and where it starts in what was parsed. */
function parseAs(text: string, parse: Parse): [FunctionCode["form"], SyntaxNode, number] {
  let first: unknown;
  try {
    const statement = (parse(`(${text}\n)`).body as SyntaxNode[])[0]!;
    const node = statement.expression as SyntaxNode;
    return [node.type === "ClassExpression" ? "class" : "expression", node, 1];
  } catch (error) {
    // Then it is a method, if it is no class that uses what only those around it have.
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

/** What is evaluated when a class is: its parent, computed keys, static fields and blocks. */
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
