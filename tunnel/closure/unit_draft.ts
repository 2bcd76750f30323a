import type { FunctionCode } from "../source/function_code.ts";
import type { SourceScope } from "../source/scopes.ts";
import type { AnyFunction } from "./any_function.ts";
import type { FunctionScope } from "./inspector.ts";
import { SHOW_TEXT } from "./function_text.ts";
import { Placer } from "./placer.ts";
import { scopesAround } from "./scope_identity.ts";
import { GIVE_MEMBER, head, isChanged, textOf, wrapper } from "./unit_text.ts";

/** A function that is added to a {@linkcode UnitDraft}. */
export interface AddedFunction {
  readonly fn: AnyFunction;
  readonly code: FunctionCode;
  /** What its `toString()` gives. */
  readonly shown: string;
  /** Zero-based position of its text in the script. */
  readonly line: number;
  readonly column: number;
  /** Whether it is sloppy code, in which a missing `this` is the global object. */
  readonly isSloppy: boolean;
  /** The scopes around it from the inside out, without the script's own. */
  readonly scopes: readonly FunctionScope[];
  /** How many of the first of `scopes` were made up, and are not V8's. */
  readonly madeUp: number;
  /** Which variables it uses, with the scope that they are in; `undefined` for the script's own. */
  readonly used: ReadonlyMap<
    string,
    { readonly scope: FunctionScope | undefined; readonly value: unknown }
  >;
  /** The private static fields of a class. */
  readonly privates: ReadonlyMap<string, unknown>;
  /** The same scopes in the source of the script; `undefined` for one that is not found there. */
  readonly places: () => readonly (SourceScope | undefined)[];
}

/** A function of a {@linkcode UnitDraft}. */
interface FunctionDraft extends AddedFunction {
  /** The `name` that it has when the call is made. */
  readonly name: unknown;
  readonly index: number;
  /** The groups of the scopes around it, from the outside in. */
  readonly path: readonly ScopeGroup[];
  /** The variables of its private static fields. */
  readonly privateVariables: ReadonlyMap<string, number>;
}

/**
 * Scopes that look alike: they are in the same kind of scope, and have the same names and values.
 * They may be one scope, or several. Either way their variables have the same values.
 */
interface ScopeGroup {
  readonly key: string;
  readonly sample: FunctionScope | undefined;
  /** The index of each variable that is used. */
  readonly variables: Map<string, number>;
  readonly functions: FunctionDraft[];
  readonly children: ScopeGroup[];
  /** The same by the value of the first of their variables: there may be thousands. */
  readonly byFirst: Map<unknown, ScopeGroup[]>;
  /** The functions that assign to one of its variables. */
  readonly assigners: Map<FunctionDraft, string>;
}

/** A scope as it is written. */
interface ScopeText {
  /** The line of the first of its functions. */
  readonly line: number;
  readonly variables: ReadonlyMap<string, number>;
  readonly functions: readonly FunctionDraft[];
  readonly children: readonly ScopeText[];
}

/** Where it is not known which functions share a scope, although one of them changes it. */
export interface Doubt {
  readonly fns: readonly AnyFunction[];
  /** The function that changes a variable, and the variable. */
  readonly assigner: AnyFunction;
  readonly variable: string;
  /** Whether a heap snapshot has told. */
  readonly isSettled: () => boolean;
}

/**
 * Collects the functions that are sent of one script, in scopes like those around them here, so
 * that functions which share a variable here do so there.
 */
export class UnitDraft {
  /** Import statements that its functions use, by the local name. */
  readonly importStatements: Map<string, string> = new Map();
  /** The values of its variables, in the order of their indices. */
  readonly captured: unknown[] = [];
  /** The names of its variables, likewise. */
  readonly names: string[] = [];
  /** What it gives of its imports, by the code, with the index among its functions. */
  readonly #imported = new Map<string, number>();
  readonly #root: ScopeGroup = newGroup("", undefined);
  /** All names that its functions use. */
  readonly #names = new Set<string>();
  #functions = 0;
  #isSloppy = false;

  /** Whether a function of it is sloppy, so that the unit has to be a script. */
  get isSloppy(): boolean {
    return this.#isSloppy;
  }

  /**
   * Adds a function.
   *
   * @returns Its index, and those of its variables.
   */
  add(added: AddedFunction): {
    index: number;
    variables: Map<string, number>;
    privates: ReadonlyMap<string, number>;
  } {
    const { code, scopes, used, isSloppy } = added;
    for (const name of code.uses.names) this.#names.add(name);
    this.#isSloppy ||= isSloppy;
    const variables = new Map<string, number>();
    const path: ScopeGroup[] = [this.#root];
    for (const scope of [...scopes].reverse()) path.push(childOf(path.at(-1)!, scope));
    const groupOf = (scope: FunctionScope | undefined): ScopeGroup =>
      path[scope === undefined ? 0 : scopes.length - scopes.indexOf(scope)]!;
    for (const [name, { scope, value }] of used) {
      variables.set(name, this.#variable(groupOf(scope), name, value));
    }
    const privateVariables = new Map(
      [...added.privates].map(([name, value]) => [name, this.#add(name, value)]),
    );
    const index = this.#functions++;
    const name: unknown = Object.getOwnPropertyDescriptor(added.fn, "name")?.value ?? "";
    const draft = { ...added, name, index, path, privateVariables };
    path.at(-1)!.functions.push(draft);
    for (const name of code.uses.assigned) {
      const one = used.get(name);
      if (one !== undefined) groupOf(one.scope).assigners.set(draft, name);
    }
    return { index, variables, privates: privateVariables };
  }

  /** Has the unit give a value of an import, and tells its index among the functions. */
  addImported(code: string): number {
    const index = this.#imported.get(code) ?? this.#functions++;
    this.#imported.set(code, index);
    return index;
  }

  /**
   * Where {@linkcode scopesAround} has to tell which functions share a scope: several functions are
   * in scopes that look alike, and one of them changes a variable there.
   */
  *doubts(): Generator<Doubt> {
    const pending = [...this.#root.children];
    for (let group; (group = pending.pop()) !== undefined;) {
      pending.push(...group.children);
      for (const part of partsByPlace(group, membersOf(group))) {
        const doubt = doubtOf(group, part);
        if (doubt !== undefined && !isOneScope(group, part)) yield doubt;
      }
    }
  }

  /**
   * The unit's code. Each function is at the place that it has in the script, where that can be.
   */
  get source(): string {
    let own = "$";
    while (["", "m", "v", "p", "t"].some((end) => this.#names.has(own + end))) own += "$";
    const text = new Placer();
    text.write([...this.importStatements.values(), head(own, this.#isSloppy)].join(""));
    for (const [code, index] of this.#imported) text.write(`${own}.functions[${index}]=${code};`);
    const members = membersOf(this.#root);
    if (members.some(({ code }) => code.form === "method")) {
      text.write(`const ${own}m=${GIVE_MEMBER};`);
    }
    if (members.some((one) => isChanged(one, own))) text.write(`const ${own}t=${SHOW_TEXT};`);
    this.#write(text, scopeText(this.#root, members)[0]!, own, new Set());
    text.write(`return ${own}};`);
    return text.toString();
  }

  /** The lines of the script that its functions are in, by their zero-based numbers. */
  get lines(): ReadonlySet<number> {
    return new Set(
      membersOf(this.#root).flatMap(({ line, code }) =>
        code.text.split("\n").map((_, i) => line + i)
      ),
    );
  }

  #variable(group: ScopeGroup, name: string, value: unknown): number {
    let index = group.variables.get(name);
    if (index === undefined) {
      index = this.#add(name, value);
      group.variables.set(name, index);
    }
    return index;
  }

  #add(name: string, value: unknown): number {
    this.names.push(name);
    return this.captured.push(value) - 1;
  }

  /**
   * `own` is what starts the names that are the unit's own; `set` has the variables with a setter.
   */
  #write(text: Placer, scope: ScopeText, own: string, set: Set<number>): void {
    const names = [...scope.variables.keys()];
    if (names.length > 0) text.write(`let ${names.join()};`);
    for (const [name, index] of scope.variables) {
      const setter = `${own}.variables[${index}]`;
      // Several scopes that look alike have one value.
      text.write(
        set.has(index)
          ? `{const ${own}p=${setter};${setter}=${own}v=>{${own}p(${own}v);${name}=${own}v}}`
          : `${setter}=${own}v=>{${name}=${own}v};`,
      );
      set.add(index);
    }
    const parts = [...scope.functions, ...scope.children].sort((a, b) => a.line - b.line);
    for (const part of parts) {
      if ("children" in part) {
        text.write("{");
        this.#write(text, part, own, set);
        text.write("}");
        continue;
      }
      const [before, after] = wrapper(part, own, this.#isSloppy);
      text.write(`${own}.functions[${part.index}]=${before}`);
      text.place(textOf(part, own), part.line, part.column);
      text.write(`${after};`);
    }
  }
}

function newGroup(key: string, sample: FunctionScope | undefined): ScopeGroup {
  return {
    key,
    sample,
    variables: new Map(),
    functions: [],
    children: [],
    byFirst: new Map(),
    assigners: new Map(),
  };
}

/** The group in `parent` of what looks like `scope`. */
function childOf(parent: ScopeGroup, scope: FunctionScope): ScopeGroup {
  const names = Object.keys(scope.variables);
  const key = `${scope.description}\n${names.join()}`;
  const first = names.length === 0 ? undefined : valueIn(scope, names[0]!);
  let alike = parent.byFirst.get(first);
  if (alike === undefined) parent.byFirst.set(first, alike = []);
  let child = alike.find((other) =>
    other.key === key &&
    names.every((name) => Object.is(valueIn(other.sample!, name), valueIn(scope, name)))
  );
  if (child === undefined) {
    child = newGroup(key, scope);
    alike.push(child);
    parent.children.push(child);
  }
  return child;
}

const NO_VALUE = Symbol();

function valueIn({ variables }: FunctionScope, name: string): unknown {
  try {
    return variables[name];
  } catch {
    return NO_VALUE; // not initialized yet
  }
}

function membersOf(group: ScopeGroup): FunctionDraft[] {
  return [...group.functions, ...group.children.flatMap(membersOf)];
}

function doubtOf(group: ScopeGroup, members: readonly FunctionDraft[]): Doubt | undefined {
  if (members.length < 2 || group.assigners.size === 0) return undefined;
  const changed = [...group.assigners].find(([draft]) => members.includes(draft));
  if (changed === undefined) return undefined;
  const [{ fn }, variable] = changed;
  const isSettled = () => members.every((member) => scopeIn(group, member) !== undefined);
  return { fns: members.map(({ fn }) => fn), assigner: fn, variable, isSettled };
}

/** The scopes that a group stands for, as far as that matters for `members`. */
function scopeText(group: ScopeGroup, members: readonly FunctionDraft[]): ScopeText[] {
  const parts = group.sample === undefined
    ? [members]
    : partsByPlace(group, members).flatMap((part) =>
      doubtOf(group, part) === undefined || isOneScope(group, part)
        ? [part]
        : partition(part, (member) => scopeIn(group, member))
    );
  return parts.map((part) => {
    const isIn = new Set(part);
    const functions = group.functions.filter((one) => isIn.has(one));
    const children = group.children.flatMap((child) => {
      const inChild = membersOf(child).filter((one) => isIn.has(one));
      return inChild.length === 0 ? [] : scopeText(child, inChild);
    });
    const line = [...functions, ...children].reduce((a, { line }) => Math.min(a, line), Infinity);
    return { line, variables: group.variables, functions, children };
  });
}

/**
 * The members of a group by the places of their scopes in the source, where that matters and all of
 * these are known.
 */
function partsByPlace(
  group: ScopeGroup,
  members: readonly FunctionDraft[],
): (readonly FunctionDraft[])[] {
  if (doubtOf(group, members) === undefined) return [members];
  const places = new Map(members.map((member) => [member, placeIn(group, member)?.start]));
  if ([...places.values()].includes(undefined)) return [members];
  return partition(members, (member) => places.get(member));
}

/**
 * Whether the scope of the members is proven to be one: its code runs once, or one of its constants
 * holds what was made for it alone, and holds the same for all of them.
 */
function isOneScope(group: ScopeGroup, members: readonly FunctionDraft[]): boolean {
  const [place, ...others] = members.map((member) => placeIn(group, member));
  if (place === undefined || others.includes(undefined)) return false;
  const { variables } = group.sample!;
  return place.isOnce || [...place.fresh].some((name) => Object.hasOwn(variables, name));
}

function placeIn(
  group: ScopeGroup,
  { path, scopes, places }: FunctionDraft,
): SourceScope | undefined {
  return places()[scopes.length - path.indexOf(group)];
}

/** `Map.groupBy()`, which Node has only since version 21. */
function partition<T>(items: readonly T[], keyOf: (item: T) => unknown): T[][] {
  const parts = new Map<unknown, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const part = parts.get(key);
    if (part === undefined) parts.set(key, [item]);
    else part.push(item);
  }
  return [...parts.values()];
}

/** What stands for the scope that `member` has in a group; `undefined` if nothing tells. */
function scopeIn(group: ScopeGroup, { fn, path, scopes, madeUp }: FunctionDraft): unknown {
  const fromInside = scopes.length - path.indexOf(group) - madeUp;
  // One that was made up is the function's own.
  if (fromInside < 0) return fn;
  const names = scopes.slice(madeUp).map(({ variables }) => Object.keys(variables));
  return scopesAround(fn, names)?.[fromInside];
}
