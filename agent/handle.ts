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
   * `[CLASS, unit, index, [variable, value]…]`: likewise a class, with the variables that it needs to
   * be made.
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
} as const;

/*
 * An attachment is something that goes on beside the value. In a call it is an index into the
 * attachments of the call's header; in what an agent sends, the number of a channel.
 */

/** The data of a handle: an array that starts with one of {@linkcode HandleKind}. */
export type Handle = readonly [kind: number, ...rest: unknown[]];

/** The handle of a `DOMException`; `undefined` for anything else. */
export function domExceptionHandle(value: unknown): Handle | undefined {
  if (!(value instanceof DOMException)) return undefined;
  return [HandleKind.DOM_EXCEPTION, value.message, value.name];
}

/** What a handle of {@linkcode HandleKind.DOM_EXCEPTION} stands for; `undefined` for another. */
export function reviveDomException(data: unknown): DOMException | undefined {
  const [kind, message, name] = Array.isArray(data) ? data : [];
  return kind === HandleKind.DOM_EXCEPTION
    ? new DOMException(String(message), String(name))
    : undefined;
}

/** Code that comes with a value: what has to be loaded before the value can be made. */
export interface Code {
  /** Ids of modules that {@linkcode HandleKind.PLACE} handles refer to. */
  readonly loads: readonly string[];
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
}

/** What a unit makes for each call. */
export interface UnitContext {
  /** Its functions; of a class, a function that makes it. */
  readonly functions: unknown[];
  /** For each of its variables, a function that sets it. */
  readonly variables: ((value: unknown) => void)[];
}
