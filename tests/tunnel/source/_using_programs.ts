import vm from "node:vm";
import { seeded } from "../../codec/_random.ts";

/** The tools of a program. Their use is all that can be observed of it. */
interface Tools {
  /** Logs an event. */
  log(text: unknown): void;
  /** Makes a value for a declaration. Some values have faults. */
  make(name: string, kind: number): unknown;
  /** Decides whether to do something now. */
  chance(): boolean;
  /** Throws. */
  fail(text: string): never;
}

/** The kinds of values of {@linkcode Tools.make}. */
const KINDS = 14;

function tools(log: (text: unknown) => void): Tools {
  const random = seeded(1);
  const fail = (text: string): never => {
    throw new Error(text);
  };
  const make = (name: string, kind: number): unknown => {
    log(`make ${name}`);
    const over = (): void => log(`dispose of ${name}`);
    const faulty = (): void => {
      over();
      fail(`fault of ${name}`);
    };
    const later = async (ticks: number): Promise<void> => {
      over();
      while (ticks-- > 0) await null;
      log(`disposed of ${name}`);
    };
    switch (kind) {
      case 0:
        return { name, [Symbol.dispose]: faulty, [Symbol.asyncDispose]: faulty };
      case 1:
        return { name, [Symbol.dispose]: faulty };
      case 2:
        return {
          name,
          [Symbol.dispose]: over,
          [Symbol.asyncDispose]: async () => (await later(2), fail(`late fault of ${name}`)),
        };
      case 3:
        return null;
      case 4:
        return undefined;
      case 5:
        return 5;
      case 6:
        return { name };
      case 7:
        return { name, [Symbol.dispose]: 1 };
      case 8:
        return { name, [Symbol.dispose]: over, [Symbol.asyncDispose]: null };
      case 9:
        return { name, [Symbol.dispose]: () => later(2) };
      case 10:
        return Object.assign(() => {}, { [Symbol.dispose]: over });
      default:
        return {
          name,
          [Symbol.dispose](this: { readonly name: string }): void {
            log(`${this.name} disposes of itself`);
          },
          [Symbol.asyncDispose]: () => later(kind - KINDS + 3),
        };
    }
  };
  return { log, make, chance: () => random(3) === 0, fail };
}

/** Describes an error, with the errors that it suppressed. */
export function describe(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { name, message } = error;
  if (!("suppressed" in error)) return `${name}: ${message}`;
  const { error: later, suppressed } = error as SuppressedError;
  return [name, message, describe(later), describe(suppressed)];
}

/** Runs a program, and gives all that it logged, with the microtask of each event. */
export async function run(source: string, kind: "js" | "cjs" = "js"): Promise<unknown[]> {
  const seen: unknown[] = [];
  let tick = 0;
  let isOver = false;
  const own = tools((text) => seen.push(`${tick} ${text}`));
  const counting = (async () => {
    for (; !isOver && tick < 100_000; tick++) await null;
  })();
  try {
    if (kind === "cjs") {
      const fn = vm.compileFunction(source, ["tools"]);
      seen.push(fn(own));
    } else {
      const module = new vm.SourceTextModule(source, {
        initializeImportMeta: (meta) => Object.assign(meta, { tools: own }),
      });
      await module.link(() => {
        throw new Error("There is nothing to import");
      });
      await module.evaluate();
      for (const [name, value] of Object.entries(module.namespace)) {
        seen.push(`${name} is ${typeof value === "function" ? value.name : describe(value)}`);
      }
    }
  } catch (error) {
    seen.push(describe(error));
  }
  // Functions that it started may still run.
  for (let i = 0; i < 100; i++) await null;
  isOver = true;
  await counting;
  return seen;
}

/** The surroundings of a statement. */
interface Place {
  readonly depth: number;
  readonly isAsync: boolean;
  readonly isGenerator: boolean;
  /** Whether it is in a function. */
  readonly mayReturn: boolean;
  /** The labels around it, without those of loops. */
  readonly labels: readonly string[];
  readonly loops: readonly string[];
}

/** Makes programs of nested scopes with `using` declarations. */
export class Programs {
  readonly #random: (limit: number) => number;
  #names = 0;

  constructor(seed: number) {
    this.#random = seeded(seed);
  }

  /** Makes a module. */
  module(): string {
    this.#names = 0;
    const place: Place = {
      depth: 0,
      isAsync: true,
      isGenerator: false,
      mayReturn: false,
      labels: [],
      loops: [],
    };
    const statements = this.#statements(place, 3 + this.#random(5));
    const exported = [
      (name: string) => `export const ${name} = make("${name}", 12)`,
      (name: string) =>
        `export let { ${name}, other: [${name}b = () => {}] = [] } = { ${name}: ${this.#value()} }`,
      (name: string) => `export class ${name} { static a = ${this.#value()}; }`,
      (name: string) =>
        `export function ${name}() {${this.#statements({ ...place, isAsync: false }, 1)}}`,
      (name: string) => `function ${name}() {}\nexport { ${name} as "the ${name}" };`,
      (name: string) => `class ${name} {}\nexport { ${name} };`,
      () =>
        ["export default class {}", "export default () => {}", "export default (1, 2)"][
          this.#random(3)
        ]!,
    ];
    for (const make of exported) {
      if (this.#random(2) > 0) {
        statements.splice(this.#random(statements.length + 1), 0, make(this.#name()));
      }
    }
    // By then, everything that functions refer to has been declared.
    return `const { log, make, chance, fail } = import.meta.tools;\n${statements.join("\n")}\n`;
  }

  #name(): string {
    return `v${this.#names++}`;
  }

  #pick<T>(from: readonly T[]): T {
    return from[this.#random(from.length)]!;
  }

  /** Most values have no fault, so that programs get far. */
  #make(name: string): string {
    const kind = this.#random(4) === 0 ? this.#random(KINDS) : KINDS - 3 + this.#random(3);
    return `make("${name}", ${kind})`;
  }

  #value(): string {
    return this.#pick(["1", "null", "chance()", "log('value')", "[() => 1][0]()"]);
  }

  #keyword({ isAsync }: Place): string {
    return isAsync && this.#random(2) > 0 ? "await using" : "using";
  }

  #block(place: Place): string {
    const inner = { ...place, depth: place.depth + 1 };
    return `{${this.#pick(["", "\n", " "])}${
      this.#statements(inner, this.#random(4)).join(this.#pick(["\n", "\n  "]))
    }${this.#pick(["", "\n"])}}`;
  }

  #statements(place: Place, count: number): string[] {
    return Array.from({ length: count }, () => this.#statement(place));
  }

  #statement(place: Place): string {
    const { isAsync, isGenerator, mayReturn, labels, loops } = place;
    const name = this.#name();
    const choices: (() => string)[] = [
      () => this.#declaration(place),
      () => this.#declaration(place),
      () => this.#declaration(place),
      () => `log("${name}");`,
      () => `log("${name}")`,
      () => `if (chance()) fail("${name}");`,
    ];
    if (isAsync) choices.push(() => `await null;`);
    if (isGenerator) choices.push(() => `log(yield "${name}");`);
    if (mayReturn) choices.push(() => `if (chance()) return log("return"), "${name}";`);
    for (const label of [...labels, ...loops]) choices.push(() => `if (chance()) break ${label};`);
    for (const label of loops) choices.push(() => `if (chance()) continue ${label};`);
    if (place.depth < 5) {
      choices.push(
        () => this.#block(place),
        // At the top level of a module without a `try`, a closure could see a variable that has no
        // value yet, or a new one.
        () => place.depth === 0 && !place.mayReturn ? this.#block(place) : this.#closure(place),
        () => `${name}: ${this.#block({ ...place, labels: [...labels, name] })}`,
        () => this.#loop(place),
        () => this.#loop(place),
        () => this.#function(place),
        () => this.#function(place),
        () => `class ${name} { static ${this.#block(staticBlock(place))} }`,
        () => `switch (1) { case 1: ${this.#block(place)} default: log("${name}") }`,
        () =>
          `try ${this.#block(place)} catch ({ message }) { log(message);${
            this.#statement({ ...place, depth: place.depth + 1 })
          } } finally ${this.#block({ ...place, depth: place.depth + 2 })}`,
      );
    }
    return this.#pick(choices)();
  }

  #declaration(place: Place): string {
    const names = Array.from({ length: 1 + this.#random(2) }, () => this.#name());
    const list = names.map((name) => `${name} = ${this.#make(name)}`).join(
      this.#pick([", ", ",\n"]),
    );
    const end = this.#pick([";", "", `; log(${names[0]} === undefined)`, "\n;[].length"]);
    return `${this.#keyword(place)} ${list}${end}`;
  }

  /** A function that uses a variable before and after its declaration. */
  #closure(place: Place): string {
    const [name, value] = [this.#name(), this.#name()];
    return `log(typeof ${name}());
      function ${name}() { try { return ${value} } catch (error) { return error.name } }
      ${this.#keyword(place)} ${value} = ${this.#make(value)}
      log(typeof ${name}())
      try { ${value} = 1 } catch (error) { log(error.name) }`;
  }

  #loop(place: Place): string {
    const [label, name] = [this.#name(), this.#name()];
    const { isAsync } = place;
    const inner = { ...place, depth: place.depth + 1, loops: [...place.loops, label] };
    const keyword = this.#keyword(place);
    const list = `[${this.#make(name)}, ${this.#make(name)}]`;
    const body = this.#pick([
      () => this.#block(inner),
      () => `log("${name}");`,
      () => `{ let ${name} = 1; ${this.#declaration(place)} }`,
    ])();
    return this.#pick([
      () => `${label}: for (let ${name} = 0; ${name} < 2; ${name}++) ${body}`,
      () => `${label}: for (const ${name} in { a: 1, b: 2 }) ${body}`,
      () => `${label}: for (${keyword} ${name} of ${list}) ${body}`,
      () => `${label}: for (${keyword} ${name} of ${list}) ${body}`,
      () => `${label}: for ${isAsync ? "await " : ""}(${keyword} ${name} of ${list}) ${body}`,
      () =>
        `other${label}: ${label}: for (${keyword} ${name} = ${this.#make(name)}, b${name} = ${
          this.#make("b")
        }; chance(); log("next")) ${body}`,
    ])();
  }

  #function(place: Place): string {
    const name = this.#name();
    const isAsync = this.#random(2) > 0;
    const isGenerator = this.#random(3) === 0;
    const inner = { ...place, isAsync, isGenerator, mayReturn: true, labels: [], loops: [] };
    // A function with a directive may have only simple parameters.
    const [parameters, directive] = this.#pick([
      ["a, ...b", ""],
      ["{ a } = {}, b = () => a", ""],
      ["a", '"use strict"\n'],
      ["", "'use strict';"],
    ]);
    const body = `{${directive}${this.#block(inner).slice(1)}`;
    const head = `${isAsync ? "async " : ""}function${
      isGenerator ? "*" : ""
    } ${name}(${parameters})`;
    const wait = isAsync && place.isAsync ? "await " : "";
    const use = isGenerator
      ? isAsync && !place.isAsync
        ? `${name}().next().catch((error) => log(error.message))`
        : `for ${wait}(const value of ${name}()) { log(value); if (chance()) break; }`
      : isAsync && !place.isAsync
      ? `${name}().catch((error) => log(error.message))`
      : `log(${wait}${name}())`;
    const guarded = `try { ${use} } catch (error) { log(error.message) }`;
    return this.#random(2) > 0 ? `${guarded}\n${head} ${body}` : `${head} ${body}\n${guarded}`;
  }
}

function staticBlock(place: Place): Place {
  return {
    ...place,
    isAsync: false,
    isGenerator: false,
    mayReturn: false,
    labels: [],
    loops: [],
  };
}
