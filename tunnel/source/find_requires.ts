import type { FoundRequire, RequiringModule } from "./found_require.ts";
import { isNode, parse, type SyntaxNode } from "./syntax.ts";
import { WrittenText } from "./written_text.ts";

/** A function around a piece of code. */
interface FunctionAround {
  readonly name: string | undefined;
  readonly params: readonly string[];
  readonly parent: FunctionAround | undefined;
}

/** From where a `require()` resolves. */
type Origin = Pick<FoundRequire, "from">;

/**
 * Finds the calls of `require()` in a module by parsing it.
 *
 * Names are taken to mean the same wherever they are in the module. A call that means something
 * else does no harm: what it names is most often not there, and else is sent in vain.
 *
 * @throws {SyntaxError} If it is not JavaScript.
 */
export function findRequires(module: RequiringModule): readonly FoundRequire[] {
  const finder = new Finder(module);
  finder.visit(parse(module.source, module.isModule ? "module" : "commonjs"), undefined);
  return finder.found();
}

class Finder {
  readonly #module: RequiringModule;
  readonly #calls: { readonly node: SyntaxNode; readonly around: FunctionAround | undefined }[] =
    [];
  /** The values that variables are given. */
  readonly #values = new Map<string, SyntaxNode[]>();
  /** The names of variables that are `createRequire`. */
  readonly #creators = new Set(["createRequire", "createRequireFromPath"]);
  /** The URLs of the modules that make a `require()`, by the variables imported from them. */
  readonly #imported = new Map<string, string>();
  readonly #origins = new Map<string, Origin | undefined>();
  readonly #texts: WrittenText;

  constructor(module: RequiringModule) {
    this.#module = module;
    this.#texts = new WrittenText(module.url, this.#values);
  }

  visit(node: SyntaxNode, around: FunctionAround | undefined, name?: string): void {
    let inside = around;
    switch (node.type) {
      case "CallExpression":
        this.#calls.push({ node, around });
        break;
      case "VariableDeclarator":
        this.#assign(node.id as SyntaxNode, node.init as SyntaxNode | null);
        break;
      case "AssignmentExpression":
        this.#assign(node.left as SyntaxNode, node.right as SyntaxNode);
        break;
      case "ImportDeclaration":
        return this.#import(node);
      case "FunctionDeclaration":
      case "FunctionExpression":
      case "ArrowFunctionExpression": {
        const own = (node.id as SyntaxNode | null)?.name as string | undefined;
        const params = (node.params as SyntaxNode[]).map((one) => String(one.name));
        inside = { name: own ?? name, params, parent: around };
      }
    }
    for (const field in node) {
      const value = node[field];
      if (typeof value !== "object" || value === null) continue;
      if (Array.isArray(value)) {
        for (const item of value) if (isNode(item)) this.visit(item, inside);
      } else if (isNode(value)) {
        this.visit(value, inside, value.type.includes("Function") ? nameGiven(node) : undefined);
      }
    }
  }

  found(): FoundRequire[] {
    const found: FoundRequire[] = [];
    const add = (argument: SyntaxNode | undefined, isResolve: boolean, origin: Origin): void => {
      for (const texts of this.#texts.of(argument)) found.push({ texts, isResolve, ...origin });
    };
    /** The functions that require what they are given, and which of their arguments that is. */
    const wrappers = new Map<string, { readonly index: number; readonly origin: Origin }>();
    for (const { node, around } of this.#calls) {
      const callee = node.callee as SyntaxNode;
      const [argument] = node.arguments as SyntaxNode[];
      const origin = this.#originOf(callee);
      if (origin !== undefined) {
        add(argument, false, origin);
        const wrapper = wrapperOf(argument, around);
        if (wrapper !== undefined) wrappers.set(wrapper.name, { index: wrapper.index, origin });
      } else if (isMember(callee, "resolve")) {
        const origin = this.#originOf(callee.object as SyntaxNode);
        if (origin !== undefined) add(argument, true, origin);
      } else if (isMember(callee, "call") || isMember(callee, "apply")) {
        const origin = this.#originOf(callee.object as SyntaxNode);
        const [, given] = node.arguments as SyntaxNode[];
        const [first] = given?.type === "ArrayExpression"
          ? given.elements as SyntaxNode[]
          : [given];
        if (origin !== undefined) add(first, false, origin);
      }
      // Whoever is given a require() may call it with any name.
      for (const one of node.arguments as SyntaxNode[]) {
        const given = one.type === "Identifier" ? this.#originOf(one) : undefined;
        if (given !== undefined) add(undefined, false, given);
      }
    }
    for (const { node } of wrappers.size > 0 ? this.#calls : []) {
      const { name, property } = node.callee as { name?: string; property?: SyntaxNode };
      const wrapper = wrappers.get(String(name ?? property?.name));
      if (wrapper === undefined) continue;
      add((node.arguments as SyntaxNode[])[wrapper.index], false, wrapper.origin);
    }
    return found;
  }

  #assign(target: SyntaxNode, value: SyntaxNode | null): void {
    if (value === null) return;
    if (target.type === "Identifier") {
      const name = target.name as string;
      const known = this.#values.get(name);
      if (known === undefined) this.#values.set(name, [value]);
      else known.push(value);
    }
    if (target.type !== "ObjectPattern") return;
    for (const { key, value } of target.properties as { key?: SyntaxNode; value?: SyntaxNode }[]) {
      if (key?.name === "createRequire") this.#creators.add(String(value?.name));
    }
  }

  #import(node: SyntaxNode): void {
    const from = this.#module.makers?.get((node.source as SyntaxNode).value as string);
    for (const { imported, local } of node.specifiers as SyntaxNode[]) {
      const { name } = local as { name: string };
      if ((imported as SyntaxNode | undefined)?.name === "createRequire") this.#creators.add(name);
      else if (from !== undefined) this.#imported.set(name, from);
    }
  }

  /** From where the function that an expression gives resolves, if that is a `require()`. */
  #originOf(node: SyntaxNode): Origin | undefined {
    const inner = (one: unknown): Origin | undefined => this.#originOf(one as SyntaxNode);
    switch (node.type) {
      case "Identifier":
        return this.#originOfVariable(node.name as string);
      case "MemberExpression": {
        const object = node.object as SyntaxNode;
        if (!isMember(node, "require")) return undefined;
        if (!this.#module.isModule) return object.type === "Identifier" ? {} : undefined;
        // A namespace, or an object that a module exports.
        const from = this.#imported.get(String(object.name));
        return from === undefined ? undefined : { from };
      }
      case "CallExpression": {
        const callee = node.callee as SyntaxNode;
        if (isMember(callee, "bind")) return inner(callee.object);
        // Hidden from bundlers.
        const [code] = node.arguments as SyntaxNode[];
        if (callee.name === "eval" && code?.value === "require") return {};
        return this.#isCreator(callee) ? this.#created(node.arguments as SyntaxNode[]) : undefined;
      }
      case "ConditionalExpression":
        return inner(node.consequent) ?? inner(node["alternate"]);
      case "LogicalExpression":
        return inner(node.left) ?? inner(node.right);
      case "SequenceExpression":
        return inner((node["expressions"] as SyntaxNode[]).at(-1));
      case "AssignmentExpression":
        return inner(node.right);
      case "ChainExpression":
        return inner(node.expression);
      default:
        return undefined;
    }
  }

  #originOfVariable(name: string): Origin | undefined {
    if (!this.#origins.has(name)) {
      this.#origins.set(name, undefined); // It may be assigned to itself.
      let origin: Origin | undefined;
      for (const value of this.#values.get(name) ?? []) origin ??= this.#originOf(value);
      const from = this.#imported.get(name);
      if (from !== undefined) origin ??= { from };
      if (name === "require" && !this.#module.isModule) origin ??= {};
      this.#origins.set(name, origin);
    }
    return this.#origins.get(name);
  }

  #isCreator(callee: SyntaxNode): boolean {
    if (callee.type === "Identifier") {
      const name = callee.name as string;
      return this.#creators.has(name) ||
        !!this.#values.get(name)?.some((value) => isMember(value, "createRequire"));
    }
    return isMember(callee, "createRequire") || isMember(callee, "createRequireFromPath");
  }

  #created([place]: readonly SyntaxNode[]): Origin {
    const { url } = this.#module;
    const [texts] = this.#texts.of(place);
    const [text = ""] = texts!.length === 1 ? texts! : [];
    const from = URL.parse(text, "file:///")?.href;
    return text === "" || from === url || !/^(\/|file:)/.test(text) ? {} : { from };
  }
}

/** The name that a node gives to a function in it. */
function nameGiven(node: SyntaxNode): string | undefined {
  const target =
    (node.type === "VariableDeclarator"
      ? node.id
      : node.type === "AssignmentExpression"
      ? node.left
      : node.type === "Property" || node.type === "MethodDefinition"
      ? node.key
      : undefined) as SyntaxNode | undefined;
  return ((target?.type === "MemberExpression" ? target.property : target) as
    | SyntaxNode
    | undefined)
    ?.name as string | undefined;
}

/** The function around a call that passes one of its parameters on to it. */
function wrapperOf(
  argument: SyntaxNode | undefined,
  around: FunctionAround | undefined,
): { readonly name: string; readonly index: number } | undefined {
  if (argument?.type !== "Identifier") return undefined;
  for (let one = around; one !== undefined; one = one.parent) {
    const index = one.params.indexOf(argument.name as string);
    if (index >= 0) return one.name === undefined ? undefined : { name: one.name, index };
  }
  return undefined;
}

function isMember(node: SyntaxNode, name: string): boolean {
  if (node.type !== "MemberExpression") return false;
  const { computed, property } = node as { computed?: unknown; property?: unknown };
  const key = property as SyntaxNode;
  return computed ? key.value === name : key.name === name;
}
