import { HandleKind } from "../../agent/protocol/handle.ts";
import { isPart, Parts } from "../../agent/protocol/parts.ts";
import type { FunctionPlace } from "../../agent/protocol/request.ts";
import { encode } from "../../codec/encode.ts";
import { isEncodeRefusal } from "../../codec/encode_refusal.ts";
import type { V8Session } from "../modules/v8.ts";
import type { AnyFunction } from "./any_function.ts";
import { simpleHandle } from "./attachment_handle.ts";
import { findBuiltin, findGlobal } from "./builtin.ts";
import type { Variable } from "./class_needs.ts";
import { Findings } from "./findings.ts";
import { FunctionDescriber } from "./function_describer.ts";
import { isInternal, isNative, isReplaced, UnknownExports } from "./function_place.ts";
import type { FunctionInspection } from "./inspector.ts";
import { findModuleSymbols } from "./module_symbols.ts";
import type { PatchUse } from "./patches.ts";
import { boundProperties, type OwnProperty } from "./own_properties.ts";
import { leadsTo } from "./parts.ts";
import { tooDeep } from "./refusal.ts";
import { Refusals } from "./refusals.ts";
import { SentValues } from "./sent_values.ts";
import { ValueWalk } from "./value_walk.ts";
import { stepTo } from "./values.ts";

/** How to make a `require()` in a function. */
const BY_REQUIRE = ", as in const require = createRequire(import.meta.url)";

/** What is drafted of a call. */
export interface DraftedCall {
  /** Where the function is, if it does not go by value. */
  readonly place: FunctionPlace | undefined;
  /** The encoded values; `undefined` if there are none. */
  readonly body: Uint8Array | undefined;
  /** Large arrays of bytes among the values, which go ahead of them. */
  readonly parts: Parts;
}

/**
 * Finds out what to send of a call: it looks at the function, at all that it uses, and at the
 * arguments, and encodes them. All of that is one step that no other code can come between, so the
 * call has everything as it is when it is made.
 */
export class CallDraft {
  readonly #session: () => V8Session;
  readonly #args: readonly unknown[];
  /** It is shared with trials. */
  readonly #findings: Findings;
  readonly #functions: FunctionDescriber;
  readonly #walk: ValueWalk;
  /** Functions that were found and are not described yet. */
  #pending: AnyFunction[] = [];
  readonly #called: AnyFunction | undefined;
  /** Modules whose exports are not known. */
  readonly #unknown = new Set<string>();

  /** Makes the errors for what cannot be sent. */
  readonly refusals: Refusals;
  /** What goes with the encoded values. */
  readonly sent: SentValues = new SentValues();
  /** The functions that use what the script has added to built-ins. */
  readonly patched: PatchUse[] = [];

  /**
   * Begins a draft.
   *
   * @param session Gives a session, and is only called if a function has to be looked at.
   * @param called The function that is called; `undefined` if only its place is known.
   * @param outer The draft for which this one is a trial.
   */
  constructor(
    session: () => V8Session,
    args: readonly unknown[],
    called: AnyFunction | undefined,
    outer?: CallDraft,
  ) {
    this.#session = session;
    this.#args = args;
    this.#called = called;
    this.#findings = outer === undefined ? new Findings(session) : outer.#findings;
    this.refusals = new Refusals(called, (fn) => {
      const written = (this.#inspect([fn])[0]!.bound?.target ?? fn) as AnyFunction;
      return this.#functions.positionOf(written, this.#inspect([written])[0]);
    });
    this.#functions = new FunctionDescriber({
      session,
      inspect: (fns) => this.#inspect(fns),
      canSend: (value) => this.#canSend(value),
      onPatch: (use) => this.patched.push(use),
      onSymbol: (symbol, handle) => this.sent.setSymbol(symbol, handle),
      refuse: (fn, reason, data) => this.refusals.ofFunction(fn, reason, data),
    });
    this.#walk = new ValueWalk({
      sent: this.sent,
      onFunction: (fn, way) => {
        this.refusals.ways.set(fn, way);
        this.#pending.push(fn);
      },
      isOfRuntime: (fn) => isInternal(this.#inspect([fn])[0]!.location?.url ?? ""),
      canSend: (value) => this.#canSend(value),
      refuse: (found, reason, data) => this.refusals.ofValue(found, reason, data),
    });
  }

  /** The code that goes by value. */
  get units(): FunctionDescriber["units"] {
    return this.#functions.units;
  }

  /**
   * Drafts the call.
   *
   * @param given Where the function is, if that is known already.
   * @throws {TypeError} If something cannot be sent; the text names it.
   * @throws {UnknownExports} If an `import()` has to tell first what a module exports.
   */
  draft(given?: FunctionPlace): DraftedCall {
    const fn = this.#called;
    if (given === undefined) {
      this.#walk.find({ value: fn, user: undefined, name: "function", steps: "" });
      this.#describePending();
    }
    const place = given ?? this.#rootPlace(fn!);
    this.#args.forEach((value, i) =>
      this.#walk.find({ value, user: undefined, name: "arguments", steps: `[${i}]` })
    );
    do {
      this.#describePending();
      this.#findSymbols();
    } while (
      this.#walk.ownErrors.link(
        this.sent,
        {
          called: place,
          refusals: this.refusals,
          describer: this.#functions,
          inspect: (made) => this.#inspect([made])[0]!,
          isPlaced: (made, found) => this.#placeOf(made, found) !== undefined,
        },
        (found) => this.#walk.find({ ...found, name: "prototype", steps: "", isPrototype: true }),
      ) ||
      this.sent.settle((value) => this.#canSend(value))
    );
    for (const [fn, property] of this.#functions.heirs()) this.#addProperty(fn, property);
    this.#walk.checkParts();
    const parts = new Parts();
    const body = this.#encode(place === undefined ? fn : null, parts);
    return { place, body, parts };
  }

  /** The place of the function that is called: it needs no handle, unless it is in a value, too. */
  #rootPlace(fn: AnyFunction): FunctionPlace | undefined {
    const [kind, module, ...path] = this.sent.handleOf(fn)!;
    const hasProperties = this.sent.properties.some(({ owner }) => owner === fn);
    if (kind !== HandleKind.PLACE || hasProperties) return undefined;
    if (path.some((key) => typeof key === "symbol")) return undefined;
    this.sent.removePlace(fn, module as string | null);
    this.#walk.forget(fn);
    return { module: module as string | null, path: path as string[] };
  }

  #encode(root: unknown, parts: Parts): Uint8Array | undefined {
    const { sent } = this;
    for (const [view, handle] of sent.views.find()) sent.setHandle(view, handle);
    const isPlain = sent.isEmpty;
    if (isPlain && this.#args.length === 0) return undefined;
    const handles = this.#functions.classHandles((fn) => boundParts(fn, this.sent));
    for (const [fn, handle] of handles) sent.setHandle(fn, handle);
    const captured = this.units.map(({ draft }) => draft.captured);
    const properties = [...sent.properties, ...sent.integrity].map(({ owner, kind, key, value }) =>
      [owner, kind, key, value] as const
    );
    const values = isPlain ? this.#args : [root, this.#args, captured, ...properties];
    try {
      return encode(values, {
        name: isPlain ? "arguments" : "values",
        handle: (value) => sent.handleOf(value) ?? parts.handleOf(value) ?? simpleHandle(value),
        standIn: (value) => sent.standInOf(value) ?? (isPart(value) ? value : undefined),
      });
    } catch (error) {
      throw this.#explain(error);
    }
  }

  /** Says which function has to be there before itself, if that is the codec's problem. */
  #explain(error: unknown): unknown {
    if (!isEncodeRefusal(error)) return error;
    if (error.kind === "depth") return tooDeep(error, this.refusals.positionOfCalled());
    if (error.kind !== "cycle") return error;
    for (const fn of this.sent.handled as Iterable<AnyFunction>) {
      if (leadsTo(boundParts(fn, this.sent), fn, this.#leads)) {
        return this.refusals.ofFunction(fn, "what it binds has it in it", { cause: error });
      }
      const variable = neededBy(fn, this.sent).find(([, , value]) =>
        leadsTo(value, fn, this.#leads)
      );
      if (variable === undefined) continue;
      const name = this.#functions.nameOfVariable(variable);
      const reason = `variable ${name}, which it may use when it is created, has it in it`;
      return this.refusals.ofFunction(fn, reason, { variable: name, cause: error });
    }
    return error;
  }

  /** What has to be there before a function can be made. */
  readonly #leads = (fn: AnyFunction): unknown[] => [
    ...boundParts(fn, this.sent),
    ...neededBy(fn, this.sent).map(([, , value]) => value),
  ];

  /** Describes the functions that were found, and those that they use. */
  #describePending(): void {
    while (this.#pending.length > 0) {
      const fns = this.#pending;
      this.#pending = [];
      const others = fns.filter((fn) => !this.#describeBuiltin(fn));
      this.#inspect(others);
      for (const fn of others) this.#describe(fn);
    }
    if (this.#unknown.size > 0) throw new UnknownExports(this.#unknown);
  }

  /** Finds symbols of modules, whose own functions would not know others in their place. */
  #findSymbols(): void {
    const { ownSymbols } = this.sent;
    if (ownSymbols.size === 0) return;
    const fns = [...this.refusals.ways.keys(), ...this.#functions.importedFunctions].filter(
      (fn) => {
        const kind = this.sent.handleOf(fn)?.[0];
        return kind === undefined || kind === HandleKind.PLACE;
      },
    );
    if (this.#called !== undefined && !this.refusals.ways.has(this.#called)) fns.push(this.#called);
    findModuleSymbols(ownSymbols, fns, {
      inspect: (fns) => this.#inspect(fns),
      placeOf: (symbol, inspection) => this.#findings.placeOf(symbol, inspection),
      onPlace: (symbol, place) => this.sent.setSymbolPlace(symbol, place),
      refuse: (fn, reason, data) => this.refusals.ofFunction(fn, reason, data),
    });
    this.#describePending();
  }

  #describeBuiltin(fn: AnyFunction): boolean {
    const place = findGlobal(fn) ?? (isNative(fn) ? findBuiltin(fn) : undefined);
    if (place === undefined || isReplaced(place, fn, (fns) => this.#inspect(fns))) return false;
    this.sent.setPlace(fn, place);
    return true;
  }

  #describe(fn: AnyFunction): void {
    const inspection = this.#inspect([fn])[0]!;
    const { location, bound } = inspection;
    if (bound !== undefined) return this.#describeBound(fn, bound);
    const place = this.#placeOf(fn, inspection);
    if (place !== undefined) {
      this.sent.setPlace(fn, place);
      const foreign = this.#functions.foreignProperties(fn, inspection);
      for (const property of foreign) this.#addProperty(fn, property);
      return;
    }
    if (location === undefined || isInternal(location.url)) {
      const code = location === undefined ? "native code" : "code of the runtime";
      throw this.refusals.ofFunction(fn, `it is ${code} that no global or node: module leads to`, {
        remedy: `make it inside the function${fn.name === "require" ? BY_REQUIRE : ""}`,
      });
    }
    const { handle, uses, properties, anew } = this.#functions.describe(fn, inspection, location);
    this.sent.setHandle(fn, handle);
    for (const [name, value] of uses) this.#walk.find({ value, user: fn, name, steps: "" });
    for (const property of properties) this.#addProperty(fn, property);
    for (const part of anew.parts) this.#walk.parts.set(part, fn);
    for (const { object, steps, properties } of anew.found) {
      this.sent.setHandle(object, [HandleKind.MEMBER, fn, ...steps]);
      for (const property of properties) this.#addProperty(object, property, fn);
    }
  }

  #describeBound(fn: AnyFunction, bound: NonNullable<FunctionInspection["bound"]>): void {
    const { target, self, args } = bound;
    this.sent.setHandle(fn, [HandleKind.BOUND, target, self, args]);
    this.#walk.find({ value: target, user: fn, name: "bound function", steps: "" });
    this.#walk.find({ value: self, user: fn, name: "bound this", steps: "" });
    this.#walk.find({ value: args, user: fn, name: "bound arguments", steps: "" });
    const properties = boundProperties(fn, target as AnyFunction);
    for (const property of properties) this.#addProperty(fn, property);
  }

  /** The place of a function, or any if its module's exports are still to be learned. */
  #placeOf(fn: AnyFunction, inspection: FunctionInspection): FunctionPlace | undefined {
    try {
      return this.#findings.placeOf(fn, inspection);
    } catch (error) {
      if (!(error instanceof UnknownExports)) throw error;
      // All of them are learned at once, and then there is another draft.
      for (const url of error.urls) this.#unknown.add(url);
      return { module: null, path: [] };
    }
  }

  #addProperty(owner: object, property: OwnProperty, user = owner as AnyFunction): void {
    const { key, value } = property;
    this.sent.whenKnown(key, value, () => {
      const step = key === null ? "[[Prototype]]" : stepTo(key).replace(/^\./, "");
      const way = { user, name: `property ${step}`, steps: "" };
      const parts = key === null ? [value] : Object.values(value ?? {});
      for (const value of parts) {
        this.#walk.find({ ...way, value, isPrototype: key === "prototype" });
      }
      this.sent.properties.push({ owner, ...property });
    });
  }

  #canSend(value: unknown): boolean {
    if (typeof value !== "object" && typeof value !== "function" || value === null) return true;
    const { sendable } = this.#findings;
    const known = sendable.get(value);
    if (known !== undefined) return known;
    // It may be in itself.
    sendable.set(value, true);
    try {
      new CallDraft(this.#session, [value], undefined, this).draft({ module: null, path: [] });
    } catch (error) {
      if (error instanceof UnknownExports) throw error;
      sendable.set(value, false);
    }
    return sendable.get(value)!;
  }

  #inspect(fns: readonly AnyFunction[]): FunctionInspection[] {
    return this.#findings.inspect(fns);
  }
}

/** What a bound function binds. */
function boundParts(fn: AnyFunction, sent: SentValues): readonly unknown[] {
  const [kind, ...parts] = sent.handleOf(fn) ?? [];
  return kind === HandleKind.BOUND ? parts : [];
}

/** The variables that a class needs when it is made. */
function neededBy(fn: AnyFunction, sent: SentValues): readonly Variable[] {
  const [kind, , , ...needs] = sent.handleOf(fn) ?? [];
  return kind === HandleKind.CLASS ? needs as Variable[] : [];
}
