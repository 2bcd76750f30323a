import { types } from "node:util";
import type { Code, FunctionUnit, Handle } from "../agent/handle.ts";
import { HandleKind } from "../agent/handle.ts";
import type { FunctionPlace } from "../agent/request.ts";
import { encode } from "../codec/encode.ts";
import { attachmentHandle, isAttachment, simpleHandle } from "./_attachments.ts";
import { findBuiltin, isOwnGlobal } from "./_builtin.ts";
import { functionCode } from "./_function_code.ts";
import { isNative, nameOf, placeOf } from "./_function_place.ts";
import { type FunctionInspection, type FunctionScope, inspectFunction } from "./_inspector.ts";
import { importsEntry, isEntry, isSent, resolveImports, resolveUrls } from "./_module_graph.ts";
import { explain, refusal, type Use } from "./_refusal.ts";
import { namespaceOf } from "./_namespace.ts";
import { type Script, scriptAt, startOf } from "./_script.ts";
import { loadParser } from "./_syntax.ts";
import { UnitDraft } from "./_unit_draft.ts";

/** A call, ready to be sent. */
export interface CallImage {
  /** Where the function is, if it is not sent by value. */
  readonly place: FunctionPlace | undefined;
  /** Code that goes with the values, if any. */
  readonly code: Code | undefined;
  /** The encoded arguments, or with code `[function, arguments, captured]`; `undefined` for no arguments. */
  readonly body: Uint8Array | undefined;
  /** Ids of the modules that are needed. */
  readonly modules: readonly string[];
  /** Streams, signals and callbacks among the values, to which handles refer by their index. */
  readonly attachments: readonly unknown[];
}

// deno-lint-ignore ban-types -- any function
type AnyFunction = Function;

const places = new WeakMap<AnyFunction, FunctionPlace>();

/**
 * Finds out what to send for a call of `fn`. What the function can see, and the arguments, are taken as they
 * are when this is called.
 *
 * @throws {TypeError} If something cannot be sent; the text names it.
 */
export function callImage(fn: AnyFunction, args: unknown[]): CallImage | Promise<CallImage> {
  const known = places.get(fn);
  const plain = known && plainImage(known, args);
  if (plain !== undefined) return plain;
  const drafting = new CallDraft(args);
  return drafting.finish(fn);
}

/** A call of something whose place is known, with arguments. */
export function placeImage(place: FunctionPlace, args: unknown[]): CallImage | Promise<CallImage> {
  return plainImage(place, args) ?? new CallDraft(args).finish(undefined, place);
}

/** A call without code, or `undefined` if an argument needs some. */
function plainImage(place: FunctionPlace, args: unknown[]): CallImage | undefined {
  const modules = place.module !== null && isSent(place.module) ? [place.module] : [];
  if (args.length === 0) {
    return { place, code: undefined, body: undefined, modules, attachments: [] };
  }
  let hasHandles = false;
  const handle = (value: unknown): unknown => canHandle(value) ? hasHandles = true : undefined;
  const body = encode(args, { name: "arguments", handle });
  return hasHandles ? undefined : { place, code: undefined, body, modules, attachments: [] };
}

/** Whether something without an encoding can be made at the far end. */
function canHandle(value: unknown): boolean {
  if (typeof value === "function" || isAttachment(value) || simpleHandle(value)) return true;
  if (typeof value === "symbol") return symbolHandle(value) !== undefined;
  return value instanceof BuiltinReference || types.isModuleNamespaceObject(value) ||
    findBuiltin(value) !== undefined;
}

const stub = (value: unknown): unknown => canHandle(value) ? [] : undefined;

/** Stands for a built-in object, such as `console`, which the codec would take for a plain one. */
class BuiltinReference {
  readonly place: FunctionPlace;

  constructor(place: FunctionPlace) {
    this.place = place;
  }
}

/** What is sent of one script. */
interface Unit {
  readonly draft: UnitDraft;
  readonly index: number;
  readonly script: Script;
  readonly imports: Map<string, string>;
  readonly resolves: Map<string, string>;
}

/** Finds the code and the variables of all functions that a call has to do with. */
class CallDraft {
  readonly #args: unknown[];
  readonly #handles = new Map<unknown, Handle>();
  readonly #attachments: unknown[] = [];
  readonly #units = new Map<string, Unit>();
  readonly #loads = new Set<string>();
  readonly #inspections = new Map<AnyFunction, Promise<FunctionInspection>>();

  constructor(args: unknown[]) {
    this.#args = args;
    // Functions among the arguments are looked at right now, as they may change later.
    for (const arg of args) if (typeof arg === "function" && !isNative(arg)) this.#inspect(arg);
  }

  async finish(fn: AnyFunction | undefined, given?: FunctionPlace): Promise<CallImage> {
    if (fn !== undefined && !isNative(fn)) this.#inspect(fn);
    const place = given ?? await this.#describeRoot(fn!);
    const root = place === undefined ? fn : null;
    for (;;) {
      const missing = new Set<unknown>();
      const handle = (value: unknown): unknown => {
        const known = this.#handles.get(value);
        if (known !== undefined) return known;
        if (!canHandle(value)) return undefined;
        missing.add(value);
        return [];
      };
      const captured = [...this.#units.values()].map(({ draft }) => draft.captured);
      const body = this.#encode([root, this.#args, captured], handle);
      if (missing.size === 0) return this.#image(place, body);
      for (const value of missing) await this.#describe(value);
    }
  }

  #image(place: FunctionPlace | undefined, body: Uint8Array): CallImage {
    if (this.#handles.size === 0) return plainImage(place!, this.#args)!;
    const units: FunctionUnit[] = [];
    const modules = new Set([...this.#loads].filter(isSent));
    for (const { draft, script, imports, resolves } of this.#units.values()) {
      for (const id of imports.values()) if (isSent(id)) modules.add(id);
      const { mappings } = script;
      units.push({
        url: draft.url || "repl",
        source: draft.source,
        imports: Object.fromEntries(imports),
        ...resolves.size > 0 && { resolves: Object.fromEntries(resolves) },
        ...mappings && { mappings },
      });
    }
    if (place?.module && isSent(place.module)) modules.add(place.module);
    return {
      place,
      code: { loads: [...this.#loads], units },
      body,
      modules: [...modules],
      attachments: this.#attachments,
    };
  }

  #encode(values: unknown, handle: (value: unknown) => unknown): Uint8Array {
    try {
      return encode(values, { name: "values", handle });
    } catch (error) {
      throw explain(error, this.#args, [...this.#uses()], stub);
    }
  }

  /** What the functions use, each value with a name for it and its user. */
  *#uses(): Generator<Use> {
    for (const { draft } of this.#units.values()) {
      for (const [index, value] of draft.captured.entries()) {
        yield { value, ...draft.variableNames[index]! };
      }
    }
    for (const [user, [kind, target, self, args]] of this.#handles) {
      if (kind !== HandleKind.BOUND) continue;
      yield { value: target, name: nameOf(target as AnyFunction), user: user as AnyFunction };
      yield { value: self, name: "bound this", user: user as AnyFunction };
      yield { value: args, name: "bound arguments", user: user as AnyFunction };
    }
  }

  #inspect(fn: AnyFunction): Promise<FunctionInspection> {
    let inspection = this.#inspections.get(fn);
    if (inspection === undefined) {
      inspection = inspectFunction(fn);
      inspection.catch(() => {});
      this.#inspections.set(fn, inspection);
    }
    return inspection;
  }

  /** The place of the function that is called, or its handle. */
  async #describeRoot(fn: AnyFunction): Promise<FunctionPlace | undefined> {
    const known = places.get(fn);
    if (known !== undefined) return known;
    await this.#describe(fn);
    const [kind, module, ...path] = this.#handles.get(fn)!;
    if (kind !== HandleKind.PLACE) return undefined;
    this.#handles.delete(fn);
    this.#loads.delete(module as string);
    const place = { module: module as string | null, path: path as string[] };
    places.set(fn, place);
    return place;
  }

  async #describe(value: unknown): Promise<void> {
    if (this.#handles.has(value)) return;
    const simple = simpleHandle(value);
    if (simple !== undefined) return void this.#handles.set(value, simple);
    if (isAttachment(value)) {
      const index = this.#attachments.push(value) - 1;
      return void this.#handles.set(value, attachmentHandle(value, index));
    }
    if (typeof value === "function") return await this.#describeFunction(value);
    const handle = typeof value === "symbol"
      ? symbolHandle(value)!
      : await this.#objectHandle(value as object);
    this.#handles.set(value, handle);
  }

  async #objectHandle(value: object): Promise<Handle> {
    const builtin = value instanceof BuiltinReference ? value.place : findBuiltin(value);
    if (builtin !== undefined) return this.#placeHandle(builtin);
    // A namespace is found by one of the functions in it.
    for (const member of Object.values(value)) {
      if (typeof member !== "function" || isNative(member)) continue;
      const { location } = await this.#inspect(member);
      if (location !== undefined && await namespaceOf(location.url) === value) {
        return this.#placeHandle({ module: location.url, path: [] });
      }
    }
    throw new TypeError(
      "Cannot send a module's namespace that has no function of the module: import it where it is used",
    );
  }

  #placeHandle({ module, path }: FunctionPlace): Handle {
    if (module !== null) this.#loads.add(module);
    return [HandleKind.PLACE, module, ...path];
  }

  async #describeFunction(fn: AnyFunction): Promise<void> {
    const native = isNative(fn);
    const builtin = native ? findBuiltin(fn) : undefined;
    if (builtin !== undefined) {
      this.#handles.set(fn, this.#placeHandle(builtin));
      return;
    }
    const inspection = await this.#inspect(fn);
    if (inspection.bound !== undefined) {
      const { target, self, args } = inspection.bound;
      this.#handles.set(fn, [HandleKind.BOUND, target, self, args]);
      return;
    }
    const place = await placeOf(fn, inspection.location);
    if (place !== undefined) {
      this.#handles.set(fn, this.#placeHandle(place));
      return;
    }
    if (native || inspection.location === undefined) {
      throw this.#refusal(fn, "it is native code that no global or node: module leads to");
    }
    await this.#describeByValue(fn, inspection, inspection.location);
  }

  async #describeByValue(
    fn: AnyFunction,
    { scopes }: FunctionInspection,
    location: FunctionInspection["location"] & object,
  ): Promise<void> {
    const text = Function.prototype.toString.call(fn);
    const parse = await loadParser();
    const code = this.#ask(fn, () => functionCode(text, parse));
    const { url } = location;
    const script = await scriptAt(url);
    const { draft, index: unit, imports, resolves } = this.#unit(url, script);
    const inner = scopes.filter(({ description, variables }) =>
      variables !== globalThis && !/^(Module|Script)/.test(description)
    );
    const used = new Map<string, { scope: FunctionScope | undefined; value: unknown }>();
    const use = (name: string, scope: FunctionScope | undefined, value: unknown): void => {
      const builtin = typeof value === "object" && value !== null ? findBuiltin(value) : undefined;
      used.set(name, {
        scope,
        value: builtin === undefined ? value : new BuiltinReference(builtin),
      });
    };
    const valueIn = ({ variables }: FunctionScope, name: string): unknown => {
      try {
        return variables[name];
      } catch {
        throw this.#refusal(fn, `variable ${name} has no value yet`);
      }
    };
    for (const name of code.uses.names) {
      // V8 keeps no variable that only a class definition has used.
      if (name === code.parent) {
        const parent = Object.getPrototypeOf(fn);
        use(name, inner[0], parent === Function.prototype ? null : parent);
        continue;
      }
      const scope = scopes.find(({ variables }) =>
        variables !== globalThis && Object.hasOwn(variables, name)
      );
      const imported = script.imports.get(name);
      if (scope !== undefined && inner.includes(scope)) {
        use(name, scope, valueIn(scope, name));
      } else if (imported !== undefined) {
        if (isEntry(imported.id)) throw this.#refusal(fn, importsEntry(imported.id));
        draft.importStatements.set(name, imported.statement);
        imports.set(imported.key, imported.id);
      } else if (scope !== undefined) {
        use(name, undefined, valueIn(scope, name));
      } else if (isOwnGlobal(name)) {
        use(name, undefined, (globalThis as Record<string, unknown>)[name]);
      }
    }
    for (const [key, id] of Object.entries(await resolveImports(code.imports, url))) {
      imports.set(key, id);
    }
    const urls = await resolveUrls(code.uses.resolved, url);
    for (const [specifier, id] of Object.entries(urls.resolves ?? {})) resolves.set(specifier, id);
    const { line, column } = startOf(text, script, location);
    const { index, variables } = this.#ask(
      fn,
      () => draft.add({ fn, code, line, column }, inner, used),
    );
    const needs = [...code.needs].filter((one) => variables.has(one))
      .map((one) => [variables.get(one)!, used.get(one)!.value]);
    this.#handles.set(
      fn,
      code.form === "class"
        ? [HandleKind.CLASS, unit, index, ...needs]
        : [HandleKind.FUNCTION, unit, index],
    );
  }

  /** Does what may find a reason not to send `fn`. */
  #ask<T>(fn: AnyFunction, find: () => T): T {
    try {
      return find();
    } catch (error) {
      throw this.#refusal(fn, (error as Error).message);
    }
  }

  #unit(url: string, script: Script): Unit {
    let unit = this.#units.get(url);
    if (unit === undefined) {
      unit = {
        draft: new UnitDraft(url),
        index: this.#units.size,
        script,
        imports: new Map(),
        resolves: new Map(),
      };
      this.#units.set(url, unit);
    }
    return unit;
  }

  #refusal(fn: AnyFunction, reason: string): TypeError {
    return refusal(fn, reason, [...this.#uses()]);
  }
}

function symbolHandle(symbol: symbol): Handle | undefined {
  const key = Symbol.keyFor(symbol);
  if (key !== undefined) return [HandleKind.SYMBOL_FOR, key];
  const name = symbol.description?.replace(/^Symbol\./, "") ?? "";
  const known = (Symbol as unknown as Record<string, unknown>)[name];
  return known === symbol ? [HandleKind.SYMBOL, name] : undefined;
}
