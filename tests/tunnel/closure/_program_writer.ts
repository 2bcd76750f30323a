import type { Random } from "../../agent/_random.ts";
import { type Piece, Scope, type Variable, type VariableKind } from "./_program_scope.ts";
import { writeClass } from "./_program_classes.ts";

const DATA: readonly VariableKind[] = ["object", "array", "map", "set"];
const CALLED: readonly VariableKind[] = ["function", "async"];
const ANY: readonly VariableKind[] = [
  ...DATA,
  ...CALLED,
  "number",
  "generator",
  "class",
  "symbol",
  "built-in",
  "error",
];

/** Built-ins that a program gives a name of its own, each with a call of it. */
const BUILT_INS = [
  "Math.max",
  "Object.keys",
  "JSON.stringify",
  "parseInt",
  "Array.isArray",
  "Number",
  "isNaN",
  "String",
  "Object.is",
  "encodeURIComponent",
  "Array.from",
  "Math",
  "Map",
  "URL",
  "structuredClone",
  "Object.prototype.toString",
];

/** One program in so many has scopes that only a heap snapshot tells apart, which takes a while. */
const DOUBTFUL = 40;

/** How a program is read. */
export type ProgramMode = "module" | "top" | "typescript" | "sloppy" | "strict";

/** Writes random programs. */
export class ProgramWriter {
  readonly random: Random;
  readonly #isTyped: boolean;
  /** Whether a constant of each scope tells it from others that look alike. */
  readonly #isCalm: boolean;
  /** How many functions and blocks are around what is written. */
  #depth = 0;
  /** How much more may be written. */
  #room = 60;
  #calls = 0;

  constructor(random: Random, mode: ProgramMode) {
    this.random = random;
    this.#isTyped = mode === "typescript";
    this.#isCalm = !this.oneIn(DOUBTFUL);
  }

  /** The statements of a program. They call `call(fn, fuel, ...args)`; `look` is there. */
  program(): Piece[] {
    const scope = new Scope(this.random);
    const pieces: Piece[] = [
      `const n${this.type("any")} = { left: 30 };`,
      "const keep = [];",
      ...this.#marker(),
    ];
    const count = 4 + this.random.below(8);
    for (let i = 0; i < count; i++) pieces.push(...this.#topStatement(scope));
    while (this.#calls < 2) pieces.push(...this.#callStatement(scope));
    if (this.oneIn(2)) pieces.push(...this.#mutation(scope));
    return pieces;
  }

  #marker(): Piece[] {
    return this.#isCalm ? [`const mark${this.type("any")} = [() => mark];`] : [];
  }

  oneIn(count: number): boolean {
    return this.random.below(count) === 0;
  }

  some<T>(list: readonly T[]): T {
    return list[this.random.below(list.length)]!;
  }

  /** A type, in TypeScript only. */
  type(text: string): string {
    return this.#isTyped ? `: ${text}` : "";
  }

  #topStatement(scope: Scope): Piece[] {
    const kind = this.random.below(12);
    if (kind < 2) return this.#callStatement(scope);
    if (kind < 4) return this.#mutation(scope);
    return this.statement(scope, true);
  }

  /** Something that declares, or a block with that in it. */
  statement(scope: Scope, keeps: boolean): Piece[] {
    this.#room--;
    const kinds: ((scope: Scope) => Piece[])[] = [
      (scope) => this.#number(scope),
      (scope) => this.#data(scope),
      (scope) => this.#data(scope),
      (scope) => this.#function(scope),
      (scope) => this.#function(scope),
      (scope) => this.#function(scope),
      (scope) => this.#builtin(scope),
      (scope) => this.#symbol(scope),
      (scope) => this.#functionProperty(scope),
      (scope) => this.#bound(scope),
      (scope) => this.#cycle(scope),
    ];
    if (this.#depth < 3 && this.#room > 0) {
      kinds.push(
        (scope) => this.#factory(scope),
        (scope) => this.#factory(scope),
        (scope) => this.#class(scope),
        (scope) => this.#class(scope),
        (scope) => this.#block(scope, keeps),
        (scope) => this.#block(scope, keeps),
        (scope) => this.#methods(scope),
        (scope) => this.#accessors(scope),
        (scope) => this.#oldClass(scope),
        (scope) => this.#newFunction(scope),
      );
    }
    const pieces = this.some(kinds)(scope);
    const made = keeps && this.oneIn(2) ? scope.pick(["function", "async"]) : undefined;
    return made === undefined ? pieces : [...pieces, `keep.push(${made.name});`];
  }

  // What a value is written as.

  #literal(): string {
    return this.some(["0", "1", "2", "7", "1.5", "-1"]);
  }

  number(scope: Scope): string {
    const variable = this.oneIn(2) ? scope.pick(["number"]) : undefined;
    return variable === undefined
      ? this.#literal()
      : this.oneIn(3)
      ? `${variable.name} + 1`
      : variable.name;
  }

  /** Any value; functions are written out at times. */
  value(scope: Scope): string {
    const kind = this.random.below(10);
    if (kind < 2) return this.number(scope);
    if (kind === 2) return this.some(['"s"', "null", "undefined", "-0", "NaN", "12n", "true"]);
    if (kind === 3) {
      return this.some([
        "new Date(5)",
        "new Map([[1, 2]])",
        "/x/g",
        "[1, , 3]",
        "new Error('own')",
      ]);
    }
    if (kind === 4) return this.#arrow(scope);
    if (kind === 5) return `{ p: ${this.number(scope)}, q: ${this.#arrow(scope)} }`;
    return scope.pick(ANY)?.name ?? this.#literal();
  }

  /** A short function, in an expression. */
  #arrow(scope: Scope): string {
    const used = this.use(scope);
    const assigned = this.oneIn(3) ? scope.pick(["number"], true) : undefined;
    const body = assigned === undefined ? used : `[${assigned.name} += 1, ${used}]`;
    const heads = [
      "(n = { left: 3 }) =>",
      "function (n = { left: 3 })",
      "function own(n = { left: 3 })",
    ];
    const head = this.some(heads);
    const guarded = `--n.left < 0 ? "spent" : ${body}`;
    return head.endsWith("=>") ? `(${head} ${guarded})` : `${head} { return ${guarded}; }`;
  }

  /** An expression that tells something of what a function can see, and calls with the fuel `n`. */
  use(scope: Scope): string {
    const variable = scope.pick(ANY);
    if (variable === undefined) return this.#literal();
    const { name, kind } = variable;
    const isLooked = this.oneIn(3);
    switch (kind) {
      case "number":
        return name;
      case "function":
        return isLooked ? `look(${name}, n)` : `${name}(n${this.#more(scope)})`;
      case "async":
        return `look(${name}, n)`;
      case "generator":
        return isLooked ? `look(${name}, n)` : `[...${name}(n)].length`;
      case "class":
        return isLooked ? `look(${name}, n)` : `look(new ${name}(n), n)`;
      case "symbol":
        return `String(${name})`;
      case "built-in":
        return `look(${name}, n)`;
      case "error":
        return `String(${name}.message)`;
      default: {
        const symbol = kind === "object" && this.oneIn(3) ? scope.pick(["symbol"]) : undefined;
        if (symbol !== undefined) return `look(${name}[${symbol.name}], n)`;
        return `look(${name}, n)`;
      }
    }
  }

  #more(scope: Scope): string {
    return this.oneIn(3) ? `, ${this.number(scope)}` : "";
  }

  // The body of a function.

  /** The statements of a function that has the fuel `n`. It gives a list of texts and numbers. */
  body(outer: Scope, before: readonly Piece[] = [], isGenerator = false): Piece[] {
    this.#depth++;
    const scope = outer.inner();
    const pieces: Piece[] = ['if (--n.left < 0) return "spent";', ...before];
    if (this.#depth < 3) {
      for (let i = this.random.below(3); i > 0; i--) pieces.push(...this.statement(scope, false));
    }
    for (let i = this.random.below(3); i > 0; i--) pieces.push(...this.#mutation(scope));
    const uses = Array.from({ length: 1 + this.random.below(4) }, () => this.use(scope));
    if (this.oneIn(12)) pieces.push(`throw new Error(String(${uses[0]}));`);
    else if (isGenerator) pieces.push(...uses.map((use) => `yield ${use};`));
    else pieces.push(`return [${uses.join(", ")}];`);
    this.#depth--;
    return pieces;
  }

  /** The parameters of a function with the fuel. */
  parameters(scope: Scope): string {
    const fuel = `n${this.type("any")} = { left: 3 }`;
    const more = this.oneIn(4) ? `, q = ${this.number(scope)}` : "";
    const rest = this.oneIn(3) ? `, ...more${this.type("any[]")}` : "";
    return `${fuel}${more}${rest}`;
  }

  // What declares.

  #number(scope: Scope): Piece[] {
    const value = this.number(scope);
    const name = scope.freshName("abcxyz");
    const isLet = !this.oneIn(4);
    scope.declare(name, "number", isLet);
    return [
      `${!isLet ? "const" : !scope.isBlock && this.oneIn(3) ? "var" : "let"} ${name} = ${value};`,
    ];
  }

  #data(scope: Scope): Piece[] {
    const values = Array.from({ length: this.random.below(4) }, () => this.value(scope));
    const kind = this.some(DATA);
    const literal = {
      object: () => {
        const symbol = this.oneIn(4) ? scope.pick(["symbol"]) : undefined;
        const odd = symbol === undefined ? "" : `, [${symbol.name}]: ${this.value(scope)}`;
        const proto = this.oneIn(10) ? "__proto__: null, " : "";
        return `{ ${proto}${values.map((value, i) => `k${i}: ${value}`).join(", ")}${odd} }`
          .replace(/(?<=\{ |, ), /, "");
      },
      array: () => `[${values.join(", ")}]`,
      map: () => `new Map([${values.map((value, i) => `[${i}, ${value}]`).join(", ")}])`,
      set: () => `new Set([${values.join(", ")}])`,
    }[kind as "object" | "array" | "map" | "set"]();
    const name = scope.freshName("adomu");
    const isLet = this.oneIn(3);
    scope.declare(name, kind, false);
    return [`${isLet ? "let" : "const"} ${name}${this.type("any")} = ${literal};`];
  }

  #function(scope: Scope): Piece[] {
    const kind = this.random.below(9);
    const parameters = this.parameters(scope);
    const name = scope.freshName("fghk");
    // It can call itself.
    const body = (before: readonly Piece[] = [], isGenerator = false): Piece[] => {
      const inner = scope.inner();
      if (this.oneIn(2)) {
        inner.declare(name, kind === 8 ? "generator" : kind === 7 ? "async" : "function");
      }
      return this.body(inner, before, isGenerator);
    };
    const any = this.type("any");
    const one = (head: string, tail: string): Piece[] => [{ head, body: body(), tail }];
    const done = (kind: VariableKind, isLet: boolean, pieces: Piece[]): Piece[] => {
      scope.declare(name, kind, isLet);
      return pieces;
    };
    const isLet = this.oneIn(4);
    const keyword = isLet ? "let" : "const";
    switch (kind) {
      case 0:
      case 1:
        return done("function", false, one(`function ${name}(${parameters})${any} {`, "}"));
      case 2:
      case 3:
        return done(
          "function",
          isLet,
          one(`${keyword} ${name} = (${parameters})${any} => {`, "};"),
        );
      case 4:
        return done(
          "function",
          isLet,
          one(`${keyword} ${name} = function (${parameters})${any} {`, "};"),
        );
      case 5: {
        // A function expression with a name of its own, which it uses.
        const own = this.some(["self", name]);
        const uses = this.oneIn(2) ? [`if (n.left > 6) ${own}(n);`] : [];
        const inner = scope.inner();
        return done("function", isLet, [{
          head: `${keyword} ${name} = function ${own}(${parameters})${any} {`,
          body: this.body(inner, uses),
          tail: "};",
        }]);
      }
      case 6:
        return done("function", isLet, [{
          head: `${keyword} { m: ${name} }${any} = {`,
          body: [{ head: `m(${parameters})${any} {`, body: body(), tail: "}," }],
          tail: "};",
        }]);
      case 7:
        return done("async", isLet, [{
          head: `${keyword} ${name} = async (${parameters}) => {`,
          body: body(this.oneIn(2) ? ["await 0;"] : []),
          tail: "};",
        }]);
      default:
        return done("generator", false, [{
          head: `function* ${name}(${parameters})${any} {`,
          body: body([], true),
          tail: "}",
        }]);
    }
  }

  #builtin(scope: Scope): Piece[] {
    const name = scope.freshName("bij");
    scope.declare(name, "built-in");
    return [`const ${name} = ${this.some(BUILT_INS)};`];
  }

  #symbol(scope: Scope): Piece[] {
    const name = scope.freshName("st");
    scope.declare(name, "symbol");
    const made = ['Symbol("own")', "Symbol()", 'Symbol.for("shared")', "Symbol.toStringTag"];
    return [`const ${name} = ${this.some(made)};`];
  }

  #functionProperty(scope: Scope): Piece[] {
    const fn = scope.pick(["function", "class", "async"]);
    if (fn === undefined) return this.#function(scope);
    const { name } = fn;
    const symbol = scope.pick(["symbol"])?.name ?? '"x"';
    const as = this.#isTyped ? `(${name} as any)` : name;
    return [
      this.some([
        () => `${as}.p = ${this.value(scope)};`,
        () => `${as}[${symbol}] = ${this.value(scope)};`,
        () =>
          `Object.defineProperty(${name}, "hidden", { value: ${
            this.value(scope)
          }, configurable: true });`,
        () =>
          `Object.defineProperty(${name}, "acc", { get: () => --n.left < 0 ? "spent" : ${
            this.use(scope)
          }, configurable: true });`,
        () => `Object.defineProperty(${name}, "name", { value: "named" });`,
        () => `Object.defineProperty(${name}, "length", { value: 9 });`,
        () => `Object.${this.some(["freeze", "seal", "preventExtensions"])}(${name});`,
        () => `Object.setPrototypeOf(${name}, ${this.#prototype(scope)});`,
        () =>
          `if (${name}.prototype) Object.assign(${name}.prototype, { added: ${
            this.value(scope)
          } });`,
        () =>
          `if (${name}.prototype) Object.setPrototypeOf(${name}.prototype, { up: ${
            this.value(scope)
          } });`,
      ])(),
    ];
  }

  /** Does something with a method of a class. */
  #member(scope: Scope, made: string): Piece[] {
    const method = `(${made}.prototype?.m1 ?? ${made}.m2 ?? ${made})`;
    return this.some([
      () => [`${method}.p = ${this.value(scope)};`],
      () => [`Object.assign(${made}, { m1: ${method} });`],
      () => [`Object.${this.some(["freeze", "seal"])}(${method});`],
      () => {
        const value = scope.pick(DATA);
        return value === undefined ? [`${method}.q = 1;`] : [this.put(value, method)];
      },
    ])();
  }

  #prototype(scope: Scope): string {
    const parent = scope.pick(["function"])?.name;
    return this.some([
      parent ?? "Function.prototype",
      `Object.assign(() => {}, { inherited: ${this.number(scope)} })`,
      `{ __proto__: Function.prototype, inherited: ${this.#arrow(scope)} }`,
    ]);
  }

  #bound(scope: Scope): Piece[] {
    const target = scope.pick(["function"]);
    if (target === undefined) return this.#function(scope);
    const self = this.oneIn(2) ? "null" : this.value(scope);
    const args = this.oneIn(2) ? "" : `, n, ${this.value(scope)}`;
    const name = scope.freshName("fghk");
    scope.declare(name, "function");
    return [`const ${name} = ${target.name}.bind(${self}${args});`];
  }

  #cycle(scope: Scope): Piece[] {
    const data = scope.pick(DATA);
    if (data === undefined) return this.#data(scope);
    return [this.put(data, data.name)];
  }

  /** A statement that puts a value into data. */
  put({ name, kind }: Variable, value: string): string {
    switch (kind) {
      case "map":
        return `${name}.set(${this.some(['"k"', "0", "1"])}, ${value});`;
      case "set":
        return `${name}.add(${value});`;
      case "array":
        return `${name}.push(${value});`;
      default:
        return `${name}.${this.some(["k0", "k1", "z"])} = ${value};`;
    }
  }

  #class(scope: Scope): Piece[] {
    this.#depth++;
    const piece = writeClass(this, scope);
    this.#depth--;
    const name = piece.head.split(" ")[1]!;
    const as = this.#isTyped ? `(${name} as any)` : name;
    return [piece, ...this.oneIn(3) ? this.#member(scope, as) : []];
  }

  /** Closures that share variables, made once or twice. */
  #factory(scope: Scope): Piece[] {
    const name = scope.freshName("FGH");
    const inner = scope.inner();
    const pieces: Piece[] = [...this.#marker()];
    this.#depth++;
    inner.declare("v", "number");
    const count = 1 + this.random.below(2);
    for (let i = 0; i < count; i++) pieces.push(...this.#number(inner), ...this.#maybe(inner));
    const assigned = inner.pick(["number"], true)?.name;
    const setter = assigned === undefined ? "v" : `${assigned} += 1`;
    const any = this.type("any");
    const members: Piece[] = [
      { head: `get: (n${any} = { left: 3 }) => {`, body: this.body(inner), tail: "}," },
      {
        head: `set(n${any} = { left: 3 })${any} {`,
        body: this.body(inner, [`${setter};`]),
        tail: "},",
      },
      `add: function (n${any} = { left: 3 }) { return [${setter}, ${this.use(inner)}]; },`,
    ];
    pieces.push({ head: "return {", body: members, tail: "};" });
    this.#depth--;
    const made: Piece[] = [{
      head: `function ${name}(v${any} = 0)${any} {`,
      body: pieces,
      tail: "}",
    }];
    scope.declare(name, "factory");
    const argument = this.number(scope);
    const calls = 1 + this.random.below(3);
    for (let i = 0; i < calls; i++) {
      const given = this.oneIn(2) ? argument : this.number(scope);
      if (this.oneIn(3)) {
        const object = scope.freshName("adomu");
        scope.declare(object, "object");
        made.push(`const ${object} = ${name}(${given});`);
        continue;
      }
      const [get, set] = [scope.freshName("fghk"), scope.freshName("fghk")];
      const parts = this.some([["get", "set"], ["add", "get"], ["set", "add"]]);
      scope.declare(get, "function");
      scope.declare(set, "function");
      made.push(`const { ${parts[0]}: ${get}, ${parts[1]}: ${set} } = ${name}(${given});`);
      if (this.oneIn(3)) made.push(`${set}(n);`);
    }
    return made;
  }

  #maybe(scope: Scope): Piece[] {
    return this.oneIn(3) ? this.statement(scope, false) : [];
  }

  /** A block of some kind, out of which functions get by `keep`. */
  #block(outer: Scope, keeps: boolean): Piece[] {
    this.#depth++;
    const scope = outer.inner(true);
    const declare = (name: string, isLet = true): string => {
      scope.declare(name, "number", isLet && !this.#isCalm);
      return name;
    };
    const own = scope.freshName("abcxyz");
    const any = this.type("any");
    const [head, tail] = this.some<() => [string, string]>([
      () => ["{", "}"],
      () => [`for (let ${declare(own)} = 0; ${own} < 2; ${own}++) {`, "}"],
      () => [`for (const ${declare(own, false)} of [1, 2]) {`, "}"],
      () => [`for (let ${declare(own)} of [1, 1]) {`, "}"],
      () => [`switch (1) { case 0: case 1:`, "}"],
      () => ["try {", "} finally {}"],
      () => {
        scope.declare(own, "error");
        return [`try { throw new Error("caught"); } catch (${own}${any}) {`, "}"];
      },
      () => [`try { throw 3; } catch (${declare(own)}${any}) {`, "}"],
      () => ["(() => {", "})();"],
      () => [`((${declare(own)}${any}) => {`, "})(1);"],
      () => ["(function () {", "})();"],
      () => ["new (class Blocky { static { ", "} })();"],
      () => ["do {", "} while (false);"],
      () => ["if (true) {", "}"],
    ])();
    const body: Piece[] = [...this.#marker()];
    for (let i = 1 + this.random.below(3); i > 0; i--) body.push(...this.statement(scope, keeps));
    body.push(...this.#mutation(scope));
    if (keeps) {
      const made = scope.pick(CALLED);
      if (made !== undefined) body.push(`keep.push(${made.name});`);
    }
    // A function of the block may get into a variable around it.
    const target = outer.pick(["function"], true);
    const source = target === undefined ? undefined : scope.pick(["function"]);
    if (target !== undefined && source !== undefined) body.push(`${target.name} = ${source.name};`);
    this.#depth--;
    return [{ head, body, tail }];
  }

  /** An object with methods, some of which are taken out of it. */
  #methods(scope: Scope): Piece[] {
    const name = scope.freshName("adomu");
    const any = this.type("any");
    const inner = scope.inner();
    const members: Piece[] = [
      `v: ${this.value(scope)},`,
      { head: `m1(n${any} = { left: 3 })${any} {`, body: this.body(inner), tail: "}," },
      { head: `m2: (n${any} = { left: 3 })${any} => {`, body: this.body(inner), tail: "}," },
      { head: `*gen(n${any} = { left: 3 })${any} {`, body: this.body(inner, [], true), tail: "}," },
      {
        head: `["co" + "mputed"](n${any} = { left: 3 })${any} {`,
        body: this.body(inner),
        tail: "},",
      },
      `who(n${any})${any} { return typeof this; },`,
    ].filter(() => !this.oneIn(3));
    scope.declare(name, "object");
    return [{ head: `const ${name}${any} = {`, body: members, tail: "};" }];
  }

  #accessors(scope: Scope): Piece[] {
    const name = scope.freshName("adomu");
    const counter = scope.pick(["number"], true)?.name;
    const piece: Piece = {
      head: `const ${name}${this.type("any")} = {`,
      body: [
        `get g()${this.type("any")} { return ${counter === undefined ? 1 : `${counter}++`}; },`,
        `plain: ${this.value(scope)},`,
        `set g(value) { ${counter === undefined ? "" : `${counter} = 5;`} },`,
        `get [${this.some(['"k" + 1', "Symbol.for('acc')"])}]() { return ${this.number(scope)}; },`,
      ],
      tail: "};",
    };
    scope.declare(name, "object");
    return [piece];
  }

  /** A class as they were written before there were classes. */
  #oldClass(scope: Scope): Piece[] {
    const any = this.#isTyped ? "this: any, " : "";
    const parent = scope.pick(["class"])?.name;
    const member = this.#arrow(scope);
    const value = this.number(scope);
    const name = scope.freshName("AB");
    const isReplaced = this.oneIn(2);
    const shared = isReplaced && this.oneIn(3) ? scope.pick(["class", "object"]) : undefined;
    scope.declare(name, "class");
    const as = this.#isTyped ? `(${name} as any)` : name;
    return [
      `function ${name}(${any}n${this.type("any")}) { this.own = ${value}; }`,
      ...isReplaced
        ? [
          `${as}.prototype = ${
            shared?.kind === "class"
              ? `${shared.name}.prototype`
              : shared !== undefined
              ? shared.name
              : parent === undefined
              ? "{}"
              : `Object.create(${parent}.prototype)`
          };`,
        ]
        : [],
      ...isReplaced && shared?.kind !== "class" && this.oneIn(2)
        ? [`${as}.prototype.constructor = ${name};`]
        : [],
      `${as}.prototype.m = ${member};`,
      ...this.oneIn(2) ? [`${as}.make = ${this.value(scope)};`] : [],
    ];
  }

  /** A sloppy function without a scope. */
  #newFunction(scope: Scope): Piece[] {
    const name = scope.freshName("fghk");
    scope.declare(name, "function");
    return [
      `const ${name}${this.type("any")} = new Function("n", ${
        this.some([
          "'return [typeof this, typeof n]'",
          "'return [this === globalThis, arguments.length]'",
          "'\"use strict\"; return [typeof this, arguments.length]'",
          "'with ({ w: 3 }) return [w]'",
          "'return [(function () { return typeof this; })()]'",
        ])
      });`,
    ];
  }

  // What changes things.

  #mutation(scope: Scope): Piece[] {
    const kind = this.random.below(10);
    if (kind < 4) {
      const number = scope.pick(["number"], true);
      if (number !== undefined) {
        return [
          `${number.name} ${
            this.some(["++", `+= ${this.#literal()}`, `= ${this.number(scope)}`, "+= 10"])
          };`,
        ];
      }
    }
    if (kind < 7) {
      const data = scope.pick(DATA);
      if (data !== undefined) return [this.put(data, this.value(scope))];
    }
    if (kind < 9) {
      const target = scope.pick(["function"], true);
      const source = scope.pick(["function"]);
      if (target !== undefined && source !== undefined) return [`${target.name} = ${source.name};`];
    }
    const fn = scope.pick(["function", "class"]);
    if (fn === undefined) return [];
    const as = this.#isTyped ? `(${fn.name} as any)` : fn.name;
    return [`${as}.count = (${as}.count ?? 0) + 1;`];
  }

  // Calls.

  #callStatement(scope: Scope): Piece[] {
    const call = (): string => {
      this.#calls++;
      const named = this.oneIn(3) ? undefined : scope.pick(CALLED)?.name;
      const fn = named ??
        (this.oneIn(6) ? this.#arrow(scope) : `keep[${this.random.below(9)} % keep.length]`);
      const args = Array.from({ length: this.random.below(3) }, () => this.value(scope));
      const argument = this.oneIn(3) ? `, keep[${this.random.below(9)} % keep.length]` : "";
      return `call(${
        [fn, `{ left: ${10 + this.random.below(25)} }`, ...args].join(", ")
      }${argument})`;
    };
    const first = call();
    const after = this.oneIn(2) ? this.#mutation(scope) : [];
    switch (this.random.below(4)) {
      case 0:
        return [
          `await Promise.all([${first}, ${call()}${this.oneIn(3) ? `, ${call()}` : ""}]);`,
          ...after,
        ];
      case 1:
        return [`await ${first};`, ...after];
      default:
        return [`${first};`, ...after];
    }
  }
}
