import { type Edit, type ImportOf, typeOf, withTypes } from "./_imports.ts";
import { findUses, type Parse, type SyntaxNode, type Uses } from "./_syntax.ts";

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

function read(text: string, parse: Parse): FunctionCode {
  const [form, node, offset] = parseAs(text, parse);
  const uses = findUses(node);
  if (uses.outerThis) {
    throw new TypeError("it uses `this` or `arguments` of the function around it");
  }
  if (uses.outerSuper) throw new TypeError("it uses `super`");
  const code = { ...withImports(text, uses, offset), form, uses };
  if (form !== "class") return { ...code, needs: new Set(), parent: undefined };
  const { superClass } = node;
  if (superClass === null) return { ...code, needs: needsOf(node), parent: undefined };
  const { type, name, start, end } = superClass as SyntaxNode;
  if (type === "Identifier") return { ...code, needs: needsOf(node), parent: name as string };
  // The expression has been evaluated here; what it gave is sent. The text starts behind a parenthesis.
  const parent = `$parent${known.size}`;
  const rewritten = read(`${text.slice(0, start - 1)}${parent}${text.slice(end - 1)}`, parse);
  return { ...rewritten, parent };
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
  try {
    const statement = (parse(`(${text}\n)`).body as SyntaxNode[])[0]!;
    const node = statement.expression as SyntaxNode;
    return [node.type === "ClassExpression" ? "class" : "expression", node, 1];
  } catch {
    // Then it is a method.
  }
  try {
    const statement = (parse(`({${text}\n})`).body as SyntaxNode[])[0]!;
    const [property] = (statement.expression as SyntaxNode).properties as SyntaxNode[];
    return ["method", property!, 2];
  } catch (error) {
    const { message } = error as SyntaxError;
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
