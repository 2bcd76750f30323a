import { types } from "node:util";
import { HandleKind, PropertyKind } from "../../agent/protocol/handle.ts";
import { LinkedUrls } from "../../agent/protocol/linked_urls.ts";
import { isOfRuntime, lostKeys } from "../../agent/protocol/lost_keys.ts";
import type { FunctionPlace } from "../../agent/protocol/request.ts";
import { isBuffer } from "../../agent/protocol/runtime_object.ts";
import { isIterator } from "../../agent/protocol/value_stream.ts";
import { viewClassName } from "../../agent/protocol/view.ts";
import { bytesProblem } from "../../codec/bytes_problem.ts";
import { encode } from "../../codec/encode.ts";
import { isEncodeRefusal } from "../../codec/encode_refusal.ts";
import type { AnyFunction } from "./any_function.ts";
import { attachmentHandle, isAttachment, simpleHandle } from "./attachment_handle.ts";
import { findBuiltin, findBuiltinNamespace, findGlobal } from "./builtin.ts";
import { isNative } from "./function_place.ts";
import type { WeakMember } from "./inspector.ts";
import { OwnErrors } from "./own_errors.ts";
import { integrity, ownPrototype } from "./own_properties.ts";
import type { RefusalData, Way } from "./refusal.ts";
import type { SentValues } from "./sent_values.ts";
import { contentOf, contentOfPrototype, isCopied, type OddProperty, stepTo } from "./values.ts";
import { weakClassOf, WeakMembers } from "./weak_members.ts";

/** A value, and how it was found. */
export interface Found extends Way {
  readonly value: unknown;
  /** Whether it was put in the place of a function's `prototype`. */
  readonly isPrototype?: boolean;
}

/** Options for {@linkcode ValueWalk}. */
export interface ValueWalkOptions {
  readonly sent: SentValues;
  /** A function was found for the first time. */
  readonly onFunction: (fn: AnyFunction, way: Way) => void;
  /** Tells whether a function that is JavaScript is part of the runtime. */
  readonly isOfRuntime: (fn: AnyFunction) => boolean;
  /** Gives the members of a `WeakMap` or `WeakSet`. */
  readonly weakMembers: (object: object) => WeakMember[];
  /** Tells whether a part of an error can be sent. */
  readonly canSend: (value: unknown) => boolean;
  /** Makes the error for a value that cannot be sent. */
  readonly refuse: (found: Found, reason: string, data?: RefusalData) => TypeError;
}

/** Goes through values, and finds what in them the codec does not copy by itself. */
export class ValueWalk {
  readonly #options: ValueWalkOptions;
  readonly #seen = new Set<unknown>();
  readonly #urls = new LinkedUrls();

  /** What belongs to something that a class makes anew. */
  readonly parts: Map<object, AnyFunction> = new Map();
  /** Whether there is a plain object or an array in a value. */
  hasObjects = false;

  readonly ownErrors: OwnErrors = new OwnErrors();
  readonly weak: WeakMembers = new WeakMembers();

  constructor(options: ValueWalkOptions) {
    this.#options = options;
  }

  /**
   * Checks that nothing goes along that belongs to something that is made anew there.
   *
   * @throws {TypeError} If something does.
   */
  checkParts(): void {
    for (const [value, user] of this.parts) {
      if (!this.#seen.has(value)) continue;
      const reason = "makes an AbortController anew there, and its signal goes along beside it";
      throw this.#options.refuse({ value, user, name: "a static field", steps: "" }, reason);
    }
  }

  /** Whether an object or a function has been found. */
  hasFound(value: unknown): boolean {
    return this.#seen.has(value);
  }

  /** Has a value found once more. */
  forget(value: unknown): void {
    this.#seen.delete(value);
  }

  /**
   * Goes through a value and all that is in it.
   *
   * @throws {TypeError} If something cannot be sent.
   */
  find(first: Found): void {
    const pending = [first];
    // Not by recursion: a list may be as long as the memory allows.
    for (let found; (found = pending.pop()) !== undefined;) {
      const { value } = found;
      if (typeof value === "symbol") {
        this.#options.sent.addSymbol(value);
        continue;
      }
      const isObject = typeof value === "object" && value !== null;
      if (!isObject && typeof value !== "function" || this.#seen.has(value)) continue;
      this.#seen.add(value);
      this.#visit(found, value as object, pending);
    }
  }

  #visit(found: Found, value: object, pending: Found[]): void {
    const { sent, onFunction } = this.#options;
    if (types.isProxy(value)) return this.#visitProxy(found, value);
    const linked = this.#urls.look(value);
    if (linked !== undefined) {
      const remedy = "take them from the URL in the function, as in `url.searchParams`";
      throw this.#options.refuse(found, linked, { remedy });
    }
    const problem = bytesProblem(value);
    if (problem !== undefined) {
      const remedy = "send it before that, or send a copy";
      throw this.#options.refuse(found, problem.replace(/^it /, ""), { remedy });
    }
    sent.views.look(value);
    const simple = sent.views.handleOf(value) ?? simpleHandle(value);
    if (simple !== undefined) {
      sent.setHandle(value, simple);
      this.#keepIntegrity(value);
      this.#sendLostProperties(found, value);
      if (isBuffer(value)) return;
      for (const part of simple) pending.push({ ...found, value: part });
      return;
    }
    if (isSentAlong(found)) {
      const index = sent.attachments.push(value) - 1;
      sent.setHandle(value, attachmentHandle(value, index));
      if (typeof value === "function") {
        const own = Reflect.ownKeys(value).flatMap((key): OddProperty[] => {
          const descriptor = Object.getOwnPropertyDescriptor(value, key)!;
          return descriptor.enumerable ? [{ key, descriptor }] : [];
        });
        this.#sendProperties(found, value, own);
      } else if (isOfRuntime(value)) this.#sendLostProperties(found, value);
      return;
    }
    if (typeof value === "function") return onFunction(value as AnyFunction, found);
    if (types.isModuleNamespaceObject(value)) return this.#visitNamespace(value);
    const place = this.#placeOf(value);
    if (place !== undefined) return sent.setPlace(value, place);
    const owner = Object.getOwnPropertyDescriptor(value, "constructor")?.value;
    if (typeof owner === "function" && ownPrototype(owner) === value) {
      sent.setHandle(value, [HandleKind.PROTOTYPE, owner]);
      this.#keepIntegrity(value);
      pending.push({ ...found, value: owner, steps: `${found.steps}.constructor` });
      return;
    }
    const weakClass = weakClassOf(value);
    if (weakClass === undefined) return this.#visitContent(found, value, pending);
    const handle = [HandleKind.RESULT, Reflect.construct, weakClass, []] as const;
    sent.setHandle(value, handle);
    for (const part of handle) pending.push({ ...found, value: part });
    this.weak.add(value, this.#options.weakMembers(value), found);
    this.#keepIntegrity(value);
  }

  #visitContent(found: Found, value: object, pending: Found[]): void {
    const { user, name, steps } = found;
    const content = found.isPrototype === true && !isCopied(value)
      ? contentOfPrototype(value)
      : contentOf(value, this.#options.canSend);
    this.#keepIntegrity(value);
    const isOdd = content.kind === "odd";
    this.hasObjects ||= content.kind === "parts";
    if (isOdd && content.properties.length > 0) {
      this.#sendProperties(found, value, content.properties);
    } else this.#sendLostProperties(found, value);
    if (content.kind === "leaf") return this.#checkLeaf(found);
    if (isOdd && value instanceof Error && found.isPrototype !== true) this.ownErrors.add(value);
    for (const part of content.parts) {
      pending.push({ value: part.value, user, name, steps: steps + part.step });
    }
    if (!isOdd) return;
    const { sent } = this.#options;
    sent.setStandIn(value, content.copied);
    const { inherited } = content;
    if (inherited !== undefined) {
      pending.push({ ...found, value: inherited });
      const kind = PropertyKind.INHERITED;
      sent.properties.push({ owner: value, kind, key: null, value: inherited });
    }
  }

  #sendProperties(found: Found, owner: object, properties: readonly OddProperty[]): void {
    for (const { key, descriptor } of properties) {
      this.#options.sent.whenKnown(
        key,
        descriptor,
        () => this.#sendProperty(found, owner, { key, descriptor }),
      );
    }
  }

  #sendProperty(
    { user, name, steps }: Found,
    owner: object,
    { key, descriptor }: OddProperty,
  ): void {
    for (const part of Object.values(descriptor)) {
      this.find({ value: part, user, name, steps: steps + stepTo(key) });
    }
    this.#options.sent.addProperty(owner, key, descriptor);
  }

  #keepIntegrity(owner: object): void {
    for (const one of integrity(owner)) this.#options.sent.integrity.push({ owner, ...one });
  }

  /** Sends the properties that the codec leaves out, though it copies the object itself. */
  #sendLostProperties(found: Found, value: object): void {
    const { sent, canSend } = this.#options;
    const propertyOf = (key: string | symbol): OddProperty => ({
      key,
      descriptor: Object.getOwnPropertyDescriptor(value, key)!,
    });
    const properties = lostKeys(value).map(propertyOf)
      // Of an error, as much is sent as there is a copy of.
      .filter(({ descriptor }) =>
        !(value instanceof Error) || Object.values(descriptor).every(canSend)
      );
    this.#sendProperties(found, value, properties);
    if (!isOfRuntime(value)) return;
    for (const key of Object.getOwnPropertySymbols(value)) {
      if (properties.some((one) => one.key === key)) continue;
      // Most of them are the runtime's own, which code of the script does not know.
      sent.whenUsed(key, () => this.#sendProperty(found, value, propertyOf(key)));
    }
  }

  /** A few objects of the runtime are proxies, such as `process.env`. */
  #visitProxy(found: Found, value: object): void {
    const place = findBuiltin(value);
    if (place === undefined) throw this.#options.refuse(found, "is a Proxy, which has no copy");
    this.#options.sent.setPlace(value, place);
  }

  #visitNamespace(value: object): void {
    const builtin = findBuiltinNamespace(value as Record<string, unknown>);
    if (builtin === undefined) this.#options.sent.setNamespace(value);
    else this.#options.sent.setPlace(value, { module: builtin, path: [] });
  }

  /** The place of an object of the runtime. A plain object is one if its functions are. */
  #placeOf(value: object): FunctionPlace | undefined {
    const global = findGlobal(value);
    if (global !== undefined) return global;
    const prototype = Object.getPrototypeOf(value);
    if (prototype !== Object.prototype && prototype !== null) {
      return isCopied(value) ? undefined : findBuiltin(value);
    }
    const member = Object.values(Object.getOwnPropertyDescriptors(value))
      .find((descriptor) => typeof descriptor.value === "function")?.value;
    if (member === undefined || types.isProxy(member)) return undefined;
    const isOfRuntime = isNative(member) || this.#options.isOfRuntime(member);
    return isOfRuntime ? findBuiltin(value) : undefined;
  }

  /** Refuses an object that has no copy. */
  #checkLeaf(found: Found): void {
    const { value } = found;
    // To encode it would copy it.
    if (ArrayBuffer.isView(value) && viewClassName(value) !== undefined) return;
    if (value instanceof ArrayBuffer && Object.getPrototypeOf(value) === ArrayBuffer.prototype) {
      return;
    }
    try {
      encode(value);
    } catch (error) {
      if (!isEncodeRefusal(error)) throw error;
      const { className, problem } = error;
      if (value instanceof Promise) {
        const remedy = "await it before the call, or make it inside the function";
        const reason = "is a promise, which is not a value yet";
        throw this.#options.refuse(found, reason, { cause: error, remedy });
      }
      if (isIterator(value as object)) {
        const remedy = "give its values, as in [...it], or make it inside the function";
        const reason = "is an iterator, which has no copy";
        throw this.#options.refuse(found, reason, { cause: error, remedy });
      }
      const reason = className === undefined
        ? `cannot be copied: ${problem}`
        : `is ${/^[AEIO]/.test(className) ? "an" : "a"} ${className}, which has no copy`;
      throw this.#options.refuse(found, reason, { cause: error });
    }
  }
}

/**
 * Whether a value is a stream, a signal or a callback that goes along. An object of Node that a
 * function uses, and that happens to be a stream, such as a logger, is not one.
 */
function isSentAlong({ value, user, isPrototype }: Found): boolean {
  if (isPrototype === true || !isAttachment(value)) return false;
  if (user === undefined) return true;
  // It would be an iterator of another kind there.
  if (Object(value)[Symbol.iterator] !== undefined) return false;
  return typeof value !== "object" || value === null || !("_events" in value);
}
