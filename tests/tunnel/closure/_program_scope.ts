import type { Random } from "../../agent/_random.ts";

/** A piece of a program: a statement, or one with others in it. It can be left out. */
export type Piece = string | Block;

/** A piece with others in it. */
export interface Block {
  readonly head: string;
  readonly body: readonly Piece[];
  readonly tail: string;
}

/** The text of pieces. */
export function printed(pieces: readonly Piece[], indent = ""): string {
  return pieces.map((piece) =>
    typeof piece === "string"
      ? `${indent}${piece}\n`
      : `${indent}${piece.head}\n${printed(piece.body, `${indent}  `)}${indent}${piece.tail}\n`
  ).join("");
}

/** What a variable holds. */
export type VariableKind =
  | "number"
  | "object"
  | "array"
  | "map"
  | "set"
  | "function"
  | "async"
  | "generator"
  | "class"
  | "symbol"
  | "built-in"
  | "error"
  | "factory";

export interface Variable {
  readonly name: string;
  readonly kind: VariableKind;
  /** Whether it may be assigned to. */
  readonly isLet: boolean;
}

/** The variables that can be used at a place of a program. */
export class Scope {
  readonly parent: Scope | undefined;
  /** Whether it is a block, in which a `var` may be at odds with what is around it. */
  readonly isBlock: boolean;
  readonly #random: Random;
  readonly #own = new Map<string, Variable>();
  /** Names of variables around this scope that have been used in it: it declares none of them. */
  readonly #used = new Set<string>();

  constructor(random: Random, parent?: Scope, isBlock = false) {
    this.#random = random;
    this.isBlock = isBlock;
    this.parent = parent;
  }

  inner(isBlock = false): Scope {
    return new Scope(this.#random, this, isBlock);
  }

  /** A name for a new variable: often that of one in a scope around. */
  freshName(prefixes: string): string {
    for (let i = 0;; i++) {
      const prefix = prefixes[this.#random.below(prefixes.length)]!;
      const name = i < 8 ? prefix : `${prefix}${i}`;
      if (!this.#own.has(name) && !this.#used.has(name)) {
        this.#used.add(name);
        return name;
      }
    }
  }

  declare(name: string, kind: VariableKind, isLet = false): Variable {
    const variable = { name, kind, isLet };
    this.#own.set(name, variable);
    return variable;
  }

  /** Some variable of one of these kinds that can be seen from here. */
  pick(kinds: readonly VariableKind[], onlyLet = false): Variable | undefined {
    const seen = new Set<string>();
    const found: Variable[] = [];
    // deno-lint-ignore no-this-alias -- it goes up from here
    for (let scope: Scope | undefined = this; scope !== undefined; scope = scope.parent) {
      for (const variable of scope.#own.values()) {
        if (seen.has(variable.name)) continue;
        seen.add(variable.name);
        if (kinds.includes(variable.kind) && (variable.isLet || !onlyLet)) found.push(variable);
      }
    }
    const picked = found[this.#random.below(found.length)];
    if (picked !== undefined) this.#use(picked.name);
    return picked;
  }

  #use(name: string): void {
    // deno-lint-ignore no-this-alias -- it goes up from here
    for (let scope: Scope | undefined = this; scope !== undefined; scope = scope.parent) {
      if (scope.#own.has(name)) return;
      scope.#used.add(name);
    }
  }
}
