/**
 * The data of the codec's handles. In an encoded value, a handle stands for a value that has no
 * encoding; from its data the agent makes a value that does the same.
 *
 * @module
 */

import type { DecodeOptions } from "../../codec/decode.ts";
import { setIntegrity } from "./integrity.ts";
import { describeRuntimeObject, makeRuntimeObject } from "./runtime_object.ts";
import { trimStack } from "./stack.ts";
import { naturalOf, stringOf } from "./handle_data.ts";
import { makeView } from "./view.ts";
import { withoutFrames } from "./without_frames.ts";

/** Kinds of {@linkcode Handle}; the first element of each. */
export const HandleKind = {
  /** `[PLACE, module, ...path]`: an export of a module, or a global when `module` is `null`. */
  PLACE: 0,
  /** `[FUNCTION, unit, index]`: a function of a unit that comes with the value. */
  FUNCTION: 1,
  /**
   * `[CLASS, unit, index, [unit, variable, value]…]`: a class of such a unit, with the variables
   * that the class, and the functions that it may call, need when it is made.
   */
  CLASS: 2,
  /** `[BOUND, function, this, arguments]`: a bound function. */
  BOUND: 3,
  /** `[SYMBOL, name]`: a well-known symbol, such as `iterator`. */
  SYMBOL: 4,
  /** `[SYMBOL_FOR, key]`: a symbol of the global registry. */
  SYMBOL_FOR: 5,
  /**
   * `[STREAM, attachment, kind, isRepeatable, ...members]`: a stream, see value_stream.ts. Behind
   * the kind is what the controller says of an iterable, see stream_limits.ts.
   */
  STREAM: 6,
  /** `[SIGNAL, attachment]`: an `AbortSignal` that may still abort. */
  SIGNAL: 7,
  /** `[ABORTED, reason]`: an `AbortSignal` that has aborted. */
  ABORTED: 8,
  /** `[CALLBACK, attachment]`: a function that runs at the controller. */
  CALLBACK: 9,
  /** `[DOM_EXCEPTION, message, name, properties]`: a `DOMException`, such as an abort's reason. */
  DOM_EXCEPTION: 10,
  /** `[GROUP_RESULT, [host, value]…]`: the result of an operation on several hosts. */
  GROUP_RESULT: 11,
  /** `[ERROR_RESULT, msg, tb, skipped, aborted, reason]`: the failure of one of the hosts. */
  ERROR_RESULT: 12,
  /** `[OWN_SYMBOL, number, description]`: a symbol that the controller's script has made. */
  OWN_SYMBOL: 13,
  /**
   * `[NAMESPACE, index]`: the namespace of the module with this index in the code's `namespaces`.
   */
  NAMESPACE: 14,
  /** `[PROTOTYPE, function]`: the `prototype` of a function or class. */
  PROTOTYPE: 15,
  /** `[RUNTIME_OBJECT, class, ...data]`: such as `Headers`, see runtime_object.ts. */
  RUNTIME_OBJECT: 16,
  /**
   * `[WITH_PROPERTIES, value, [owner, key, value, attributes]…, [owner, integrity]…]`: a value,
   * properties of objects in it that the codec does not copy, and which of these may not be
   * changed. See {@linkcode Attribute} and {@linkcode integrityOf}.
   */
  WITH_PROPERTIES: 17,
  /** `[VIEW, buffer, class, offset, length]`: a view that shares its buffer with others. */
  VIEW: 18,
  /** `[PART, index]`: bytes that came as a message of their own, see parts.ts. */
  PART: 19,
  /** `[MEMBER, class, ...steps]`: a method of a class, or what a static field of it has made. */
  MEMBER: 20,
  /**
   * `[IMPORTED, original, copy, integrity]`: an object that a module has made, and a copy of what
   * it is at the controller. It is the original if that is the same, else the copy.
   */
  IMPORTED: 21,
  /** `[INTRINSIC, ...path]`: something of {@linkcode INTRINSICS}, or what hangs on it. */
  INTRINSIC: 22,
  /** `[RESULT, function, ...arguments]`: what the function gives for the arguments. */
  RESULT: 23,
} as const;

/** The attributes of a property that has one, added up. */
export const Attribute = { ENUMERABLE: 1, WRITABLE: 2, CONFIGURABLE: 4 } as const;

/**
 * The data of a handle: an array that starts with a {@linkcode HandleKind}.
 *
 * The attachment in it is something that goes on beside the value. In a call, it is an index into
 * the attachments of the call's header; in a value that an agent sends, it is the number of a
 * channel.
 */
export type Handle = readonly [kind: number, ...rest: unknown[]];

/**
 * The method by which an object gives its handle. The agent does not know the classes of groups.
 */
const OWN_HANDLE: unique symbol = Symbol.for("chopsticks.handle");

/** A function for each kind of handle that makes an object; see {@linkcode defineHandle}. */
const makers = new Map<number, (...data: unknown[]) => unknown>();

/**
 * Lets objects of a class of the library be sent.
 *
 * @param describe Gives the elements that follow the kind in the handle of an object.
 * @param make Makes an object from these elements. Throws if `describe` cannot have given them.
 */
export function defineHandle<T extends object>(
  prototype: T,
  kind: number,
  describe: (value: T) => unknown[],
  make: (...data: unknown[]) => T,
): void {
  Object.defineProperty(prototype, OWN_HANDLE, {
    value(this: T): Handle {
      return [kind, ...describe(this)];
    },
  });
  makers.set(kind, make);
}

/**
 * Gives the handle of a symbol that is the same everywhere: a registered or a well-known one. It
 * gives `undefined` for any other.
 */
export function commonSymbolHandle(symbol: symbol): Handle | undefined {
  // Node 18 has its own description for Symbol.dispose, and the registry has the symbol.
  const name = symbol.description?.replace(/^(?:Symbol|nodejs)\./, "") ?? "";
  if (wellKnown(name) === symbol) return [HandleKind.SYMBOL, name];
  const key = Symbol.keyFor(symbol);
  return key === undefined ? undefined : [HandleKind.SYMBOL_FOR, key];
}

function wellKnown(name: string): symbol | undefined {
  const known = (Symbol as unknown as Record<string, unknown>)[name];
  return typeof known === "symbol" ? known : undefined;
}

/** Gives the handle of a value that needs neither code nor an attachment, else `undefined`. */
export function valueHandle(value: unknown): Handle | undefined {
  if (typeof value === "symbol") return commonSymbolHandle(value);
  if (value instanceof DOMException) {
    const { message, name, stack } = value;
    const properties = {
      ...typeof stack === "string" && { stack: trimStack(stack) },
      ...Object.hasOwn(value, "cause") && { cause: value.cause },
    };
    return [HandleKind.DOM_EXCEPTION, message, name, properties];
  }
  const described = describeRuntimeObject(value);
  if (described !== undefined) return [HandleKind.RUNTIME_OBJECT, ...described];
  return (value as { [OWN_HANDLE]?: () => Handle } | null | undefined)?.[OWN_HANDLE]?.();
}

/** What a controller does with the values of a far end, which it does not trust. */
export interface Revision extends Pick<DecodeOptions, "reviseError" | "reviseSource"> {
  /** Gives the symbol of the global registry with this key; the default does no more. */
  readonly symbolFor?: (key: string) => symbol;
}

/**
 * Makes the value of a handle of {@linkcode valueHandle}.
 *
 * @param revision Its hooks get errors that get a property, and texts that are printed as they are,
 * as those of `decode()` do.
 * @throws {TypeError} If the data is anything else.
 */
export function reviveValue(data: unknown, revision: Revision = {}): unknown {
  const [kind, ...rest] = Array.isArray(data) ? data : [];
  switch (kind) {
    case HandleKind.DOM_EXCEPTION:
      return makeDOMException(stringOf(rest[0]), stringOf(rest[1]), rest[2]);
    case HandleKind.RUNTIME_OBJECT:
      return makeRuntimeObject(...rest as [unknown, ...unknown[]]);
    case HandleKind.SYMBOL_FOR:
      return (revision.symbolFor ?? Symbol.for)(stringOf(rest[0]));
    case HandleKind.SYMBOL: {
      const name = stringOf(rest[0]);
      // Compilers put the same in the place of a symbol that a runtime lacks.
      return wellKnown(name) ?? (revision.symbolFor ?? Symbol.for)(`Symbol.${name}`);
    }
    case HandleKind.VIEW:
      return makeView(...rest as Parameters<typeof makeView>);
    case HandleKind.WITH_PROPERTIES:
      for (const property of rest.slice(1)) addProperty(property, revision);
      return rest[0];
  }
  const make = makers.get(kind);
  if (make !== undefined) return make(...rest);
  // An agent does not know the classes of groups.
  if (kind === HandleKind.GROUP_RESULT) return new Map(rest as [unknown, unknown][]);
  if (kind === HandleKind.ERROR_RESULT) return { msg: rest[0], tb: rest[1] };
  throw new TypeError("It has a handle that is not for this end");
}

function addProperty(property: unknown, { reviseError, reviseSource }: Revision): void {
  const [owner, key, value, attributes] = property as [object, unknown, unknown, unknown];
  if (attributes === undefined) return setIntegrity(owner, naturalOf(key));
  const given = naturalOf(attributes);
  const name = typeof key === "symbol" ? key : stringOf(key);
  let revised = value;
  if (owner instanceof Error && reviseError !== undefined) {
    Object.defineProperty(owner, name, { value, writable: true, configurable: true });
    reviseError(owner);
    revised = Reflect.get(owner, name);
  }
  const isSource = owner instanceof RegExp && (name === "source" || name === "flags");
  const text = isSource ? stringOf(value) : name === Symbol.toStringTag ? value : undefined;
  if (typeof text === "string") revised = reviseSource?.(text) ?? text;
  Object.defineProperty(owner, name, {
    value: revised,
    enumerable: (given & Attribute.ENUMERABLE) !== 0,
    writable: (given & Attribute.WRITABLE) !== 0,
    configurable: (given & Attribute.CONFIGURABLE) !== 0,
  });
}

function makeDOMException(message: string, name: string, properties: unknown): DOMException {
  const made = withoutFrames(() => new DOMException(message, name));
  const { stack, cause } = (properties ?? {}) as Partial<Error>;
  const define = (key: string, value: unknown): void =>
    void Object.defineProperty(made, key, { value, writable: true, configurable: true });
  if (typeof stack === "string") define("stack", stack);
  if (cause !== undefined) define("cause", cause);
  return made;
}

/** The code that comes with a value and has to be loaded before the value can be made. */
export interface Code {
  /** The ids of the modules that {@linkcode HandleKind.PLACE} handles refer to. */
  readonly loads: readonly string[];
  /** The ids of the modules that {@linkcode HandleKind.NAMESPACE} handles refer to. */
  readonly namespaces?: readonly string[];
  /** The code of functions that no module exports. */
  readonly units: readonly FunctionUnit[];
}

/** Functions that no module exports, taken from one script. */
export interface FunctionUnit {
  /** The URL of the script: shown in stacks, and the value of `import.meta.url`. */
  readonly url: string;
  /**
   * A module that sets `import.meta.chopsticks.make` to a function that gives a
   * {@linkcode UnitContext}.
   */
  readonly source: string;
  /** The meaning of its import specifiers, as in a module record. */
  readonly imports: Readonly<Record<string, string>>;
  /** The results of `import.meta.resolve()`, as in a module record. */
  readonly resolves?: Readonly<Record<string, string>>;
  /** The `mappings` of the script's source map, if it has one. */
  readonly mappings?: string;
  /**
   * Whether a function of it is sloppy code. Then the unit is not a module, but the body of a
   * function, which returns what a module would set.
   */
  readonly isSloppy?: boolean;
}

/** Kinds of properties that go beside the copy of their owner; the second element of each. */
export const PropertyKind = {
  /** A property of the owner. */
  OWN: 0,
  /** A property of the owner's `prototype`. */
  OF_PROTOTYPE: 1,
  /** The object that the owner inherits from. It has no key. */
  INHERITED: 2,
  /** The object that the owner's `prototype` inherits from. It has no key. */
  PROTOTYPE_INHERITED: 3,
  /** A property of the owner, unless the owner has one with that key already. */
  MISSING: 4,
  /** A property that the owner's `prototype` does not have. */
  NOT_OF_PROTOTYPE: 5,
  /** Whether the owner is not extensible (1), sealed (2) or frozen (3). It has no key. */
  INTEGRITY: 6,
  /** A property that the owner does not have. */
  NOT_OWN: 7,
  /** How many members a list has that a static field made anew, and its name. It has no key. */
  COUNT: 8,
  /** A member of a `WeakSet`, or a key and a value of a `WeakMap`, in a list. It has no key. */
  WEAK_MEMBER: 9,
} as const;

/** The functions of a unit, made anew for each call, with variables of their own. */
export interface UnitContext {
  /** The functions; in place of a class, a function that makes it. */
  readonly functions: unknown[];
  /** A function for each variable that sets it. */
  readonly variables: ((value: unknown) => void)[];
}
