import { types } from "node:util";
import { type Handle, HandleKind, PropertyKind } from "../../agent/protocol/handle.ts";
import type { V8Session } from "../modules/v8.ts";
import { assignsTo } from "../source/changed_fields.ts";
import { type FunctionCode, functionCode, withoutOwnName } from "../source/function_code.ts";
import type { SourceScope } from "../source/scopes.ts";
import type { AnyFunction } from "./any_function.ts";
import { type Captured, capturedBy } from "./captured_variables.ts";
import { type ClassMember, MemberFinder } from "./class_members.ts";
import { classNeeds, type SentFunction, type Variable } from "./class_needs.ts";
import { readKeys } from "./computed_keys.ts";
import { isInternal, isNative } from "./function_place.ts";
import { codeTextOf } from "./function_text.ts";
import type { ImportedValue } from "./imported_objects.ts";
import { dataOf, importedSymbols } from "./imported_symbols.ts";
import {
  type FunctionInspection,
  type FunctionLocation,
  type FunctionScope,
  isValueOf,
} from "./inspector.ts";
import {
  closedPrototype,
  ownProperties,
  type OwnProperty,
  ownPrototype,
  parentOf,
} from "./own_properties.ts";
import { originalPosition } from "./original_position.ts";
import { type Patch, patches, type PatchUse, usesPatch } from "./patches.ts";
import { MadeAnew, type Steps } from "./made_anew.ts";
import type { ImportOfModule } from "./module_objects.ts";
import { isReassigned } from "./reassigned.ts";
import { placesOf } from "./scope_places.ts";
import { type Script, scriptOf, startOf } from "./script.ts";
import { isSloppyCode } from "./sloppy.ts";
import { addImport, importHandle, type Unit } from "./unit.ts";
import { UnitDraft } from "./unit_draft.ts";

/** What is found out of a function that goes by value. */
export interface DescribedFunction {
  readonly handle: Handle;
  /** The values that it uses, by what they are called: `variable x`. */
  readonly uses: Iterable<readonly [name: string, value: unknown]>;
  readonly properties: readonly OwnProperty[];
  /** Its methods and accessors, if it is a class. */
  readonly members: readonly ClassMember[];
  /** What its static fields make anew. */
  readonly anew: Pick<MadeAnew, "found" | "parts">;
}

/** What {@linkcode FunctionDescriber} needs of the draft around it. */
export interface FunctionDescriberOptions {
  readonly session: () => V8Session;
  readonly inspect: (fns: readonly AnyFunction[]) => readonly FunctionInspection[];
  /** Whether a value can be sent, with all that is in it. */
  readonly canSend: (value: unknown) => boolean;
  /** A function uses what the script has added to a built-in. */
  readonly onPatch: (use: PatchUse) => void;
  /** A function imports a symbol, which the code that is sent gives by a handle. */
  readonly onSymbol: (symbol: symbol, handle: Handle) => void;
  readonly refuse: (
    fn: AnyFunction,
    reason: string,
    data?: { readonly variable?: string; readonly remedy?: string },
  ) => TypeError;
}

/** Finds the code and the variables of the functions that go by value, and puts them into units. */
export class FunctionDescriber {
  readonly #options: FunctionDescriberOptions;
  readonly #units = new Map<string, Unit>();
  readonly #sent = new Map<AnyFunction, SentFunction>();
  readonly #imported = new Set<unknown>();
  /** The same, with the code that gives them there. */
  readonly importedValues: ImportedValue[] = [];
  /** Classes, with what they extend. */
  readonly #extended = new Map<AnyFunction, AnyFunction>();
  #patches: readonly Patch[] | undefined;

  constructor(options: FunctionDescriberOptions) {
    this.#options = options;
  }

  get units(): Unit[] {
    return [...this.#units.values()];
  }

  /** The name of a variable of a unit. */
  nameOfVariable([unit, index]: Variable): string {
    return this.units[unit]!.draft.names[index]!;
  }

  /** Looks for what the script has added to built-ins, and the function would lack there. */
  #findPatches(fn: AnyFunction, text: string): void {
    for (const patch of this.#patches ??= patches()) {
      if (!usesPatch(text, patch)) continue;
      const { getter } = patch;
      const url = getter && this.#options.inspect([getter])[0]!.location?.url;
      this.#options.onPatch({ fn, patch, url });
    }
  }

  /** Adds a function to the unit of its script. */
  describe(
    fn: AnyFunction,
    inspection: FunctionInspection,
    location: FunctionLocation,
  ): DescribedFunction {
    const { scopes } = inspection;
    const script = scriptOf(location, this.#options.session());
    const text = codeTextOf(fn);
    this.#findPatches(fn, text);
    const isSloppy = isSloppyCode(text, script, location, scopes);
    const type = isSloppy ? "script" : "module";
    let code = this.#ask(fn, () => functionCode(text, type));
    if (isReassigned(code, script, location)) code = withoutOwnName(text, type);
    const unit = this.#unit(script.url);
    const inner: FunctionScope[] = scopes.filter(({ description, variables }) =>
      variables !== globalThis && !/^(Module|Script)/.test(description)
    );
    const members = this.#membersOf(fn, code, script, text, location);
    const properties = ownProperties(fn, code, (...one) => members.has(...one));
    const privates = this.#privatesOf(inspection, code);
    const { canSend } = this.#options;
    const canSendProperty = ({ key, value }: OwnProperty): boolean =>
      key === null || Object.values(value ?? {}).every(canSend);
    // What static fields and blocks have done is sent; if that cannot be, they do it again there.
    const isDone = code.withoutStatics !== undefined && properties.every(canSendProperty) &&
      [...privates.values()].every(canSend);
    const isRedone = code.withoutStatics !== undefined && !isDone;
    const { canMake } = code;
    const anew = this.#madeAnew(location.scriptId, script);
    const isMade = (key: string | symbol | null, value: unknown, steps?: Steps): boolean =>
      canMake(key!) && (typeof key === "symbol" || text.includes(key!)) && anew.visit(value, steps);
    const sent = properties.filter((one) => {
      if (!isRedone || canSendProperty(one)) return true;
      const { key, value } = one;
      const steps = typeof key === "string" ? [key] : undefined;
      return !isMade(key, (value as PropertyDescriptor).value, steps);
    });
    for (const [key, value] of isRedone ? [...privates] : []) {
      if (!canSend(value) && isMade(key, value)) privates.delete(key);
    }
    if (isDone) code = code.withoutStatics!;
    const { keyed } = code;
    // V8 keeps no variable that only a class definition has used.
    const made = new Map<string, unknown>(keyed && readKeys(fn, keyed));
    if (made.size > 0) code = keyed!.code;
    if (code.parent !== undefined) {
      const parent = parentOf(fn);
      if (parent !== null) this.#extended.set(fn, parent);
      if (!isValueOf(code.parent, parent, scopes)) {
        code = { ...code.withOwnParent ?? code, keyVariables: code.keyVariables };
      }
      if (code.withOwnParent === undefined) made.set(code.parent!, parent);
    }
    if (made.size > 0) inner.unshift({ description: "Made", variables: Object.fromEntries(made) });
    const used = new Map<string, Captured>();
    const found = this.#ask(
      fn,
      () => capturedBy(code, { scopes, inner, made, script, location }),
    );
    for (const [name, captured] of found) {
      const { imported } = captured;
      if (imported === undefined) {
        used.set(name, captured);
        continue;
      }
      addImport(unit, name, imported, fn);
      for (const [symbol, code] of importedSymbols(name, captured.value)) {
        this.#options.onSymbol(symbol, importHandle(unit, code));
      }
      const give = (keys: readonly string[]): Handle => importHandle(unit, name, keys);
      this.importedValues.push({ value: captured.value, give });
      this.#imported.add(captured.value);
    }
    const seesNothing = code.form !== "class" && !isSloppy && found.size === 0 &&
      !scopes.some(({ description }) => /^(Script|Eval|With)/.test(description));
    unit.codes.push({ fn, code, location, seesNothing });
    const { line, column } = startOf(text, script, location);
    let places: (SourceScope | undefined)[] | undefined;
    const { index, variables } = unit.draft.add({
      fn,
      code,
      shown: Function.prototype.toString.call(fn),
      line,
      column,
      isSloppy: isSloppy && !code.isStrict,
      scopes: inner,
      madeUp: made.size > 0 ? 1 : 0,
      used,
      privates,
      places: () => places ??= placesOf(inner, script, { line, column }),
    });
    const isClass = code.form === "class";
    const variablesOf = (names: Iterable<string>): Variable[] =>
      [...names].filter((name) => variables.has(name))
        .map((name) => [unit.index, variables.get(name)!, used.get(name)!.value]);
    this.#sent.set(fn, {
      unit: unit.index,
      index,
      variables: variablesOf(used.keys()),
      needs: isClass ? variablesOf(code.needs) : undefined,
      usesItself: code.usesItself,
      line,
      column,
    });
    return {
      handle: [isClass ? HandleKind.CLASS : HandleKind.FUNCTION, unit.index, index],
      uses: [
        ...[...used].map(([name, { value }]) => [`variable ${name}`, value] as const),
        ...[...privates].map(([name, value]) => [`property ${name}`, value] as const),
        ...closedPrototype(fn).map((value) => ["property prototype", value] as const),
      ],
      properties: sent,
      members: members.found,
      anew,
    };
  }

  /**
   * What a function that a module exports has got from elsewhere: properties whose names its own
   * module does not know, and functions that are written in other scripts.
   */
  *foreignProperties(fn: AnyFunction, inspection: FunctionInspection): Generator<OwnProperty> {
    const { location } = inspection;
    const keys = Reflect.ownKeys(fn).filter((key) => !USUAL.has(key));
    if (keys.length === 0 || location === undefined || isInternal(location.url)) return;
    const { source } = scriptOf(location, this.#options.session());
    for (const key of keys) {
      const descriptor = Object.getOwnPropertyDescriptor(fn, key)!;
      const { value } = descriptor;
      const isForeign = typeof value === "function" && !isNative(value) && value !== fn
        ? this.#options.inspect([value])[0]!.location?.scriptId !== location.scriptId
        : typeof key === "string" && !source.includes(key);
      if (isForeign) yield { kind: PropertyKind.MISSING, key, value: descriptor };
    }
  }

  /** The handle of what is found by `keys` in what a module imports. */
  giveImport({ url, name, imported, user }: ImportOfModule, keys: readonly string[]): Handle {
    const unit = this.#unit(url);
    addImport(unit, name, imported, user);
    return importHandle(unit, name, keys);
  }

  /** Functions that are imported, also by namespaces, most of whose functions share a scope. */
  get importedFunctions(): AnyFunction[] {
    const isFunction = (value: unknown): value is AnyFunction => typeof value === "function";
    return [...this.#imported as Set<object>].flatMap((value) =>
      types.isModuleNamespaceObject(value)
        ? Object.keys(value).map((key) => dataOf(value, key)).filter(isFunction).slice(0, 20)
        : [value].filter(isFunction)
    );
  }

  /**
   * What the `prototype` of a class inherits from, where the class will be made before the function
   * that it extends gets the `prototype` that was put there by hand.
   */
  *heirs(): Generator<[AnyFunction, OwnProperty]> {
    for (const [fn, parent] of this.#extended) {
      if (!this.#sent.has(parent) || ownPrototype(parent) !== undefined) continue;
      const value = Object.getPrototypeOf(fn.prototype);
      if (value !== parent.prototype) continue;
      yield [fn, { kind: PropertyKind.PROTOTYPE_INHERITED, key: null, value }];
    }
  }

  /** The variables that classes need when they are made, by their handles. */
  classHandles(boundParts: (fn: AnyFunction) => readonly unknown[]): Map<AnyFunction, Handle> {
    const handles = new Map<AnyFunction, Handle>();
    for (const [fn, variables] of classNeeds(this.#sent, boundParts)) {
      const { unit, index } = this.#sent.get(fn)!;
      handles.set(fn, [HandleKind.CLASS, unit, index, ...variables]);
    }
    return handles;
  }

  /** Where a function is written, for the end of a message; nothing if that is not known. */
  positionOf(fn: AnyFunction, inspection: FunctionInspection | undefined): string {
    const location = inspection?.location;
    if (location === undefined || isInternal(location.url) || location.url === "") return "";
    const script = scriptOf(location, this.#options.session());
    const { line, column } = startOf(codeTextOf(fn), script, location);
    const original = originalPosition(location.url, line, column);
    return ` (${location.url}:${original.line + 1}:${original.column + 1})`;
  }

  /** Tells what the static fields of a class make anew. */
  #madeAnew(scriptId: string, { source }: Script): MadeAnew {
    const inspect = (one: unknown): FunctionInspection =>
      this.#options.inspect([one as AnyFunction])[0]!;
    return new MadeAnew({
      isOwn: (made) => !isNative(made) && inspect(made).location?.scriptId === scriptId,
      privatesOf: (object) => inspect(object).privates,
      hasEntries: (object) => inspect(object).hasEntries === true,
      isAssigned: (name) => assignsTo(name, source),
    });
  }

  /** Private fields that the class has in its code: those of its parent are not its own. */
  #privatesOf(
    { privates }: FunctionInspection,
    { privateStatics }: FunctionCode,
  ): Map<string, unknown> {
    return new Map(
      privateStatics.filter((name) => privates.has(name)).map((name) => [name, privates.get(name)]),
    );
  }

  /** The members of a class. */
  #membersOf(
    fn: AnyFunction,
    code: FunctionCode,
    script: Script,
    text: string,
    location: FunctionLocation,
  ): MemberFinder {
    const inspect = (one: AnyFunction) => this.#options.inspect([one])[0]!;
    const column = script.source === "" ? undefined : startOf(text, script, location).column;
    return new MemberFinder(fn, code, { location, column, inspect });
  }

  /** Does what may find a reason not to send `fn`. */
  #ask<T>(fn: AnyFunction, find: () => T): T {
    try {
      return find();
    } catch (error) {
      const { message, variable, remedy } = error as Error & { variable?: string; remedy?: string };
      throw this.#options.refuse(fn, message, {
        ...variable !== undefined && { variable },
        ...remedy !== undefined && { remedy },
      });
    }
  }

  #unit(url: string): Unit {
    let unit = this.#units.get(url);
    if (unit === undefined) {
      const draft = new UnitDraft();
      unit = { url, index: this.#units.size, draft, imports: new Map(), codes: [] };
      this.#units.set(url, unit);
    }
    return unit;
  }
}

/** What most functions have. */
const USUAL = new Set<string | symbol>(["length", "name", "prototype", "arguments", "caller"]);
