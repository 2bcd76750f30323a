import type { FunctionScope } from "./inspector.ts";
import type { FunctionCode } from "../source/function_code.ts";

/** A function in a {@linkcode UnitDraft}. */
interface FunctionDraft {
  readonly index: number;
  // deno-lint-ignore ban-types -- any function
  readonly fn: Function;
  readonly code: FunctionCode;
  /** Zero-based position of its text in the script. */
  readonly line: number;
  readonly column: number;
}

/** A scope around functions of a {@linkcode UnitDraft}. */
interface ScopeDraft {
  readonly key: string;
  /** The index and value of each variable of it that is used. */
  readonly variables: Map<string, { readonly index: number; readonly value: unknown }>;
  readonly functions: FunctionDraft[];
  readonly children: ScopeDraft[];
}

/**
 * Collects the functions that are sent of one script, in scopes like those around them here, so that
 * functions which share a variable here do so there.
 *
 * V8 does not tell which functions share a scope, only the values in it. Scopes of the same kind, names
 * and values are taken for one, except that one scope has each function but once: two counters that
 * stand at 0 stay two. Where a function fits into several, and it matters which, it is refused.
 */
export class UnitDraft {
  readonly url: string;
  /** Import statements that its functions use, by the local name. */
  readonly importStatements: Map<string, string> = new Map();
  /** The values of its variables, in the order of their indices. */
  readonly captured: unknown[] = [];
  /** The names of its variables, each with a function that uses it. */
  // deno-lint-ignore ban-types -- any function
  readonly variableNames: { readonly name: string; readonly user: Function }[] = [];
  readonly #root: ScopeDraft = newScope("");
  /** All names that its functions use of what is around them. */
  readonly #names = new Set<string>();
  #functions = 0;

  constructor(url: string) {
    this.url = url;
  }

  /**
   * Adds a function.
   *
   * @param scopes The scopes around it from the inside out, without the script's own.
   * @param used Which of the variables it uses, with the scope that they are in; `undefined` for the script's own.
   * @returns Its index, and those of its variables.
   * @throws {TypeError} If it is not to be told in which scope it belongs; the text is the reason.
   */
  add(
    fn: Omit<FunctionDraft, "index">,
    scopes: readonly FunctionScope[],
    used: ReadonlyMap<
      string,
      { readonly scope: FunctionScope | undefined; readonly value: unknown }
    >,
  ): { index: number; variables: Map<string, number> } {
    for (const name of fn.code.uses.names) this.#names.add(name);
    let at = this.#root;
    const variables = new Map<string, number>();
    const place = (scope: FunctionScope | undefined): void => {
      for (const [name, one] of used) {
        if (one.scope === scope) variables.set(name, this.#variable(at, name, one.value, fn));
      }
    };
    place(undefined);
    for (const scope of [...scopes].reverse()) {
      at = this.#child(at, scope, fn);
      place(scope);
    }
    const index = this.#functions++;
    at.functions.push({ ...fn, index });
    return { index, variables };
  }

  /** The unit's module. Each function is at the place that it has in the script, where that can be. */
  get source(): string {
    let own = "$";
    while (this.#names.has(own) || this.#names.has(`${own}m`) || this.#names.has(`${own}v`)) {
      own += "$";
    }
    const text = new Placer();
    text.write([...this.importStatements.values(), head(own)].join(""));
    this.#write(text, this.#root, own);
    text.write(`return ${own}};`);
    return text.toString();
  }

  #variable(
    scope: ScopeDraft,
    name: string,
    value: unknown,
    { fn: user }: Omit<FunctionDraft, "index">,
  ): number {
    const known = scope.variables.get(name);
    if (known !== undefined) return known.index;
    const index = this.captured.push(value) - 1;
    this.variableNames.push({ name, user });
    scope.variables.set(name, { index, value });
    return index;
  }

  #child(parent: ScopeDraft, scope: FunctionScope, fn: Omit<FunctionDraft, "index">): ScopeDraft {
    const key = `${scope.description}\n${Object.keys(scope.variables).join()}`;
    const isSame = (other: ScopeDraft): boolean =>
      other.key === key && !hasFunction(other, fn) &&
      [...other.variables].every(([name, { value }]) => hasValue(scope, name, value));
    const same = parent.children.filter(isSame);
    const changed = same.length < 2 ? undefined : sharedChange([...same, fn], scope);
    if (changed !== undefined) {
      throw new TypeError(
        `V8 does not tell which of several functions share variable ${changed}, which one of them changes: ` +
          "keep it in an object",
      );
    }
    const child = same.at(-1) ?? newScope(key);
    if (same.length === 0) parent.children.push(child);
    return child;
  }

  /** `own` is what starts the names that are the unit's own. */
  #write(text: Placer, scope: ScopeDraft, own: string): void {
    const names = [...scope.variables.keys()];
    if (names.length > 0) text.write(`let ${names.join()};`);
    for (const [name, { index }] of scope.variables) {
      text.write(`${own}.variables[${index}]=${own}v=>{${name}=${own}v};`);
    }
    const parts = [...scope.functions, ...scope.children].sort((a, b) => lineOf(a) - lineOf(b));
    for (const part of parts) {
      if ("children" in part) {
        text.write("{");
        this.#write(text, part, own);
        text.write("}");
        continue;
      }
      const [before, after] = wrapper(part, own);
      text.write(`${own}.functions[${part.index}]=${before}`);
      text.place(part.code.text, part.line, part.column);
      text.write(`${after};`);
    }
  }
}

/** The context that a unit fills, and what gives the member of an object literal, whichever kind it is. */
function head(own: string): string {
  return `import.meta.chopsticks.make=()=>{const ${own}={functions:[],variables:[]},${own}m=(o,value)=>{` +
    "const d=Object.getOwnPropertyDescriptor(o,Reflect.ownKeys(o)[0]),f=d.value??d.get??d.set;" +
    "return value===void 0?f:Object.defineProperty(f,'name',{value,configurable:true})};";
}

function wrapper({ fn, code }: FunctionDraft, own: string): [string, string] {
  const key = JSON.stringify(fn.name);
  if (code.form === "method") return [`${own}m({`, code.hasComputedName ? `},${key})` : "})"];
  // An anonymous function takes its name from the property that it is the value of.
  return code.form === "class" ? [`()=>({[${key}]:`, `}[${key}])`] : [`({[${key}]:`, `})[${key}]`];
}

function newScope(key: string): ScopeDraft {
  return { key, variables: new Map(), functions: [], children: [] };
}

/** A variable of `scope` that one of the functions changes. */
function sharedChange(
  users: readonly (ScopeDraft | Pick<FunctionDraft, "code">)[],
  scope: FunctionScope,
): string | undefined {
  for (const user of users) {
    const found = "children" in user
      ? sharedChange([...user.functions, ...user.children], scope)
      : [...user.code.uses.assigned].find((name) => Object.hasOwn(scope.variables, name));
    if (found !== undefined) return found;
  }
  return undefined;
}

function hasFunction(scope: ScopeDraft, fn: Omit<FunctionDraft, "index">): boolean {
  return scope.functions.some(({ line, column, code }) =>
    line === fn.line && column === fn.column && code === fn.code
  );
}

function hasValue({ variables }: FunctionScope, name: string, value: unknown): boolean {
  try {
    return Object.is(value, variables[name]);
  } catch {
    return false; // not initialized yet
  }
}

function lineOf(part: FunctionDraft | ScopeDraft): number {
  if (!("children" in part)) return part.line;
  return Math.min(...part.functions.map(lineOf), ...part.children.map(lineOf));
}

/** Writes text with some of it at given places. The agent counts lines from the second one on. */
class Placer {
  #text = "";
  #line = -1;
  #column = 0;

  write(text: string): void {
    this.#text += text;
    const last = text.lastIndexOf("\n");
    if (last === -1) {
      this.#column += text.length;
    } else {
      this.#line += text.split("\n").length - 1;
      this.#column = text.length - last - 1;
    }
  }

  place(text: string, line: number, column: number): void {
    if (line > this.#line) this.write("\n".repeat(line - this.#line));
    if (line === this.#line && column > this.#column) this.write(" ".repeat(column - this.#column));
    this.write(text);
  }

  toString(): string {
    return this.#text;
  }
}
