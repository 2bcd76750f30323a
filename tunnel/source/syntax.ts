import { type Node, parse as acornParse } from "npm:acorn@8.19.0";

/** How a piece of code is to be read: scripts may have syntax that modules do not have. */
export type SourceType = "module" | "script";

/**
 * Parses JavaScript. The parser is acorn, which is small, kept up with ECMAScript for ten years,
 * and has no dependencies.
 *
 * @throws {SyntaxError} If it is not JavaScript of that kind.
 */
export function parse(
  source: string,
  sourceType: SourceType | "commonjs" = "module",
): SyntaxNode {
  return acornParse(source, {
    ecmaVersion: "latest",
    sourceType,
    // A function by itself may use names that its class declares; findUses() tells.
    checkPrivateFields: false,
  }) as unknown as SyntaxNode;
}

/** The fields of nodes that are read by name. */
type Field =
  | "argument"
  | "arguments"
  | "async"
  | "body"
  | "callee"
  | "cases"
  | "computed"
  | "consequent"
  | "declaration"
  | "declarations"
  | "elements"
  | "expression"
  | "generator"
  | "id"
  | "imported"
  | "init"
  | "key"
  | "kind"
  | "left"
  | "local"
  | "meta"
  | "name"
  | "object"
  | "options"
  | "param"
  | "params"
  | "properties"
  | "property"
  | "right"
  | "source"
  | "sourceType"
  | "specifiers"
  | "static"
  | "superClass"
  | "value";

/** A node with its fields; the grammar says which kinds of node have which fields. */
export interface SyntaxNode extends Node, Readonly<Record<Field, unknown>> {
  readonly [field: string]: unknown;
}

/** The uses that a piece of code makes of the code around it. */
export interface Uses {
  /** Names that it refers to and does not declare in a scope of its own below the outermost. */
  readonly names: Set<string>;
  /** The names among them that it assigns to. */
  readonly assigned: Set<string>;
  /** The names of properties of the global object that it uses, as in `globalThis.name`. */
  readonly globals: Set<string>;
  /** Its `import()` expressions. */
  readonly dynamicImports: SyntaxNode[];
  /** The arguments of `import.meta.resolve()` that are written out. */
  readonly resolved: string[];
  /** Whether it has a `this`, `arguments` or `new.target` of the function around it. */
  outerThis: boolean;
  /** Whether it has a `super` of an object or class around it. */
  outerSuper: boolean;
  /** A private name that no class in it declares, if it uses one. */
  outerPrivate: string | undefined;
  /** The code that it gives to each direct `eval()`; `undefined` where that is not written out. */
  readonly evals: (string | undefined)[];
}

/**
 * Finds the uses that `root`, a parsed program or a part of one, makes of the code around its inner
 * scopes.
 */
export function findUses(root: SyntaxNode): Uses {
  const uses: Uses = {
    names: new Set(),
    assigned: new Set(),
    globals: new Set(),
    dynamicImports: [],
    resolved: [],
    outerThis: false,
    outerSuper: false,
    outerPrivate: undefined,
    evals: [],
  };
  new Walker(uses).visit(root, { names: new Set(), parent: undefined });
  return uses;
}

interface Scope {
  readonly names: Set<string>;
  readonly parent: Scope | undefined;
}

/**
 * Walks a tree in the format of https://github.com/estree/estree. A kind of node has a case here if
 * not all of its fields are expressions.
 */
class Walker {
  readonly #uses: Uses;
  /** How many functions with a `this` of their own are around. */
  #ownThis = 0;
  /** How many classes and object literals, to which a `super` can refer, are around. */
  #homes = 0;
  /** The private names of the classes around. */
  readonly #privateNames: Set<string>[] = [];

  constructor(uses: Uses) {
    this.#uses = uses;
  }

  visit(node: SyntaxNode, scope: Scope): void {
    switch (node.type) {
      case "Identifier":
        return this.#refer(node.name as string, scope);
      case "Super":
        if (this.#homes === 0) this.#uses.outerSuper = true;
        return;
      case "ThisExpression":
        if (this.#ownThis === 0) this.#uses.outerThis = true;
        return;
      case "MetaProperty":
        if ((node.meta as SyntaxNode).name !== "import" && this.#ownThis === 0) {
          this.#uses.outerThis = true;
        }
        return;
      case "PrivateIdentifier":
        if (!this.#privateNames.some((names) => names.has(node.name as string))) {
          this.#uses.outerPrivate ??= `#${node.name}`;
        }
        return;
      case "CallExpression":
        this.#call(node, scope);
        return this.#children(node, scope);
      case "ImportExpression":
        this.#uses.dynamicImports.push(node);
        return this.#children(node, scope);
      case "AssignmentExpression":
        this.#assign(node.left as SyntaxNode, scope);
        return this.#children(node, scope);
      case "UpdateExpression":
        this.#assign(node.argument as SyntaxNode, scope);
        return this.#children(node, scope);
      case "MemberExpression":
      case "Property":
      case "MethodDefinition":
      case "PropertyDefinition":
        return this.#member(node, scope);
      case "FunctionDeclaration":
      case "FunctionExpression":
      case "ArrowFunctionExpression":
        return this.#function(node, scope);
      case "ClassDeclaration":
      case "ClassExpression":
        return this.#class(node, scope);
      case "ObjectExpression":
        this.#homes++;
        this.#children(node, scope);
        this.#homes--;
        return;
      case "StaticBlock":
        return this.#withThis(() => this.#block(node, scope));
      case "BlockStatement":
      case "ForStatement":
      case "SwitchStatement":
        return this.#block(node, scope);
      case "ForInStatement":
      case "ForOfStatement":
        this.#assign(node.left as SyntaxNode, scope);
        return this.#block(node, scope);
      case "CatchClause": {
        const inner = child(scope);
        declarePattern(node.param as SyntaxNode | null, inner.names);
        return this.#children(node, inner);
      }
      case "LabeledStatement":
        return this.visit(node.body as SyntaxNode, scope);
      case "BreakStatement":
      case "ContinueStatement":
      case "ImportDeclaration":
        return;
      case "ExportNamedDeclaration":
        return this.#export(node, scope);
      case "ExportAllDeclaration":
        return;
      default:
        return this.#children(node, scope);
    }
  }

  #call(node: SyntaxNode, scope: Scope): void {
    const callee = node.callee as SyntaxNode;
    if (callee.type === "Identifier" && callee.name === "eval" && !isDeclared("eval", scope)) {
      const [code] = node.arguments as SyntaxNode[];
      this.#uses.evals.push(typeof code?.value === "string" ? code.value : undefined);
    }
    const { object, property } = node.callee as { object?: SyntaxNode; property?: SyntaxNode };
    const [argument] = node.arguments as SyntaxNode[];
    const isResolve = object?.type === "MetaProperty" && property?.name === "resolve";
    if (isResolve && typeof argument?.value === "string") this.#uses.resolved.push(argument.value);
  }

  #assign(target: SyntaxNode, scope: Scope): void {
    const names = new Set<string>();
    declarePattern(target, names);
    for (const name of names) if (!isDeclared(name, scope)) this.#uses.assigned.add(name);
  }

  #refer(name: string, scope: Scope): void {
    if (isDeclared(name, scope)) return;
    if (name === "arguments" && this.#ownThis === 0) this.#uses.outerThis = true;
    if (name !== "arguments") this.#uses.names.add(name);
  }

  #children(node: SyntaxNode, scope: Scope): void {
    for (const value of Object.values(node)) {
      if (Array.isArray(value)) {
        for (const item of value) if (isNode(item)) this.visit(item, scope);
      } else if (isNode(value)) {
        this.visit(value, scope);
      }
    }
  }

  /** Leaves out a plain key, which is the name of a property, not of a variable. */
  #member(node: SyntaxNode, scope: Scope): void {
    const key = (node.type === "MemberExpression" ? node.property : node.key) as SyntaxNode;
    if (node.computed || key.type === "PrivateIdentifier") this.visit(key, scope);
    if (node.type === "MemberExpression") {
      const object = node.object as SyntaxNode;
      const isGlobal = object.type === "Identifier" && object.name === "globalThis";
      if (isGlobal && !node.computed && !isDeclared("globalThis", scope)) {
        this.#uses.globals.add(key.name as string);
      }
      return this.visit(object, scope);
    }
    const value = node.value as SyntaxNode | null;
    if (value === null) return;
    if (node.type === "PropertyDefinition") this.#withThis(() => this.visit(value, scope));
    else this.visit(value, scope);
  }

  #function(node: SyntaxNode, scope: Scope): void {
    const inner = child(scope);
    const id = node.id as SyntaxNode | null;
    if (node.type === "FunctionExpression" && id !== null) inner.names.add(id.name as string);
    const params = node.params as SyntaxNode[];
    for (const param of params) declarePattern(param, inner.names);
    const body = node.body as SyntaxNode;
    const visit = (): void => {
      for (const param of params) this.visit(param, inner);
      if (body.type !== "BlockStatement") return this.visit(body, inner);
      const statements = body.body as SyntaxNode[];
      declareVars(body, inner.names);
      declareBlock(statements, inner.names);
      for (const statement of statements) this.visit(statement, inner);
    };
    if (node.type === "ArrowFunctionExpression") visit();
    else this.#withThis(visit);
  }

  #class(node: SyntaxNode, scope: Scope): void {
    const inner = child(scope);
    const id = node.id as SyntaxNode | null;
    if (id !== null) inner.names.add(id.name as string);
    if (isNode(node.superClass)) this.visit(node.superClass, inner);
    this.#homes++;
    this.#privateNames.push(privateNamesOf(node));
    this.#children(node.body as SyntaxNode, inner);
    this.#privateNames.pop();
    this.#homes--;
  }

  #withThis(visit: () => void): void {
    this.#ownThis++;
    visit();
    this.#ownThis--;
  }

  #block(node: SyntaxNode, scope: Scope): void {
    const inner = child(scope);
    const { body, init, left, cases } = node as Record<string, unknown>;
    if (Array.isArray(body)) declareBlock(body as SyntaxNode[], inner.names);
    if (isNode(init)) declareBlock([init], inner.names);
    if (isNode(left)) declareBlock([left], inner.names);
    if (Array.isArray(cases)) {
      for (const one of cases as SyntaxNode[]) {
        declareBlock(one.consequent as SyntaxNode[], inner.names);
      }
    }
    // A `var` in a static block belongs to the block.
    if (node.type === "StaticBlock") declareVars(node, inner.names);
    this.#children(node, inner);
  }

  #export(node: SyntaxNode, scope: Scope): void {
    if (isNode(node.declaration)) return this.visit(node.declaration, scope);
    if (node.source !== null) return;
    for (const specifier of node.specifiers as SyntaxNode[]) {
      this.visit(specifier.local as SyntaxNode, scope);
    }
  }
}

/** The private names that a class declares, without the `#`. */
function privateNamesOf(node: SyntaxNode): Set<string> {
  const names = new Set<string>();
  for (const { key } of (node.body as SyntaxNode).body as SyntaxNode[]) {
    if ((key as SyntaxNode | undefined)?.type === "PrivateIdentifier") {
      names.add((key as SyntaxNode).name as string);
    }
  }
  return names;
}

function child(parent: Scope): Scope {
  return { names: new Set(), parent };
}

function isDeclared(name: string, scope: Scope): boolean {
  for (let at: Scope | undefined = scope; at !== undefined; at = at.parent) {
    if (at.names.has(name)) return true;
  }
  return false;
}

/** Whether a field of a node is a node, too. */
export function isNode(value: unknown): value is SyntaxNode {
  return typeof value === "object" && value !== null && typeof (value as Node).type === "string";
}

/**
 * The names that a block's own statements declare: `let`, `const`, `using`, `class`, `function`.
 */
export function declareBlock(statements: readonly SyntaxNode[], names: Set<string>): void {
  for (const statement of statements) {
    if (statement.type === "VariableDeclaration") {
      for (const { id } of statement.declarations as SyntaxNode[]) {
        declarePattern(id as SyntaxNode, names);
      }
    } else if (statement.type === "FunctionDeclaration" || statement.type === "ClassDeclaration") {
      const id = statement.id as SyntaxNode | null;
      if (id !== null) names.add(id.name as string);
    }
  }
}

/** The names of all `var`s of a function, however deep in its blocks. */
export function declareVars(node: SyntaxNode, names: Set<string>): void {
  if (/Function|^Class/.test(node.type)) return;
  if (node.type === "VariableDeclaration" && node.kind === "var") declareBlock([node], names);
  for (const value of Object.values(node)) {
    for (const item of Array.isArray(value) ? value : [value]) {
      if (isNode(item)) declareVars(item, names);
    }
  }
}

/** The names that a pattern declares. */
export function declarePattern(pattern: SyntaxNode | null, names: Set<string>): void {
  switch (pattern?.type) {
    case "Identifier":
      names.add(pattern.name as string);
      return;
    case "ObjectPattern":
      for (const property of pattern.properties as SyntaxNode[]) {
        declarePattern((property.value ?? property.argument) as SyntaxNode, names);
      }
      return;
    case "ArrayPattern":
      for (const element of pattern.elements as (SyntaxNode | null)[]) {
        declarePattern(element, names);
      }
      return;
    case "AssignmentPattern":
      return declarePattern(pattern.left as SyntaxNode, names);
    case "RestElement":
      return declarePattern(pattern.argument as SyntaxNode, names);
  }
}
