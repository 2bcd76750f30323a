/**
 * What stands, in an encoded value, for what has no encoding of its own: the data of the codec's
 * handles, by which the agent makes a value that does the same.
 *
 * @module
 */

/** Kinds of {@linkcode Handle}; the first element of each. */
export const HandleKind = {
  /** `[PLACE, module, ...path]`: something that a module exports, or a global when `module` is `null`. */
  PLACE: 0,
  /** `[FUNCTION, unit, index]`: a function of a unit that comes with the value. */
  FUNCTION: 1,
  /**
   * `[CLASS, unit, index, [unit, variable, value]…]`: likewise a class, with the variables that it and
   * the functions that it may call need when it is made.
   */
  CLASS: 2,
  /** `[BOUND, function, this, arguments]`: a bound function. */
  BOUND: 3,
  /** `[SYMBOL, name]`: a well-known symbol, such as `iterator`. */
  SYMBOL: 4,
  /** `[SYMBOL_FOR, key]`: a symbol of the global registry. */
  SYMBOL_FOR: 5,
  /** `[STREAM, attachment, kind]`: a stream, see value_stream.ts. */
  STREAM: 6,
  /** `[SIGNAL, attachment]`: an `AbortSignal` that may still abort. */
  SIGNAL: 7,
  /** `[ABORTED, reason]`: an `AbortSignal` that has. */
  ABORTED: 8,
  /** `[CALLBACK, attachment]`: a function that runs at the controller. */
  CALLBACK: 9,
  /** `[DOM_EXCEPTION, message, name]`, such as an abort's reason. */
  DOM_EXCEPTION: 10,
  /** `[GROUP_RESULT, [host, value]…]`: what came of an operation on several hosts. */
  GROUP_RESULT: 11,
  /** `[ERROR_RESULT, msg, tb, skipped, aborted]`: what went wrong on one of them. */
  ERROR_RESULT: 12,
  /** `[OWN_SYMBOL, number, description]`: a symbol of the controller's script, one for each number. */
  OWN_SYMBOL: 13,
  /** `[NAMESPACE, index]`: the namespace of the module with this index in `namespaces` of the code. */
  NAMESPACE: 14,
  /** `[PROTOTYPE, function]`: the `prototype` of a function or class. */
  PROTOTYPE: 15,
} as const;

/*
 * An attachment is something that goes on beside the value. In a call it is an index into the
 * attachments of the call's header; in what an agent sends, the number of a channel.
 */

/** The data of a handle: an array that starts with one of {@linkcode HandleKind}. */
export type Handle = readonly [kind: number, ...rest: unknown[]];

/** The name of a method by which an object tells its handle: the agent does not know the classes of groups. */
const OWN_HANDLE: unique symbol = Symbol.for("chopsticks.handle");

/** What makes an object of a kind of handle; see {@linkcode defineHandle}. */
const makers = new Map<number, (...data: unknown[]) => unknown>();

/**
 * Lets objects of a class of the library be sent.
 *
 * @param describe Gives what follows the kind in the handle of an object.
 * @param make Makes an object of that, and throws if it is not what `describe` gives.
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

/** The handle of a value that needs neither code nor an attachment; `undefined` for anything else. */
export function valueHandle(value: unknown): Handle | undefined {
  if (value instanceof DOMException) {
    return [HandleKind.DOM_EXCEPTION, value.message, value.name];
  }
  return (value as { [OWN_HANDLE]?: () => Handle } | null | undefined)?.[OWN_HANDLE]?.();
}

/** What such a handle stands for; `undefined` for another. */
export function reviveValue(data: unknown): unknown {
  const [kind, ...rest] = Array.isArray(data) ? data : [];
  if (kind === HandleKind.DOM_EXCEPTION) return new DOMException(String(rest[0]), String(rest[1]));
  const make = makers.get(kind);
  if (make !== undefined) return make(...rest);
  // An agent that groups are unknown to.
  if (kind === HandleKind.GROUP_RESULT) return new Map(rest as [unknown, unknown][]);
  if (kind === HandleKind.ERROR_RESULT) return { msg: rest[0], tb: rest[1] };
  return undefined;
}

/** Code that comes with a value: what has to be loaded before the value can be made. */
export interface Code {
  /** Ids of modules that {@linkcode HandleKind.PLACE} handles refer to. */
  readonly loads: readonly string[];
  /** Ids of modules that {@linkcode HandleKind.NAMESPACE} handles refer to. */
  readonly namespaces?: readonly string[];
  /** Code of the functions that no module exports. */
  readonly units: readonly FunctionUnit[];
}

/** Functions that no module exports, cut from one script. */
export interface FunctionUnit {
  /** The script: shown in stacks, and its `import.meta.url`. */
  readonly url: string;
  /** A module that sets `import.meta.chopsticks.make` to a function that gives a {@linkcode UnitContext}. */
  readonly source: string;
  /** What its import specifiers mean, as in a module record. */
  readonly imports: Readonly<Record<string, string>>;
  /** What `import.meta.resolve()` gives, as in a module record. */
  readonly resolves?: Readonly<Record<string, string>>;
  /** The `mappings` of the script's source map, if it has one. */
  readonly mappings?: string;
  /**
   * Whether some of it is sloppy code: then it is not a module, but the body of a function that
   * gives what a module would set.
   */
  readonly isSloppy?: boolean;
}

/** What a property is that goes beside the copy of its owner; the second element of each. */
export const PropertyKind = {
  /** A property of the owner. */
  OWN: 0,
  /** A property of the owner's `prototype`. */
  OF_PROTOTYPE: 1,
  /** The object that the owner inherits from. It has no key. */
  INHERITED: 2,
  /** The object that the owner's `prototype` inherits from. It has no key. */
  PROTOTYPE_INHERITED: 3,
  /** A property of the owner, unless it has one of that name already. */
  MISSING: 4,
  /** A property that the owner's `prototype` does not have. */
  NOT_OF_PROTOTYPE: 5,
  /** The owner is not extensible (1), sealed (2) or frozen (3). It has no key. */
  INTEGRITY: 6,
} as const;

/** What a unit makes for each call. */
export interface UnitContext {
  /** Its functions; of a class, a function that makes it. */
  readonly functions: unknown[];
  /** For each of its variables, a function that sets it. */
  readonly variables: ((value: unknown) => void)[];
}
