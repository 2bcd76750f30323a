import {
  declareBlock,
  declarePattern,
  declareVars,
  isNode,
  parse,
  type SyntaxNode,
} from "./syntax.ts";

/** A scope in the source of a script. */
export interface SourceScope {
  /** Where it begins: no other scope of the script begins there. */
  readonly start: number;
  /** The names that it declares. */
  readonly names: ReadonlySet<string>;
  /**
   * Those of them that hold something which was made for this very scope, and cannot be assigned
   * to: constants of a function, an object or an array that is written out, for one.
   */
  readonly fresh: ReadonlySet<string>;
  /**
   * Whether its code runs once: it is in no function, but one that is called where it is written,
   * and in no loop.
   */
  readonly isOnce: boolean;
}

/** Parses a script, whichever kind it is; `undefined` for what is not JavaScript. */
function parseScript(source: string): SyntaxNode | undefined {
  for (const type of ["module", "script", "commonjs"] as const) {
    try {
      return parse(source, type);
    } catch {
      // Then it is of another type.
    }
  }
  return undefined;
}

/** What is known of a script, by positions in it where functions begin. */
interface KnownScript {
  readonly program: SyntaxNode | undefined;
  readonly nodes: Map<number, readonly SyntaxNode[]>;
  readonly scopes: Map<number, readonly SourceScope[]>;
  /** Whether a name is that of a constant, by the position and the name. */
  readonly constants: Map<string, boolean>;
}

const knownScripts = new Map<string, KnownScript>();

function knownScript(source: string): KnownScript {
  let known = knownScripts.get(source);
  if (known === undefined) {
    known = {
      program: parseScript(source),
      nodes: new Map(),
      scopes: new Map(),
      constants: new Map(),
    };
    knownScripts.set(source, known);
  }
  return known;
}

/** The statements of a script; none if it is not JavaScript, such as what V8 compiles for Node. */
export function statementsOf(source: string): readonly SyntaxNode[] {
  return (knownScript(source).program?.body ?? []) as readonly SyntaxNode[];
}

/** The nodes around a position of a script, from the inside out. */
export function nodesAround(source: string, offset: number): readonly SyntaxNode[] {
  const { program, nodes } = knownScript(source);
  const known = nodes.get(offset);
  if (known !== undefined) return known;
  const around: SyntaxNode[] = [];
  let node = program;
  while (node !== undefined) {
    around.unshift(node);
    node = childrenOf(node).find(({ start, end }) => start <= offset && offset < end);
  }
  nodes.set(offset, around);
  return around;
}

/**
 * The scopes around a function that begins at `offset`, from the inside out, without the script's
 * own.
 */
export function sourceScopes(source: string, offset: number): readonly SourceScope[] {
  const { scopes } = knownScript(source);
  const known = scopes.get(offset);
  if (known !== undefined) return known;
  // The function itself, and what is in its head, are not around it.
  const around = nodesAround(source, offset).filter(({ start }) => start < offset);
  const found = around.flatMap((node, i) => {
    const names = namesOf(node, around[i + 1]);
    if (names === undefined) return [];
    const scope = {
      start: node.start,
      names,
      fresh: freshOf(node),
      isOnce: isOnce(around.slice(i)),
    };
    return hasOwnBodyScope(node) ? splitBody(node, scope, offset) : [scope];
  });
  scopes.set(offset, found);
  return found;
}

/**
 * Whether the parameters of a function have a scope of their own: if not all of them are mere
 * names.
 */
function hasOwnBodyScope(node: SyntaxNode): boolean {
  return isFunction(node) && (node.body as SyntaxNode).type === "BlockStatement" &&
    (node.params as SyntaxNode[]).some(({ type }) => type !== "Identifier");
}

/**
 * The scopes of the body and of the parameters of a function, as far as they are around `offset`.
 */
function splitBody(node: SyntaxNode, scope: SourceScope, offset: number): SourceScope[] {
  const body = node.body as SyntaxNode;
  const names = new Set<string>();
  for (const param of node.params as SyntaxNode[]) declarePattern(param, names);
  const ofParameters = { ...scope, names, fresh: new Set<string>() };
  if (offset < body.start) return [ofParameters];
  const ofBody = new Set<string>();
  declareVars(body, ofBody);
  declareBlock(body.body as SyntaxNode[], ofBody);
  return [{ ...scope, start: body.start, names: ofBody }, ofParameters];
}

/** Whether a name, as a function that begins at `offset` sees it, is that of a constant. */
export function isConstant(source: string, offset: number, name: string): boolean {
  const { constants } = knownScript(source);
  const key = `${offset} ${name}`;
  const known = constants.get(key);
  if (known !== undefined) return known;
  const found = findConstant(source, offset, name);
  constants.set(key, found);
  return found;
}

function findConstant(source: string, offset: number, name: string): boolean {
  const around = nodesAround(source, offset).filter(({ start }) => start < offset);
  for (const [i, node] of around.entries()) {
    const isProgram = node.type === "Program";
    if (!isProgram && !namesOf(node, around[i + 1])?.has(name)) continue;
    const block = isFunction(node) ? node.body as SyntaxNode : node;
    const statements = [
      ...Array.isArray(block.body) ? block.body as SyntaxNode[] : [],
      ...[node.init, node.left].filter(isNode),
    ].map((one) => one.type === "ExportNamedDeclaration" ? one.declaration ?? one : one);
    return (statements as SyntaxNode[]).some((one) => {
      if (one.type !== "VariableDeclaration" || one.kind !== "const") return false;
      const names = new Set<string>();
      declareBlock([one], names);
      return names.has(name);
    });
  }
  return false;
}

/** What a node declares, if it is a scope. The block of a function is one with the function. */
function namesOf(node: SyntaxNode, parent: SyntaxNode | undefined): Set<string> | undefined {
  const names = new Set<string>();
  if (isFunction(node)) {
    for (const param of node.params as SyntaxNode[]) declarePattern(param, names);
    const body = node.body as SyntaxNode;
    if (body.type === "BlockStatement") {
      declareVars(body, names);
      declareBlock(body.body as SyntaxNode[], names);
    }
    return names;
  }
  switch (node.type) {
    case "BlockStatement":
      if (parent !== undefined && isFunction(parent)) return undefined;
      declareBlock(node.body as SyntaxNode[], names);
      return names;
    case "StaticBlock":
      declareVars(node, names);
      declareBlock(node.body as SyntaxNode[], names);
      return names;
    case "ForStatement":
      if (isNode(node.init)) declareBlock([node.init], names);
      return names;
    case "ForInStatement":
    case "ForOfStatement":
      declareBlock([node.left as SyntaxNode], names);
      return names;
    case "SwitchStatement":
      for (const one of node.cases as SyntaxNode[]) {
        declareBlock(one.consequent as SyntaxNode[], names);
      }
      return names;
    case "CatchClause":
      declarePattern(node.param as SyntaxNode | null, names);
      return names;
    case "ClassDeclaration":
    case "ClassExpression":
      if (isNode(node.id)) names.add(node.id.name as string);
      return names;
    default:
      return undefined;
  }
}

/** Expressions that give a new object each time. */
const MAKES =
  /^(?:FunctionExpression|ArrowFunctionExpression|ClassExpression|ObjectExpression|ArrayExpression|NewExpression)$/;

function freshOf(node: SyntaxNode): Set<string> {
  const block = isFunction(node) ? node.body as SyntaxNode : node;
  const fresh = new Set<string>();
  for (const statement of Array.isArray(block.body) ? block.body as SyntaxNode[] : []) {
    if (statement.type !== "VariableDeclaration" || statement.kind !== "const") continue;
    for (const { id, init } of statement.declarations as SyntaxNode[]) {
      const isMade = isNode(init) && MAKES.test(init.type);
      if (isMade && (id as SyntaxNode).type === "Identifier") {
        fresh.add((id as SyntaxNode).name as string);
      }
    }
  }
  return fresh;
}

/** Whether the first of `nodes` runs once; the others are around it. */
function isOnce(nodes: readonly SyntaxNode[]): boolean {
  return nodes.every((node, i) => {
    if (/^(?:For|While|DoWhile)/.test(node.type) || node.type === "StaticBlock") return false;
    if (/Class/.test(node.type)) return false;
    if (!isFunction(node)) return true;
    const parent = nodes[i + 1];
    return parent?.type === "CallExpression" && parent.callee === node && node.generator !== true;
  });
}

function isFunction(node: SyntaxNode): boolean {
  return /Function/.test(node.type);
}

function childrenOf(node: SyntaxNode): SyntaxNode[] {
  return Object.values(node).flat().filter(isNode);
}
