import type { Code, FunctionUnit, Handle } from "../../agent/protocol/handle.ts";
import { HandleKind } from "../../agent/protocol/handle.ts";
import type { FunctionPlace } from "../../agent/protocol/request.ts";
import { encode } from "../../codec/encode.ts";
import { attachmentHandle, isAttachment, simpleHandle } from "../session/attachments.ts";
import { findBuiltin } from "./builtin.ts";
import { type Captured, capturedBy } from "./captured.ts";
import { classNeeds, type Sent, type Variable } from "./class_needs.ts";
import { tellKeys } from "./computed_keys.ts";
import { type FunctionCode, functionCode } from "../source/function_code.ts";
import { isNative, nameOf, placeOf } from "./function_place.ts";
import { type FunctionInspection, inspectFunction } from "./inspector.ts";
import { isSent, resolveImports, resolveUrls } from "../modules/module_graph.ts";
import { namespaceOf } from "./namespace.ts";
import {
  hasOtherPrototype,
  ownProperties,
  type OwnProperty,
  symbolProperties,
} from "./own_properties.ts";
import { partsOf } from "./parts.ts";
import { explain, refusal, type Use } from "./refusal.ts";
import { type Script, scriptAt, startOf } from "./script.ts";
import { asReference, BuiltinReference, canHandle } from "./sendable.ts";
import { symbolHandle } from "./symbol_handle.ts";
import { loadParser } from "../source/syntax.ts";
import { UnitDraft } from "./unit_draft.ts";

/** A call, ready to be sent. */
export interface CallImage {
  /** Where the function is, if it is not sent by value. */
  readonly place: FunctionPlace | undefined;
  /** Code that goes with the values, if any. */
  readonly code: Code | undefined;
  /**
   * The encoded arguments, or with code `[function, arguments, captured, ...properties]`; `undefined` for
   * no arguments.
   */
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
  let hasHandles = args.some((arg) => symbolProperties(arg).length > 0);
  if (hasHandles) return undefined;
  const handle = (value: unknown): unknown => canHandle(value) ? hasHandles = true : undefined;
  const body = encode(args, { name: "arguments", handle });
  return hasHandles ? undefined : { place, code: undefined, body, modules, attachments: [] };
}

/** What a draft and those that it tries out know together. */
interface Shared {
  /** What V8 says of functions, and what they have of their own. */
  readonly inspections: Map<AnyFunction, Promise<FunctionInspection>>;
  readonly properties: Map<AnyFunction, readonly OwnProperty[]>;
  /** Functions whose properties are being looked at. */
  readonly trying: Set<AnyFunction>;
}

function newShared(): Shared {
  return { inspections: new Map(), properties: new Map(), trying: new Set() };
}

/** Stands for the function of a call that is never made. */
const NOWHERE: FunctionPlace = { module: null, path: [] };

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
  /** The functions and classes that go by value. */
  readonly #sent = new Map<AnyFunction, Sent>();
  /** What the classes among them need to be made, once that is known. */
  #needs: ReadonlyMap<AnyFunction, readonly Variable[]> = new Map();
  readonly #loads = new Set<string>();
  /** What functions and classes have besides their code, and objects besides their copy, with whose it is. */
  readonly #properties: (OwnProperty & { readonly owner: object })[] = [];
  /** The objects among those owners. */
  readonly #plain = new Set<unknown>();
  readonly #shared: Shared;

  constructor(args: unknown[], shared: Shared = newShared()) {
    this.#args = args;
    this.#shared = shared;
    // Functions among the arguments are looked at right now, as they may change later.
    for (const arg of args) if (typeof arg === "function" && !isNative(arg)) this.#inspect(arg);
  }

  async finish(fn: AnyFunction | undefined, given?: FunctionPlace): Promise<CallImage> {
    if (fn !== undefined && !isNative(fn)) this.#inspect(fn);
    for (const arg of this.#args) this.#addSymbols(arg);
    const place = given ?? await this.#describeRoot(fn!);
    const root = place === undefined ? fn : null;
    for (;;) {
      const missing = new Set<unknown>();
      const handle = (value: unknown): unknown => {
        const known = this.#handles.get(value);
        if (known !== undefined) return known;
        if (this.#plain.has(value) || !canHandle(value)) return undefined;
        missing.add(value);
        return [];
      };
      const captured = [...this.#units.values()].map(({ draft }) => draft.captured);
      const properties = this.#properties.map(({ owner, isOfPrototype, key, descriptor }) => [
        ...[owner, isOfPrototype, key, descriptor],
      ]);
      const body = this.#encode([root, this.#args, captured, ...properties], handle);
      if (missing.size === 0) {
        // What classes need is only known now, when all functions are.
        if (this.#completeClasses()) continue;
        return this.#image(place, body);
      }
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
      throw this.#cycle(error) ?? explain(error, this.#args, [...this.#uses()]);
    }
  }

  /** Gives the handles of classes what they need, if they lack it. */
  #completeClasses(): boolean {
    const before = this.#needs;
    this.#needs = classNeeds(this.#sent, (fn) => this.#boundParts(fn));
    for (const [fn, variables] of this.#needs) {
      const { unit, index } = this.#sent.get(fn)!;
      this.#handles.set(fn, [HandleKind.CLASS, unit, index, ...variables]);
    }
    return this.#needs.size > before.size;
  }

  #boundParts(fn: AnyFunction): readonly unknown[] {
    const [kind, ...parts] = this.#handles.get(fn) ?? [];
    return kind === HandleKind.BOUND ? parts : [];
  }

  /** The error for what cannot be made before itself, if `error` says that there is such. */
  #cycle(error: unknown): TypeError | undefined {
    if (!(error as Error).message.endsWith("its handle contains it")) return undefined;
    for (const fn of this.#handles.keys() as Iterable<AnyFunction>) {
      if (this.#leadsTo(this.#boundParts(fn), fn)) {
        return this.#refusal(fn, "what it binds has it in it");
      }
      const variable = this.#needs.get(fn)?.find(([, , value]) => this.#leadsTo(value, fn));
      if (variable === undefined) continue;
      const [unit, index] = variable;
      const { name } = [...this.#units.values()][unit]!.draft.variableNames[index]!;
      return this.#refusal(fn, `variable ${name}, which it may use when it is made, has it in it`);
    }
    return undefined;
  }

  /** Whether `target` is somewhere in `value`, or in what that is made with. */
  #leadsTo(value: unknown, target: unknown, seen: Set<unknown> = new Set()): boolean {
    for (const part of partsOf(value, seen)) {
      if (part === target) return true;
      if (typeof part !== "function") continue;
      const needed = this.#needs.get(part)?.map(([, , value]) => value) ?? [];
      if (this.#leadsTo([needed, this.#boundParts(part)], target, seen)) return true;
    }
    return false;
  }

  /** What the functions use, each value with a name for it and its user. */
  *#uses(): Generator<Use> {
    for (const { draft } of this.#units.values()) {
      for (const [index, value] of draft.captured.entries()) {
        yield { value, ...draft.variableNames[index]! };
      }
    }
    for (const { owner, key, descriptor } of this.#properties) {
      const value = "value" in descriptor ? descriptor.value : descriptor;
      yield { value, name: `property ${String(key)}`, user: owner as AnyFunction };
    }
    for (const [user, [kind, target, self, args]] of this.#handles) {
      if (kind !== HandleKind.BOUND) continue;
      yield { value: target, name: nameOf(target as AnyFunction), user: user as AnyFunction };
      yield { value: self, name: "bound this", user: user as AnyFunction };
      yield { value: args, name: "bound arguments", user: user as AnyFunction };
    }
  }

  #inspect(fn: AnyFunction): Promise<FunctionInspection> {
    const { inspections, properties } = this.#shared;
    let inspection = inspections.get(fn);
    if (inspection === undefined) {
      inspection = inspectFunction(fn);
      inspection.catch(() => {});
      inspections.set(fn, inspection);
      properties.set(fn, ownProperties(fn));
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
    if (this.#addSymbols(value)) return;
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
    let code = this.#ask(fn, () => functionCode(text, parse));
    const { url } = location;
    const script = await scriptAt(url);
    const { draft, index: unit, imports, resolves } = this.#unit(url, script);
    const inner = scopes.filter(({ description, variables }) =>
      variables !== globalThis && !/^(Module|Script)/.test(description)
    );
    const { named } = code;
    const keys = named && tellKeys(fn, named);
    if (keys !== undefined) {
      code = named!.code;
      inner.unshift({ description: "Keys", variables: Object.fromEntries(keys) });
    }
    const used = new Map<string, Captured>();
    const found = this.#ask(fn, () => capturedBy(fn, code, { scopes, inner, keys, script }));
    for (const [name, { scope, value, imported }] of found) {
      if (imported !== undefined) {
        draft.importStatements.set(name, imported.statement);
        imports.set(imported.key, imported.id);
        continue;
      }
      used.set(name, { scope, value: asReference(value) });
      this.#addSymbols(value);
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
    const isClass = code.form === "class";
    const variablesOf = (names: Iterable<string>): Variable[] =>
      [...names].filter((name) => variables.has(name))
        .map((name) => [unit, variables.get(name)!, used.get(name)!.value]);
    this.#sent.set(fn, {
      unit,
      index,
      variables: variablesOf(used.keys()),
      needs: isClass ? variablesOf(code.needs) : undefined,
      line,
      column,
    });
    this.#handles.set(fn, [isClass ? HandleKind.CLASS : HandleKind.FUNCTION, unit, index]);
    await this.#addProperties(fn, code);
  }

  /** Does what may find a reason not to send `fn`. */
  #ask<T>(fn: AnyFunction, find: () => T): T {
    try {
      return find();
    } catch (error) {
      throw this.#refusal(fn, (error as Error).message);
    }
  }

  /** What is in a static field is what it is here; if that has no copy, what the class itself puts there. */
  async #addProperties(owner: AnyFunction, { form, hasStatics }: FunctionCode): Promise<void> {
    if (form !== "class" && hasOtherPrototype(owner)) {
      throw this.#refusal(owner, "its prototype inherits from another object");
    }
    const { trying } = this.#shared;
    if (trying.has(owner)) return;
    trying.add(owner);
    for (const property of this.#shared.properties.get(owner)!) {
      const { descriptor } = property;
      const { value } = descriptor;
      if ("value" in descriptor) descriptor.value = asReference(value);
      if (hasStatics && !await this.#hasCopy(descriptor)) continue;
      this.#addSymbols(value);
      this.#properties.push({ owner, ...property });
    }
    trying.delete(owner);
  }

  /** Has what an object has by symbols, which are no keys to the codec, go beside it. */
  #addSymbols(value: unknown): boolean {
    if (this.#plain.has(value)) return true;
    const properties = symbolProperties(value);
    if (properties.length === 0 || findBuiltin(value) !== undefined) return false;
    this.#plain.add(value);
    for (const property of properties) {
      this.#properties.push({ owner: value as object, ...property });
    }
    return true;
  }

  /** Whether `value` can be sent, with all that is in it. */
  async #hasCopy(value: unknown): Promise<boolean> {
    try {
      encode(value);
      return true;
    } catch {
      // Then only a try can tell.
    }
    return await new CallDraft([value], this.#shared).finish(undefined, NOWHERE)
      .then(() => true, () => false);
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
