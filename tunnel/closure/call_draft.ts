import { types } from "node:util";
import { type Handle, HandleKind, PropertyKind } from "../../agent/protocol/handle.ts";
import type { FunctionPlace } from "../../agent/protocol/request.ts";
import { encode } from "../../codec/encode.ts";
import { isEncodeRefusal } from "../../codec/encode_refusal.ts";
import type { V8Session } from "../modules/v8.ts";
import type { AnyFunction } from "./any_function.ts";
import { attachmentHandle, isAttachment, simpleHandle } from "./attachment_handle.ts";
import { findBuiltin, findBuiltinNamespace, findGlobal } from "./builtin.ts";
import type { Variable } from "./class_needs.ts";
import { FunctionDescriber } from "./function_describer.ts";
import { isInternal, isNative, placeOf, UnknownExports } from "./function_place.ts";
import { type FunctionInspection, inspectFunctions } from "./inspector.ts";
import type { OwnProperty } from "./own_properties.ts";
import { leadsTo } from "./parts.ts";
import { cannotSend, refusal, REMEDY, type Way } from "./refusal.ts";
import { scriptOf } from "./script.ts";
import { isCommonSymbol, symbolHandle } from "./symbol_handle.ts";
import { contentOf, isCopied, stepTo } from "./values.ts";

/** A value that is to be looked at, and how it was found. */
interface Found extends Way {
  readonly value: unknown;
}

/** A property that goes beside the copy of its owner. */
interface SentProperty extends OwnProperty {
  readonly owner: object;
}

/** What is drafted of a call. */
export interface DraftedCall {
  /** Where the function is, if it does not go by value. */
  readonly place: FunctionPlace | undefined;
  /** The encoded values; `undefined` if there are none. */
  readonly body: Uint8Array | undefined;
}

/**
 * Finds out what to send of a call: it looks at the function, at all that it uses, and at the
 * arguments, and encodes them. All of that is one step that no other code can come between, so that
 * what is sent is what there is when the call is made.
 */
export class CallDraft {
  readonly #session: () => V8Session;
  readonly #args: readonly unknown[];
  readonly #handles = new Map<unknown, Handle>();
  /** What is encoded instead of an object, or the object itself if its handle is. */
  readonly #standIns = new Map<unknown, unknown>();
  readonly #properties: SentProperty[] = [];
  readonly #seen = new Set<unknown>();
  /** What V8 has told of functions, and which values can be sent: known to trials, too. */
  readonly #inspections: Map<AnyFunction, FunctionInspection>;
  readonly #sendable: Map<unknown, boolean>;
  readonly #ways = new Map<AnyFunction, Way>();
  readonly #functions: FunctionDescriber;
  /** What is to be done with properties when the symbols that are their keys are found. */
  readonly #waiting = new Map<symbol, (() => void)[]>();
  /** Modules whose exports are not known. */
  readonly #unknown = new Set<string>();
  /** Functions that were found and not yet described. */
  #pending: AnyFunction[] = [];

  /** Streams, signals and callbacks among the values, to which handles refer by their index. */
  readonly attachments: unknown[] = [];
  /** Ids of modules that handles refer to. */
  readonly loads: Set<string> = new Set();
  /** Namespaces whose modules are still to be found. A handle refers to one by its index. */
  readonly namespaces: object[] = [];

  /**
   * Begins a draft.
   *
   * @param session Gives one, and is only asked if a function has to be looked at.
   * @param outer The draft for which this one is a trial.
   */
  constructor(session: () => V8Session, args: readonly unknown[], outer?: CallDraft) {
    this.#session = session;
    this.#args = args;
    this.#inspections = outer === undefined ? new Map() : outer.#inspections;
    this.#sendable = outer === undefined ? new Map() : outer.#sendable;
    this.#functions = new FunctionDescriber({
      session,
      inspect: (fns) => this.#inspect(fns),
      canSend: (value) => this.#canSend(value),
      refuse: (fn, reason, data) => this.#refuse(fn, reason, data),
    });
  }

  /** The code that goes by value. */
  get units(): FunctionDescriber["units"] {
    return this.#functions.units;
  }

  /**
   * Drafts a call of `fn`.
   *
   * @param given Where the function is, if that is known already.
   * @throws {TypeError} If something cannot be sent; the text names it.
   * @throws {UnknownExports} If an `import()` has to tell first what a module exports.
   */
  draft(fn: AnyFunction | undefined, given?: FunctionPlace): DraftedCall {
    if (fn !== undefined) this.#find({ value: fn, user: undefined, name: "function", steps: "" });
    this.#describePending();
    const place = given ?? this.#rootPlace(fn!);
    this.#args.forEach((value, i) =>
      this.#find({ value, user: undefined, name: "arguments", steps: `[${i}]` })
    );
    this.#describePending();
    const root = place === undefined ? fn : null;
    return { place, body: this.#encode(root) };
  }

  /** Whether code goes with the values. */
  get hasCode(): boolean {
    return this.#handles.size > 0 || this.#standIns.size > 0;
  }

  /** The error for a function that cannot be sent. */
  refuseFor(fn: AnyFunction, reason: string, remedy?: string): TypeError {
    return this.#refuse(fn, reason, remedy === undefined ? {} : { remedy });
  }

  /** The place of the function that is called, which needs no handle unless it is in a value, too. */
  #rootPlace(fn: AnyFunction): FunctionPlace | undefined {
    const [kind, module, ...path] = this.#handles.get(fn)!;
    const hasProperties = this.#properties.some(({ owner }) => owner === fn);
    if (kind !== HandleKind.PLACE || hasProperties) return undefined;
    if (path.some((key) => typeof key === "symbol")) return undefined;
    this.#handles.delete(fn);
    this.#seen.delete(fn);
    this.loads.delete(module as string);
    return { module: module as string | null, path: path as string[] };
  }

  #encode(root: unknown): Uint8Array | undefined {
    const isPlain = !this.hasCode;
    this.#completeClasses();
    const captured = this.units.map(({ draft }) => draft.captured);
    const properties = this.#properties.map(({ owner, kind, key, value }) => [
      ...[owner, kind, key, value],
    ]);
    if (isPlain && this.#args.length === 0) return undefined;
    const values = isPlain ? this.#args : [root, this.#args, captured, ...properties];
    try {
      return encode(values, {
        name: isPlain ? "arguments" : "values",
        handle: (value) => this.#handles.get(value) ?? simpleHandle(value),
        ...this.#standIns.size > 0 && { standIn: (value: unknown) => this.#standIns.get(value) },
      });
    } catch (error) {
      throw this.#explain(error);
    }
  }

  /** Gives the handles of classes what they need when they are made. */
  #completeClasses(): void {
    const handles = this.#functions.classHandles((fn) => this.#boundParts(fn));
    for (const [fn, handle] of handles) this.#handles.set(fn, handle);
  }

  #boundParts(fn: AnyFunction): readonly unknown[] {
    const [kind, ...parts] = this.#handles.get(fn) ?? [];
    return kind === HandleKind.BOUND ? parts : [];
  }

  /** Says which function or variable an error of the codec is about. */
  #explain(error: unknown): unknown {
    if (!isEncodeRefusal(error) || error.kind !== "cycle") return error;
    for (const fn of this.#handles.keys() as Iterable<AnyFunction>) {
      if (leadsTo(this.#boundParts(fn), fn, this.#leads)) {
        return this.#refuse(fn, "what it binds has it in it", { cause: error });
      }
      const [kind, , , ...needs] = this.#handles.get(fn)!;
      if (kind !== HandleKind.CLASS) continue;
      const variable = (needs as Variable[]).find(([, , value]) => leadsTo(value, fn, this.#leads));
      if (variable === undefined) continue;
      const name = this.#functions.nameOfVariable(variable);
      const reason = `variable ${name}, which it may use when it is made, has it in it`;
      return this.#refuse(fn, reason, { variable: name, cause: error });
    }
    return error;
  }

  /** What has to be there before a function can be made. */
  readonly #leads = (fn: AnyFunction): unknown[] => {
    const [kind, ...parts] = this.#handles.get(fn) ?? [];
    if (kind === HandleKind.BOUND) return parts;
    return kind === HandleKind.CLASS
      ? (parts.slice(2) as Variable[]).map(([, , value]) => value)
      : [];
  };

  /** Looks at a value and all that is in it. */
  #find(first: Found): void {
    const pending = [first];
    // Not by recursion: a list may be as long as the memory allows.
    for (let found; (found = pending.pop()) !== undefined;) {
      const { value, user, name, steps } = found;
      if (typeof value === "symbol") {
        this.#addSymbol(value);
        continue;
      }
      const isFunction = typeof value === "function";
      if (!isFunction && typeof value !== "object" || value === null || this.#seen.has(value)) {
        continue;
      }
      this.#seen.add(value);
      if (types.isProxy(value)) {
        // Such as process.env.
        const place = findBuiltin(value);
        if (place === undefined) throw this.#refuseValue(found, "is a Proxy, which has no copy");
        this.#handles.set(value, this.#placeHandle(place));
        this.#standIns.set(value, value);
        continue;
      }
      const simple = simpleHandle(value);
      if (simple !== undefined) {
        this.#handles.set(value, simple);
        for (const part of simple) pending.push({ ...found, value: part });
        continue;
      }
      if (this.#isAttachment(found)) {
        const index = this.attachments.push(value) - 1;
        this.#handles.set(value, attachmentHandle(value, index));
        continue;
      }
      if (isFunction) {
        if (!this.#ways.has(value as AnyFunction)) this.#ways.set(value as AnyFunction, found);
        this.#pending.push(value as AnyFunction);
        continue;
      }
      if (this.#isReference(value, pending, found)) continue;
      const content = contentOf(value);
      if (content.kind === "leaf") {
        this.#checkLeaf(found);
        continue;
      }
      for (const part of content.parts) {
        pending.push({ value: part.value, user, name, steps: steps + part.step });
      }
      if (content.kind !== "odd") continue;
      this.#standIns.set(value, content.copied);
      for (const { key, descriptor } of content.properties) {
        this.#whenKnown(key, () => {
          for (const part of Object.values(descriptor)) {
            this.#find({ value: part, user, name, steps: steps + stepTo(key) });
          }
          this.#properties.push({ owner: value, kind: PropertyKind.OWN, key, value: descriptor });
        });
      }
    }
  }

  #addSymbol(symbol: symbol): void {
    if (this.#handles.has(symbol)) return;
    this.#handles.set(symbol, symbolHandle(symbol));
    const waiting = this.#waiting.get(symbol) ?? [];
    this.#waiting.delete(symbol);
    for (const act of waiting) act();
  }

  /** Does something with a property, unless its key is a symbol that nothing at the far end knows. */
  #whenKnown(key: string | symbol, act: () => void): void {
    if (typeof key === "string" || this.#handles.has(key)) return act();
    if (isCommonSymbol(key)) {
      this.#addSymbol(key);
      return act();
    }
    this.#waiting.set(key, [...this.#waiting.get(key) ?? [], act]);
  }

  /** Refuses an object that has no copy. */
  #checkLeaf(found: Found): void {
    const { value } = found;
    if (isBytes(value)) return;
    try {
      encode(value);
    } catch (error) {
      if (!isEncodeRefusal(error)) throw error;
      const { className, problem } = error;
      throw this.#refuseValue(
        found,
        className === undefined
          ? `cannot be copied: ${problem}`
          : `is a ${className}, which has no copy`,
        error,
      );
    }
  }

  /** A class instance that a function uses is not sent for the values that it would give. */
  #isAttachment({ value, user }: Found): boolean {
    if (!isAttachment(value)) return false;
    const isMore = user !== undefined && typeof value === "object" && value !== null &&
      "_events" in value;
    return !isMore;
  }

  /** Gives an object a handle if it is a built-in, a module's namespace, or a function's `prototype`. */
  #isReference(value: object, pending: Found[], found: Found): boolean {
    if (types.isModuleNamespaceObject(value)) {
      this.#handles.set(value, this.#namespaceHandle(value as Record<string, unknown>));
      this.#standIns.set(value, value);
      return true;
    }
    const place = this.#findBuiltinObject(value);
    if (place !== undefined) {
      this.#handles.set(value, this.#placeHandle(place));
      this.#standIns.set(value, value);
      return true;
    }
    const owner = Object.getOwnPropertyDescriptor(value, "constructor")?.value;
    if (typeof owner !== "function" || owner.prototype !== value) return false;
    this.#handles.set(value, [HandleKind.PROTOTYPE, owner]);
    this.#standIns.set(value, value);
    pending.push({ ...found, value: owner, steps: `${found.steps}.constructor` });
    return true;
  }

  /** Where a built-in object is. Of plain objects only those that have functions of the runtime are looked for. */
  #findBuiltinObject(value: object): FunctionPlace | undefined {
    const global = findGlobal(value);
    if (global !== undefined) return global;
    const prototype = Object.getPrototypeOf(value);
    if (prototype !== Object.prototype && prototype !== null) {
      return isCopied(value) ? undefined : findBuiltin(value);
    }
    const member = Object.values(Object.getOwnPropertyDescriptors(value))
      .find((descriptor) => typeof descriptor.value === "function")?.value;
    if (member === undefined || types.isProxy(member)) return undefined;
    if (!isNative(member)) {
      const url = this.#inspect([member])[0]!.location?.url;
      if (url === undefined || !isInternal(url)) return undefined;
    }
    return findBuiltin(value);
  }

  #namespaceHandle(namespace: Readonly<Record<string, unknown>>): Handle {
    const builtin = findBuiltinNamespace(namespace);
    if (builtin !== undefined) return this.#placeHandle({ module: builtin, path: [] });
    let index = this.namespaces.indexOf(namespace);
    if (index === -1) index = this.namespaces.push(namespace) - 1;
    return [HandleKind.NAMESPACE, index];
  }

  #placeHandle({ module, path }: FunctionPlace): Handle {
    if (module !== null) this.loads.add(module);
    for (const key of path) {
      if (typeof key === "symbol") this.#addSymbol(key);
    }
    return [HandleKind.PLACE, module, ...path];
  }

  /** Describes the functions that were found, and those that they use. */
  #describePending(): void {
    while (this.#pending.length > 0) {
      const fns = this.#pending;
      this.#pending = [];
      const unknown = fns.filter((fn) => !this.#describeBuiltin(fn));
      this.#inspect(unknown);
      for (const fn of unknown) this.#describe(fn);
    }
    if (this.#unknown.size > 0) throw new UnknownExports(this.#unknown);
  }

  #describeBuiltin(fn: AnyFunction): boolean {
    const place = findGlobal(fn) ?? (isNative(fn) ? findBuiltin(fn) : undefined);
    if (place === undefined) return false;
    this.#handles.set(fn, this.#placeHandle(place));
    return true;
  }

  #describe(fn: AnyFunction): void {
    const inspection = this.#inspect([fn])[0]!;
    const { location, bound } = inspection;
    if (bound !== undefined) {
      const { target, self, args } = bound;
      this.#handles.set(fn, [HandleKind.BOUND, target, self, args]);
      this.#find({ value: target, user: fn, name: "bound function", steps: "" });
      this.#find({ value: self, user: fn, name: "bound this", steps: "" });
      this.#find({ value: args, user: fn, name: "bound arguments", steps: "" });
      return;
    }
    let place: FunctionPlace | undefined;
    try {
      place = placeOf(fn, inspection, () => scriptOf(location!, this.#session()));
    } catch (error) {
      if (!(error instanceof UnknownExports)) throw error;
      // All of them are learned at once.
      for (const url of error.urls) this.#unknown.add(url);
      this.#handles.set(fn, [HandleKind.PLACE, location!.url]);
      return;
    }
    if (place !== undefined) {
      this.#handles.set(fn, this.#placeHandle(place));
      for (const property of this.#functions.foreignProperties(fn, inspection)) {
        this.#addProperty(fn, property);
      }
      return;
    }
    if (location === undefined || isInternal(location.url)) {
      const of = location === undefined ? "native code" : "code of the runtime";
      throw this.#refuse(fn, `it is ${of} that no global or node: module leads to`, {
        remedy: "make it inside the function",
      });
    }
    const { handle, uses, properties } = this.#functions.describe(fn, inspection, location);
    this.#handles.set(fn, handle);
    for (const [name, value] of uses) this.#find({ value, user: fn, name, steps: "" });
    for (const property of properties) this.#addProperty(fn, property);
  }

  #addProperty(owner: AnyFunction, property: OwnProperty): void {
    const { key, value } = property;
    if (typeof key === "symbol" && !this.#handles.has(key) && !isCommonSymbol(key)) {
      return this.#whenKnown(key, () => this.#addProperty(owner, property));
    }
    if (typeof key === "symbol") this.#addSymbol(key);
    const name = `property ${key === null ? "[[Prototype]]" : stepTo(key).replace(/^\./, "")}`;
    if (key === null) this.#find({ value, user: owner, name, steps: "" });
    else {for (const part of Object.values(value ?? {})) {
        this.#find({ value: part, user: owner, name, steps: "" });
      }}
    this.#properties.push({ owner, ...property });
  }

  #canSend(value: unknown): boolean {
    if (typeof value !== "object" && typeof value !== "function" || value === null) return true;
    const known = this.#sendable.get(value);
    if (known !== undefined) return known;
    // It may be in itself.
    this.#sendable.set(value, true);
    try {
      new CallDraft(this.#session, [value], this).draft(undefined, { module: null, path: [] });
    } catch (error) {
      if (error instanceof UnknownExports) throw error;
      this.#sendable.set(value, false);
    }
    return this.#sendable.get(value)!;
  }

  #inspect(fns: readonly AnyFunction[]): FunctionInspection[] {
    const missing = fns.filter((fn) => !this.#inspections.has(fn));
    if (missing.length > 0) {
      inspectFunctions(missing, this.#session()).forEach((inspection, i) =>
        this.#inspections.set(missing[i]!, inspection)
      );
    }
    return fns.map((fn) => this.#inspections.get(fn)!);
  }

  #refuse(
    fn: AnyFunction,
    reason: string,
    { remedy = REMEDY, ...data }: {
      remedy?: string;
      variable?: string;
      path?: string;
      cause?: unknown;
    } = {},
  ): TypeError {
    const start = cannotSend(fn, this.#ways);
    const where = this.#functions.positionOf(fn, this.#inspections.get(fn));
    return refusal(`${start}: ${reason}; ${remedy}${where}`, data);
  }

  #refuseValue({ user, name, steps }: Found, reason: string, cause?: unknown): TypeError {
    const path = `${name.replace(/^(variable|property) /, "")}${steps}`;
    if (user === undefined) {
      const { problem = `it ${reason}` } = (cause ?? {}) as { problem?: string };
      return refusal(`Cannot encode ${path}: ${problem}`, { path, cause });
    }
    const isVariable = name.startsWith("variable ");
    const data = { path, cause, ...isVariable && { variable: name.slice("variable ".length) } };
    return this.#refuse(user, `${name}${steps} ${reason}`, data);
  }
}

function isBytes(value: unknown): boolean {
  return ArrayBuffer.isView(value) || value instanceof ArrayBuffer;
}
