import { type Handle, HandleKind } from "../../agent/protocol/handle.ts";
import type { FunctionPlace } from "../../agent/protocol/request.ts";
import { encode } from "../../codec/encode.ts";
import { isEncodeRefusal } from "../../codec/encode_refusal.ts";
import { modulesHere } from "../modules/modules_here.ts";
import type { AnyFunction } from "./any_function.ts";
import { attachmentHandle, isAttachment, simpleHandle } from "./attachment_handle.ts";
import { findBuiltin } from "./builtin.ts";
import { CodeDraft } from "./code_draft.ts";
import { describeByValue, type FunctionByValue } from "./function_by_value.ts";
import { isNative, nameOf } from "./function_place.ts";
import { findCycle } from "./handle_cycle.ts";
import type { Inspections } from "./inspections.ts";
import type { Bound } from "./inspector.ts";
import { hasOtherPrototype } from "./own_properties.ts";
import { PropertyDraft } from "./property_draft.ts";
import { explain, FunctionRefusal, type Use } from "./refusal.ts";
import { asReference, BuiltinReference, canHandle } from "./sendable.ts";
import { symbolHandle } from "./symbol_handle.ts";

/**
 * Collects the handles of all values of a call that have no encoding, with the code and the
 * attachments that the handles refer to.
 */
export class ValueDraft {
  /** Streams, signals and callbacks, to which handles refer by their index. */
  readonly attachments: unknown[] = [];
  readonly code: CodeDraft = new CodeDraft();
  readonly #args: readonly unknown[];
  readonly #inspections: Inspections;
  readonly #handles = new Map<unknown, Handle>();
  readonly #bound = new Map<AnyFunction, Bound>();
  /** Ids of modules that handles refer to. */
  readonly #loads = new Set<string>();
  readonly #properties = new PropertyDraft();
  /** Functions whose properties are being added, by this draft or by one that it is a trial for. */
  readonly #adding: Set<AnyFunction>;

  constructor(
    args: readonly unknown[],
    inspections: Inspections,
    adding: Set<AnyFunction> = new Set(),
  ) {
    this.#args = args;
    this.#inspections = inspections;
    this.#adding = adding;
    for (const arg of args) this.#properties.addSymbols(arg);
  }

  /** Whether any value has a handle. */
  get hasHandles(): boolean {
    return this.#handles.size > 0;
  }

  /** Ids of modules that handles refer to. */
  get loads(): string[] {
    return [...this.#loads];
  }

  /**
   * Gives a handle to a value that has no encoding.
   *
   * @throws {TypeError} If it cannot be sent.
   */
  async add(value: unknown): Promise<void> {
    if (this.#handles.has(value) || this.#properties.addSymbols(value)) return;
    const simple = simpleHandle(value);
    if (simple !== undefined) return void this.#handles.set(value, simple);
    if (isAttachment(value)) {
      const index = this.attachments.push(value) - 1;
      return void this.#handles.set(value, attachmentHandle(value, index));
    }
    if (typeof value === "function") return await this.#addFunction(value);
    const handle = typeof value === "symbol"
      ? symbolHandle(value)!
      : this.#placeHandle(await this.#placeOfObject(value as object));
    this.#handles.set(value, handle);
  }

  /**
   * Encodes the values of the call, and gives handles to all that need one.
   *
   * @param root The function that is called, or `null`.
   * @returns What a CALL with code has as its message.
   * @throws {TypeError} If something cannot be sent.
   */
  async encode(root: unknown): Promise<Uint8Array> {
    for (;;) {
      const missing = new Set<unknown>();
      const body = this.#tryEncode(root, missing);
      for (const value of missing) await this.add(value);
      if (missing.size > 0) continue;
      // All functions are known now, on which the needs of the classes depend.
      const handles = this.code.completeClasses((fn) => this.#boundParts(fn));
      if (handles.size === 0) return body;
      for (const [fn, handle] of handles) this.#handles.set(fn, handle);
    }
  }

  /** Encodes with the handles that are known, and adds the values that lack one to `missing`. */
  #tryEncode(root: unknown, missing: Set<unknown>): Uint8Array {
    const handle = (value: unknown): unknown => {
      const known = this.#handles.get(value);
      if (known !== undefined) return known;
      if (this.#properties.hasSymbolsOf(value) || !canHandle(value)) return undefined;
      missing.add(value);
      return [];
    };
    const values = [root, this.#args, this.code.captured, ...this.#properties.entries];
    try {
      return encode(values, { name: "values", handle });
    } catch (error) {
      if (isEncodeRefusal(error) && error.kind === "cycle") {
        const functions = this.#handles.keys() as Iterable<AnyFunction>;
        const found = findCycle(functions, this.code, (fn) => this.#boundParts(fn));
        if (found !== undefined) throw found.toError(this.#uses());
      }
      throw explain(error, this.#args, this.#uses());
    }
  }

  async #addFunction(fn: AnyFunction): Promise<void> {
    try {
      const description = await this.#inspections.describe(fn);
      switch (description.kind) {
        case "reference":
          return void this.#handles.set(fn, this.#placeHandle(description.place));
        case "bound": {
          const { target, self, args } = description.bound;
          this.#bound.set(fn, description.bound);
          return void this.#handles.set(fn, [HandleKind.BOUND, target, self, args]);
        }
        case "value":
          return await this.#addByValue(
            await describeByValue(fn, description.location, description.scopes),
          );
      }
    } catch (error) {
      throw error instanceof FunctionRefusal ? error.toError(this.#uses()) : error;
    }
  }

  async #addByValue(described: FunctionByValue): Promise<void> {
    const { fn, code, variables } = described;
    for (const { value } of variables.values()) this.#properties.addSymbols(value);
    this.#handles.set(fn, this.code.add(described));
    if (code.form !== "class" && hasOtherPrototype(fn)) {
      throw new FunctionRefusal(fn, "its prototype inherits from another object");
    }
    if (this.#adding.has(fn)) return;
    this.#adding.add(fn);
    for (const property of this.#inspections.propertiesOf(fn)) {
      let { descriptor } = property;
      if ("value" in descriptor) {
        descriptor = { ...descriptor, value: asReference(descriptor.value) };
      }
      // A static field whose value here cannot be sent has the value that the class gives it there.
      if (code.hasStatics && !await this.#canSend(descriptor)) continue;
      this.#properties.addSymbols(descriptor.value);
      this.#properties.add(fn, { ...property, descriptor });
    }
    this.#adding.delete(fn);
  }

  /** Whether `value` can be sent, with all that is in it. */
  async #canSend(value: unknown): Promise<boolean> {
    try {
      encode(value);
      return true;
    } catch {
      // It may be possible with handles.
    }
    const draft = new ValueDraft([value], this.#inspections, this.#adding);
    return await draft.encode(null).then(() => true, () => false);
  }

  /** The place of a built-in object, or of a module's namespace. */
  async #placeOfObject(object: object): Promise<FunctionPlace> {
    const builtin = object instanceof BuiltinReference ? object.place : findBuiltin(object);
    if (builtin !== undefined) return builtin;
    // V8 tells the module of each function of the namespace.
    for (const member of Object.values(object)) {
      if (typeof member !== "function" || isNative(member)) continue;
      const { location } = await this.#inspections.inspect(member);
      if (location !== undefined && await modulesHere.namespace(location.url) === object) {
        return { module: location.url, path: [] };
      }
    }
    throw new TypeError(
      "Cannot send the namespace of a module that exports no function of its own: " +
        "import the module where it is used",
    );
  }

  #placeHandle({ module, path }: FunctionPlace): Handle {
    if (module !== null) this.#loads.add(module);
    return [HandleKind.PLACE, module, ...path];
  }

  #boundParts(fn: AnyFunction): readonly unknown[] {
    const bound = this.#bound.get(fn);
    return bound === undefined ? [] : [bound.target, bound.self, bound.args];
  }

  /** The values that functions use, with their users. */
  #uses(): Use[] {
    const uses = [...this.code.uses, ...this.#properties.uses];
    for (const [user, { target, self, args }] of this.#bound) {
      uses.push(
        { value: target, name: nameOf(target), isVariable: false, user },
        { value: self, name: "bound this", isVariable: false, user },
        { value: args, name: "bound arguments", isVariable: false, user },
      );
    }
    return uses;
  }
}
