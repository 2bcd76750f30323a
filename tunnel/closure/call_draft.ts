import { type Handle, HandleKind } from "../../agent/protocol/handle.ts";
import { Parts } from "../../agent/protocol/parts.ts";
import type { FunctionPlace } from "../../agent/protocol/request.ts";
import type { V8Session } from "../modules/v8.ts";
import type { AnyFunction } from "./any_function.ts";
import { SentMembers } from "./class_members.ts";
import { describeBuiltin } from "./describe_builtin.ts";
import { encodeValues } from "./encode_values.ts";
import { Findings } from "./findings.ts";
import { FunctionDescriber } from "./function_describer.ts";
import { isInternal, UnknownExports } from "./function_place.ts";
import { linkImported, partsOfImports } from "./imported_objects.ts";
import { codeTextOf } from "./function_text.ts";
import { type FunctionInspection, weakMembers } from "./inspector.ts";
import { findModuleSymbols, HiddenSymbols, type SymbolHints } from "./module_symbols.ts";
import { isByReference, objectsOfModules, variablesOf } from "./module_objects.ts";
import type { PatchUse } from "./patches.ts";
import { boundProperties, type OwnProperty } from "./own_properties.ts";
import { Refusals } from "./refusals.ts";
import { scriptOf } from "./script.ts";
import { SentValues } from "./sent_values.ts";
import { checkSharing } from "./torn_variables.ts";
import { ValueWalk } from "./value_walk.ts";
import { stepTo } from "./values.ts";
import { isWithinReach } from "./weak_members.ts";
import { wrappedBy } from "./wrapped.ts";

/** How to make a `require()` in a function. */
const BY_REQUIRE = ", as in const require = createRequire(import.meta.url), or, in a CommonJS " +
  "module, createRequire(__filename)";

/** Why a weak collection is refused that would not have what it has here. */
const COPIED_MEMBER = [
  "has a member that code there has, too, and that its module makes anew there",
  { remedy: "make the collection in the module of the member, which is loaded there" },
] as const;

/** Why a function is refused that has no source to send; `url` is that of its script. */
function withoutSource(fn: AnyFunction, url?: string): [string, { remedy: string }] | undefined {
  if (url?.startsWith("wasm:")) {
    const remedy = "call it in a function that imports or compiles that module";
    return ["it is a part of a WebAssembly module", { remedy }];
  }
  if (url !== undefined && !isInternal(url)) return undefined;
  const code = url === undefined ? "native code" : "code of the runtime";
  const remedy = `make it inside the function${fn.name === "require" ? BY_REQUIRE : ""}`;
  return [`it is ${code} that no global or node: module leads to`, { remedy }];
}

/** Stands for a place that does not matter. */
const NOWHERE: FunctionPlace = { module: null, path: [] };

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
  readonly #hints: SymbolHints;
  readonly #members: SentMembers;
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
   * @param hints What an earlier draft of the same call has found out.
   * @param outer The draft for which this one is a trial.
   */
  constructor(
    session: () => V8Session,
    args: readonly unknown[],
    called: AnyFunction | undefined,
    hints: SymbolHints,
    outer?: CallDraft,
  ) {
    this.#hints = hints;
    this.#session = session;
    this.#args = args;
    this.#called = called;
    this.#findings = outer === undefined ? new Findings(session) : outer.#findings;
    this.refusals = new Refusals(called, (fn) => {
      const written = (this.#findings.inspect([fn])[0]!.bound?.target ?? fn) as AnyFunction;
      return this.#functions.positionOf(written, this.#findings.inspect([written])[0]);
    });
    this.#functions = new FunctionDescriber({
      session,
      inspect: (fns) => this.#findings.inspect(fns),
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
      isOfRuntime: (fn) => isInternal(this.#findings.inspect([fn])[0]!.location?.url ?? ""),
      weakMembers: (object) => weakMembers(object, this.#session()),
      canSend: (value) => this.#canSend(value),
      refuse: (found, reason, data) => this.refusals.ofValue(found, reason, data),
    });
    this.#members = new SentMembers({
      sent: this.sent,
      ways: this.refusals.ways,
      find: (found) => this.#walk.find(found),
      addProperty: (owner, property) => this.#addProperty(owner, property),
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
   * @throws {HiddenSymbols} If another draft may get further, with its hints.
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
      this.#findSymbols(place);
    } while (
      this.#walk.ownErrors.link(
        this.sent,
        {
          called: place,
          refusals: this.refusals,
          describer: this.#functions,
          inspect: (made) => this.#findings.inspect([made])[0]!,
          isPlaced: (made, found) => this.#placeOf(made, found) !== undefined,
          canSend: (made) => this.#canSend(made),
        },
        (found) => this.#walk.find({ ...found, name: "prototype", steps: "", isPrototype: true }),
      ) ||
      this.#linkWeak(place) ||
      this.sent.settle((value) => this.#canSend(value))
    );
    for (const [fn, property] of this.#functions.heirs()) this.#addProperty(fn, property);
    checkSharing(this.units, () => this.#byReference(place), this.#findings, this.refusals);
    this.#walk.checkParts();
    this.#linkObjects(place);
    const copied = this.#walk.weak.findCopied(this.sent);
    if (copied !== undefined) throw this.refusals.ofValue(copied, ...COPIED_MEMBER);
    const parts = new Parts();
    const { sent, refusals, units } = this;
    const values = { root: place === undefined ? fn : null, args: this.#args, units, parts };
    const body = encodeValues(values, { sent, refusals, describer: this.#functions });
    return { place, body, parts };
  }

  /** Has objects be those of modules that are loaded there. */
  #linkObjects(place: FunctionPlace | undefined): void {
    if (!this.#walk.hasObjects) return;
    const ofModules = objectsOfModules(this.#byReference(place), {
      inspect: (fns) => this.#findings.inspect(fns),
      scriptOf: ({ location }) => scriptOf(location!, this.#session()),
      onLoad: (url) => this.sent.loads.add(url),
      give: (one, keys) => this.#functions.giveImport(one, keys),
    });
    const all = [...this.#functions.importedValues, ...ofModules];
    linkImported(all, this.sent, (value) => this.#walk.hasFound(value));
  }

  /** The functions that modules have there. */
  #byReference(place: FunctionPlace | undefined): AnyFunction[] {
    const { ways } = this.refusals;
    const fns = [...ways.keys(), ...this.#functions.importedFunctions];
    if (this.#called !== undefined && !ways.has(this.#called)) fns.push(this.#called);
    const placeOf = (fn: AnyFunction) => fn === this.#called ? place : undefined;
    return fns.filter((fn) => isByReference(fn, placeOf(fn), this.sent));
  }

  /** Sends members of weak collections that are among the values, or that functions have there. */
  #linkWeak(place: FunctionPlace | undefined): boolean {
    const { weak } = this.#walk;
    if (weak.isEmpty) return false;
    const imported = this.#functions.importedValues.map(({ value }) => value);
    const ofModules = variablesOf(this.#findings.inspect(this.#byReference(place)));
    const had = partsOfImports([...imported, ...ofModules]);
    const isThere = (one: unknown) => this.#walk.hasFound(one) || this.#members.has(one);
    return weak.link(
      this.sent,
      (value) => isWithinReach(value, isThere),
      (value) => had.has(value),
      (found) => this.#walk.find(found),
    );
  }

  /** The place of the function that is called: it needs no handle, unless it is in a value, too. */
  #rootPlace(fn: AnyFunction): FunctionPlace | undefined {
    const place = this.sent.takePlace(fn);
    if (place !== undefined) this.#walk.forget(fn);
    return place;
  }

  /** Describes the functions that were found, and those that they use. */
  #describePending(): void {
    while (this.#pending.length > 0) {
      const fns = this.#pending;
      this.#pending = [];
      const others = fns.filter((fn) => !describeBuiltin(fn, this.sent, this.#findings));
      this.#findings.inspect(others);
      // A method of a class that goes along comes with it.
      const isClass = (fn: AnyFunction): boolean => codeTextOf(fn).startsWith("class");
      for (const fn of others) if (isClass(fn)) this.#describe(fn);
      for (const fn of others) if (!isClass(fn)) this.#describe(fn);
    }
    if (this.#unknown.size > 0) throw new UnknownExports(this.#unknown);
  }

  /** Finds symbols of modules, whose own functions would not know others in their place. */
  #findSymbols(place: FunctionPlace | undefined): void {
    const { ownSymbols } = this.sent;
    if (ownSymbols.size === 0) return;
    const { importedFunctions } = this.#functions;
    findModuleSymbols(ownSymbols, this.#byReference(place), {
      inspect: (fns) => this.#findings.inspect(fns),
      placeOf: (symbol, inspection) => this.#findings.placeOf(symbol, inspection),
      onPlace: (symbol, place) => this.sent.setSymbolPlace(symbol, place),
      hints: this.#hints,
      mayGoByValue: (fn) =>
        fn !== this.#called && this.refusals.ways.has(fn) && !importedFunctions.includes(fn),
      refuse: (fn, reason, data) => this.refusals.ofFunction(fn, reason, data),
    });
    this.#describePending();
  }

  #describe(fn: AnyFunction): void {
    if (this.#members.has(fn)) return this.#members.describe(fn);
    const inspection = this.#findings.inspect([fn])[0]!;
    const { location, bound } = inspection;
    if (bound !== undefined) {
      const { target, self, args } = bound;
      const handle = [HandleKind.BOUND, target, self, args] as const;
      const names = ["bound function", "bound this", "bound arguments"];
      return this.#describeMade(fn, handle, names, target);
    }
    const place = this.#placeOf(fn, inspection);
    if (place !== undefined) {
      this.sent.setPlace(fn, place);
      const foreign = this.#functions.foreignProperties(fn, inspection);
      for (const property of foreign) this.#addProperty(fn, property);
      return;
    }
    const made = wrappedBy(fn, inspection);
    const names = ["wrapper", "wrapped function"];
    if (made) return this.#describeMade(fn, [HandleKind.RESULT, ...made], names, made[1]);
    const reason = withoutSource(fn, location?.url);
    if (reason !== undefined) throw this.refusals.ofFunction(fn, ...reason);
    const described = this.#functions.describe(fn, inspection, location!);
    const { handle, uses, properties, members, anew } = described;
    this.sent.setHandle(fn, handle);
    for (const [name, value] of uses) this.#walk.find({ value, user: fn, name, steps: "" });
    for (const property of properties) this.#addProperty(fn, property);
    for (const part of anew.parts) this.#walk.parts.set(part, fn);
    for (const { object, steps, properties } of anew.found) {
      this.sent.setHandle(object, [HandleKind.MEMBER, fn, ...steps]);
      for (const property of properties) this.#addProperty(object, property, fn);
    }
    this.#members.add(fn, members);
  }

  /** Describes a function that another one has made, as `bind()` does of a `target`. */
  #describeMade(fn: AnyFunction, handle: Handle, names: readonly string[], target: unknown): void {
    this.sent.setHandle(fn, handle);
    names.forEach((name, i) =>
      this.#walk.find({ value: handle[i + 1], user: fn, name, steps: "" })
    );
    for (const property of boundProperties(fn, target as AnyFunction)) {
      // The symbols of other makers are theirs.
      const isOwn = handle[0] === HandleKind.BOUND || typeof property.key === "string";
      if (isOwn) this.#addProperty(fn, property);
    }
  }

  /** The place of a function, or any if its module's exports are still to be learned. */
  #placeOf(fn: AnyFunction, inspection: FunctionInspection): FunctionPlace | undefined {
    if (this.#hints.byValue.has(fn)) return undefined;
    try {
      const isDeep = this.#hints.deep.has(inspection.location?.url ?? "");
      return this.#findings.placeOf(fn, inspection, isDeep);
    } catch (error) {
      if (!(error instanceof UnknownExports)) throw error;
      // All of them are learned at once, and then there is another draft.
      for (const url of error.urls) this.#unknown.add(url);
      return NOWHERE;
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
      new CallDraft(this.#session, [value], undefined, this.#hints, this).draft(NOWHERE);
    } catch (error) {
      if (error instanceof UnknownExports || error instanceof HiddenSymbols) throw error;
      sendable.set(value, false);
    }
    return sendable.get(value)!;
  }
}
