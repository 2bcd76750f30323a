import { parse } from "npm:acorn@8.19.0";
import type { ModuleRecord } from "../../agent/protocol/module_record.ts";
import { declarePattern, type SyntaxNode } from "./syntax.ts";
import { usingScope } from "./using_scope.ts";

/**
 * Code that is sent: a module, or a unit of functions by value, which has no kind and is a module
 * of JavaScript too.
 */
export type SentSource = Pick<ModuleRecord, "source"> & Partial<Pick<ModuleRecord, "kind">>;

const known = new WeakMap<SentSource, string>();

/**
 * Replaces `using` declarations by JavaScript that does the same, for engines that lack them. Lines
 * are added only at the end, and columns change only behind the braces of a scope with such a
 * declaration, and behind the declaration. Code that cannot be parsed comes back as it is: the
 * engine that has to run it will say why.
 */
export function lowerUsing(code: SentSource): string {
  let lowered = known.get(code);
  if (lowered === undefined) {
    lowered = lower(code.source as string, code.kind === "cjs");
    known.set(code, lowered);
  }
  return lowered;
}

function lower(source: string, isCommonJs: boolean): string {
  const sourceType = isCommonJs ? "commonjs" : "module";
  try {
    const program = parse(source, { ecmaVersion: "latest", sourceType });
    return new Lowering(source).apply(program as unknown as SyntaxNode);
  } catch {
    return source;
  }
}

/** A text that replaces `length` characters. */
interface Edit {
  readonly at: number;
  readonly length: number;
  readonly text: string;
}

/**
 * Rewrites scopes: everything in the braces of a scope goes into one `try`, so that names keep
 * their scopes. `using x = e` becomes `const x = e,{}=$scope.add(x)`, in which the value stays at
 * its column.
 */
class Lowering {
  readonly #source: string;
  readonly #edits: Edit[] = [];
  readonly #own: Readonly<Record<"using" | "scope" | "error" | "default", string>>;

  constructor(source: string) {
    this.#source = source;
    let prefix = "$";
    while (["using", "scope", "error", "default"].some((name) => source.includes(prefix + name))) {
      prefix += "$";
    }
    this.#own = {
      using: `${prefix}using`,
      scope: `${prefix}scope`,
      error: `${prefix}error`,
      default: `${prefix}default`,
    };
  }

  apply(program: SyntaxNode): string {
    const statements = program.body as SyntaxNode[];
    let end = "";
    if (program.sourceType === "module" && usingIn(statements).length > 0) {
      end = this.#module(statements);
    } else {
      const first = statements.find(({ directive }) => directive === undefined);
      const last = statements.at(-1);
      this.#scope(program, first?.start ?? 0, last?.end ?? 0);
    }
    if (this.#edits.length === 0) return this.#source;
    // A minifier may have given the function of the library another name.
    const helper = `function ${this.#own.using}(){return(${usingScope})()}`;
    let text = "";
    let at = 0;
    // The sort is stable: edits at one position stay in the order in which they were made.
    for (const edit of this.#edits.sort((a, b) => a.at - b.at)) {
      text += this.#source.slice(at, edit.at) + edit.text;
      at = edit.at + edit.length;
    }
    return `${text}${this.#source.slice(at)}\n${end}${helper}`;
  }

  #insert(at: number, text: string): void {
    this.#edits.push({ at, length: 0, text });
  }

  /** Replaces a piece of one line by `text`, which is not longer, and spaces. */
  #overwrite(from: number, to: number, text: string): void {
    this.#edits.push({ at: from, length: to - from, text: text.padEnd(to - from) });
  }

  #visit(node: SyntaxNode): void {
    switch (node.type) {
      case "BlockStatement":
      case "StaticBlock": {
        const body = node.body as SyntaxNode[];
        const directive = body.findLast(({ directive }) => directive !== undefined);
        // A static block starts with the keyword.
        const brace = this.#source.indexOf("{", node.start);
        return this.#scope(node, directive?.end ?? brace + 1, node.end - 1);
      }
      case "LabeledStatement":
      case "ForStatement":
        return this.#for(node);
      case "ForOfStatement":
        return this.#forOf(node);
      case "VariableDeclaration":
        if (isUsing(node)) return this.#declaration(node);
    }
    this.#children(node);
  }

  #children(node: SyntaxNode): void {
    for (const child of childrenOf(node)) this.#visit(child);
  }

  /** Lowers a list of statements: all code between `start` and `end` except directives. */
  #scope(node: SyntaxNode, start: number, end: number): void {
    const statements = node.body as SyntaxNode[];
    const found = usingIn(statements);
    if (found.length === 0) return this.#children(node);
    const twice = declaredTwice(statements);
    if (twice !== undefined) {
      return this.#refuse(start, end, `${twice} is declared twice in the scope of \`using\``);
    }
    this.#insert(start, `;${this.#head()}`);
    this.#children(node);
    this.#insert(end, this.#tail(found));
  }

  /** Replaces the code between `start` and `end` by a `throw`, whose stack says where it is. */
  #refuse(start: number, end: number, reason: string): void {
    const text = JSON.stringify(
      `This engine has no \`using\`, and it cannot be replaced: ${reason}`,
    );
    const lines = this.#source.slice(start, end).replace(/[^\r\n]+/g, "");
    this.#edits.push({
      at: start,
      length: end - start,
      text: `;throw new SyntaxError(${text});${lines}`,
    });
  }

  #head(): string {
    const { using, scope } = this.#own;
    return `const ${scope}=${using}();try{`;
  }

  #tail(declarations: readonly SyntaxNode[]): string {
    return `${this.#caught()}finally{${this.#disposal(declarations)}}`;
  }

  #caught(): string {
    const { scope, error } = this.#own;
    return `}catch(${error}){${scope}.fail(${error})}`;
  }

  /** The code itself awaits disposals: an async function that did it would take more turns. */
  #disposal(declarations: readonly SyntaxNode[]): string {
    const { scope, error } = this.#own;
    const end = `${scope}.end();`;
    if (!declarations.some(isAsync)) return end;
    return `for(;${scope}.step();)try{await ${scope}.value}catch(${error}){${scope}.fail(${error})}${end}`;
  }

  #add(name: string, declaration: SyntaxNode): string {
    return `${this.#own.scope}.add(${name}${isAsync(declaration) ? ",true" : ""})`;
  }

  /** A declaration in a scope, or in the head of a loop. */
  #declaration(node: SyntaxNode, isStatement = true): void {
    this.#keyword(node, "const");
    for (const one of node.declarations as SyntaxNode[]) {
      this.#children(one);
      if (one.init === null) continue;
      this.#insert(one.end, `,{}=${this.#add(nameOf(one), node)}`);
    }
    if (isStatement) this.#semicolon(node);
  }

  /** Replaces the keyword `using`, or the two of `await using`, by `text`. */
  #keyword(node: SyntaxNode, text: string): void {
    const [first] = node.declarations as SyntaxNode[];
    const end = isAsync(node) ? first!.start : node.start + (node.kind as string).length;
    this.#overwrite(node.start, end, text);
  }

  /**
   * Ends a statement that has no semicolon: the code behind it could continue the text that was put
   * at its end.
   */
  #semicolon(node: SyntaxNode): void {
    if (this.#source[node.end - 1] !== ";") this.#insert(node.end, ";");
  }

  /** Lowers a loop with its labels: its resources are disposed of when the whole loop is over. */
  #for(node: SyntaxNode): void {
    let loop = node;
    while (loop.type === "LabeledStatement") loop = loop.body as SyntaxNode;
    const init = loop.init as SyntaxNode | null | undefined;
    if (loop.type !== "ForStatement" || !isUsing(init)) return this.#children(node);
    this.#insert(node.start, `{${this.#head()}`);
    this.#declaration(init, false);
    for (const child of childrenOf(loop)) if (child !== init) this.#visit(child);
    this.#insert(node.end, `${this.#tail([init])}}`);
  }

  #forOf(node: SyntaxNode): void {
    const [left, right, body] = [node.left, node.right, node.body] as SyntaxNode[];
    if (!isUsing(left)) return this.#children(node);
    this.#declaration(left, false);
    this.#visit(right!);
    const [one] = left.declarations as SyntaxNode[];
    this.#insert(body!.start, `{${this.#head()}${this.#add(nameOf(one!), left)};`);
    this.#visit(body!);
    this.#insert(body!.end, `${this.#tail([left])}}`);
  }

  /**
   * Lowers the top level of a module. Imports, exports and functions have to stay outside of a
   * `try`; each piece of code between them goes into a `try` of its own. The variables of these
   * pieces become variables of the module, so that all of it sees them.
   *
   * @returns The text for the end of the module.
   */
  #module(statements: readonly SyntaxNode[]): string {
    const { scope, using } = this.#own;
    const names = new Set([scope]);
    const exported = new Map<string, string>();
    const pieces: SyntaxNode[][] = [[]];
    /** The statement in front of each piece. */
    const before: (SyntaxNode | undefined)[] = [undefined];
    for (const one of statements) {
      if (isFixed(one)) {
        pieces.push([]);
        before.push(one);
      } else {
        pieces.at(-1)!.push(one);
      }
    }
    let head = `;${scope}=${using}();try{`;
    pieces.forEach((piece, i) => {
      if (before[i] !== undefined) this.#children(before[i]);
      if (piece.length === 0) return;
      const isScript = before[i] === undefined && this.#source.startsWith("#!");
      this.#insert(isScript ? piece[0]!.start : before[i]?.end ?? 0, head);
      head = `;if(!${scope}.failed)try{`;
      for (const one of piece) this.#topLevel(one, names, exported);
      this.#insert(piece.at(-1)!.end, this.#caught());
    });
    const list = [...exported].map(([name, local]) => `${local} as ${name}`);
    const disposal = this.#disposal(usingIn(statements));
    return `;${disposal}var ${[...names]};export{${list}};\n`;
  }

  #topLevel(node: SyntaxNode, names: Set<string>, exported: Map<string, string>): void {
    switch (node.type) {
      case "ExportDefaultDeclaration": {
        const declaration = node.declaration as SyntaxNode;
        const { id } = declaration as { id?: SyntaxNode | null };
        const isNamed = declaration.type === "ClassDeclaration" && !!id;
        const local = isNamed ? id.name as string : this.#own.default;
        exported.set("default", local);
        names.add(local);
        // Comments may be between the words.
        const words = /^export(?:\s|\/\*[^]*?\*\/|\/\/.*\n)*?default/.exec(
          this.#source.slice(node.start),
        )![0];
        const end = node.start + words.length;
        this.#overwrite(node.start, node.start + "export".length, ";");
        this.#overwrite(end - "default".length, end, "");
        // An anonymous function or class takes its name from the property.
        this.#insert(end, isNamed ? `${local}=` : `${local}=({default:`);
        this.#visit(declaration);
        const hasSemicolon = this.#source[node.end - 1] === ";";
        this.#insert(hasSemicolon ? node.end - 1 : node.end, isNamed ? ";" : `}).default;`);
        return;
      }
      case "ExportNamedDeclaration": {
        this.#overwrite(node.start, node.start + "export".length, "");
        const declaration = node.declaration as SyntaxNode;
        for (const name of declaredBy(declaration)) exported.set(name, name);
        return this.#topLevel(declaration, names, exported);
      }
      case "ClassDeclaration": {
        const [name] = declaredBy(node);
        names.add(name!);
        this.#insert(node.start, `;${name}=`);
        this.#children(node);
        return this.#insert(node.end, ";");
      }
      case "VariableDeclaration": {
        if (node.kind === "var") return this.#children(node);
        for (const name of declaredBy(node)) names.add(name);
        const declarations = node.declarations as SyntaxNode[];
        // A brace at the start of a statement would open a block.
        const isObject = (declarations[0]!.id as SyntaxNode).type === "ObjectPattern";
        this.#keyword(node, isObject ? ";(" : ";");
        for (const one of declarations) {
          this.#children(one);
          if (isUsing(node)) this.#insert(one.end, `,${this.#add(nameOf(one), node)}`);
        }
        if (isObject) this.#insert(declarations.at(-1)!.end, ")");
        return this.#semicolon(node);
      }
      default:
        return this.#visit(node);
    }
  }
}

/**
 * Whether a statement at the top level of a module cannot be in a block, or would mean something
 * else there.
 */
function isFixed(node: SyntaxNode): boolean {
  if (/^(Import|ExportAll)Declaration$|^FunctionDeclaration$/.test(node.type)) return true;
  if (!node.type.startsWith("Export")) return false;
  const declaration = node.declaration as SyntaxNode | null;
  return declaration === null || declaration.type === "FunctionDeclaration";
}

function isUsing(node: SyntaxNode | null | undefined): node is SyntaxNode {
  return node?.type === "VariableDeclaration" && /using$/.test(node.kind as string);
}

function isAsync(node: SyntaxNode): boolean {
  return node.kind === "await using";
}

/** The declarations among the statements of a scope. */
function usingIn(statements: readonly SyntaxNode[]): SyntaxNode[] {
  return statements.filter(isUsing);
}

function nameOf(declarator: SyntaxNode): string {
  return (declarator.id as SyntaxNode).name as string;
}

function declaredBy(node: SyntaxNode): Set<string> {
  const names = new Set<string>();
  for (const { id } of (node.declarations ?? [node]) as SyntaxNode[]) {
    declarePattern(id as SyntaxNode, names);
  }
  return names;
}

function childrenOf(node: SyntaxNode): SyntaxNode[] {
  return Object.values(node).flat().filter(isNode);
}

function isNode(value: unknown): value is SyntaxNode {
  return typeof value === "object" && value !== null &&
    typeof (value as SyntaxNode).type === "string";
}

/**
 * The name of a function that is declared more than once, which is allowed in a function's body but
 * not in a block.
 */
function declaredTwice(statements: readonly SyntaxNode[]): string | undefined {
  const functions = statements.filter(({ type }) => type === "FunctionDeclaration");
  const names = functions.map((one) => (one.id as SyntaxNode).name as string);
  if (names.length === 0) return undefined;
  const variables = new Set<string>();
  for (const one of statements) addVariables(one, variables);
  return names.find((name, i) => variables.has(name) || names.indexOf(name) !== i);
}

/** Adds the names of all `var`s, however deep in blocks. */
function addVariables(node: SyntaxNode, names: Set<string>): void {
  if (/Function|^Class/.test(node.type)) return;
  if (node.type === "VariableDeclaration" && node.kind === "var") {
    for (const name of declaredBy(node)) names.add(name);
  }
  for (const child of childrenOf(node)) addVariables(child, names);
}
