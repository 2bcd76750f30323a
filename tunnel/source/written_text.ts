import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { isNode, type SyntaxNode } from "./syntax.ts";

/** Texts that are written out, with something computed between each two of them. */
export type Texts = readonly string[];

/** How many texts an expression may have: each condition in it doubles them. */
const MOST_TEXTS = 16;

/** Finds out the texts that expressions of a module can have, as far as these are written out. */
export class WrittenText {
  readonly #url: string;
  readonly #path: string | undefined;
  readonly #values: ReadonlyMap<string, readonly SyntaxNode[]>;

  /** `values` are what is assigned to the variables of the module. */
  constructor(url: string, values: ReadonlyMap<string, readonly SyntaxNode[]>) {
    this.#url = url;
    this.#path = url.startsWith("file:") ? fileURLToPath(url) : undefined;
    this.#values = values;
  }

  /** The texts that an expression can have. */
  of(node: SyntaxNode | undefined, depth = 0): Texts[] {
    if (node === undefined || depth > 8) return [COMPUTED];
    const inner = (one: unknown): Texts[] => this.of(one as SyntaxNode, depth + 1);
    switch (node.type) {
      case "Literal":
        return [typeof node.value === "string" ? [node.value] : COMPUTED];
      case "TemplateLiteral": {
        const expressions = node["expressions"] as SyntaxNode[];
        const quasis = node["quasis"] as SyntaxNode[];
        const parts = quasis.flatMap((quasi, i): Texts[][] => {
          const text = [[(quasi.value as { cooked: string }).cooked ?? ""]];
          return i < expressions.length ? [text, inner(expressions[i])] : [text];
        });
        return parts.reduce(joined);
      }
      case "BinaryExpression":
        if (node["operator"] !== "+") return [COMPUTED];
        return joined(inner(node.left), inner(node.right));
      case "ConditionalExpression":
        return [...inner(node.consequent), ...inner(node["alternate"])].slice(0, MOST_TEXTS);
      case "LogicalExpression":
        return [...inner(node.left), ...inner(node.right)].slice(0, MOST_TEXTS);
      case "ChainExpression":
        return inner(node.expression);
      case "Identifier":
        return this.#variable(node.name as string, inner);
      case "MemberExpression":
        return this.#member(node, inner);
      case "NewExpression":
      case "CallExpression":
        return this.#call(node, inner);
      default:
        return [COMPUTED];
    }
  }

  #variable(name: string, inner: (one: unknown) => Texts[]): Texts[] {
    const path = this.#path;
    const values = this.#values.get(name);
    if (values?.length === 1) return inner(values[0]);
    if (values !== undefined || path === undefined) return [COMPUTED];
    if (name === "__filename") return [[path]];
    return [name === "__dirname" ? [dirname(path)] : COMPUTED];
  }

  #member(node: SyntaxNode, inner: (one: unknown) => Texts[]): Texts[] {
    const object = node.object as SyntaxNode;
    const name = (node.property as SyntaxNode).name;
    if (object.type !== "MetaProperty") {
      return name === "href" || name === "pathname" ? inner(object) : [COMPUTED];
    }
    if (name === "url") return [[this.#url]];
    if (this.#path === undefined) return [COMPUTED];
    if (name === "filename") return [[this.#path]];
    return [name === "dirname" ? [dirname(this.#path)] : COMPUTED];
  }

  #call(node: SyntaxNode, inner: (one: unknown) => Texts[]): Texts[] {
    const callee = node.callee as SyntaxNode;
    const name = callee.type === "MemberExpression"
      ? (callee.property as SyntaxNode).name
      : callee.name;
    const parts = (node.arguments as SyntaxNode[]).map(inner);
    switch (name) {
      case "join":
      case "resolve": {
        const [first, ...rest] = parts;
        if (first === undefined) return [COMPUTED];
        const whole = rest.reduce((a, b) => joined(joined(a, [["/"]]), b), first);
        return whole.map(([start = "", ...others]): Texts =>
          name === "resolve" && !start.startsWith("/")
            ? COMPUTED // It depends on the working folder, or is no path at all.
            : [others.length > 0 ? folderOf(start) : join(start), ...others]
        );
      }
      case "dirname":
        return (parts[0] ?? []).map((texts): Texts =>
          texts.length === 1 ? [dirname(texts[0]!)] : COMPUTED
        );
      case "fileURLToPath":
      case "pathToFileURL":
      case "String":
      case "normalize":
      case "toString":
        return parts[0] ?? (isNode(callee.object) ? inner(callee.object) : [COMPUTED]);
      case "URL":
        return joinedUrls(parts[0] ?? [COMPUTED], parts[1] ?? [[""]]);
      default:
        return [COMPUTED];
    }
  }
}

/** The texts of an expression of which nothing is known. */
const COMPUTED: Texts = ["", ""];

function joined(left: readonly Texts[], right: readonly Texts[]): Texts[] {
  const all = left.flatMap((a) =>
    right.map((b): Texts => [...a.slice(0, -1), a.at(-1)! + b[0]!, ...b.slice(1)])
  );
  return all.slice(0, MOST_TEXTS);
}

/** Normalizes a text in front of something computed. */
function folderOf(start: string): string {
  const slash = start.lastIndexOf("/");
  return slash < 0 ? start : join(start.slice(0, slash + 1)) + start.slice(slash + 1);
}

function joinedUrls(relative: readonly Texts[], base: readonly Texts[]): Texts[] {
  return relative.flatMap((one) =>
    base.map(([from]): Texts => {
      const [name, ...rest] = one;
      const url = rest.length === 0 ? URL.parse(name!, from || undefined)?.href : undefined;
      return url === undefined ? COMPUTED : [url];
    })
  );
}
