/**
 * The types of extension that carry the values MessagePack lacks, a number each. `README.md` in
 * this folder gives their bytes. Both ends import this file.
 *
 * @module
 */

/** MessagePack's own timestamp, as a signed byte: a valid `Date`. */
export const TIMESTAMP = -1;
/** `undefined`. */
export const UNDEFINED = 0;
/** An object of this encoding that has occurred before. */
export const REFERENCE = 1;
/** A bigint that a MessagePack integer cannot hold, or would turn into a number. */
export const BIGINT = 2;
/** A string with lone surrogates, which UTF-8 cannot express. */
export const UTF16 = 3;
/** An array with holes. */
export const SPARSE_ARRAY = 4;
/** An object without a prototype. */
export const NULL_OBJECT = 5;
/** A `Map`. */
export const MAP = 6;
/** A `Set`. */
export const SET = 7;
/** A `Date` that holds no time. */
export const INVALID_DATE = 8;
/** A `RegExp`. */
export const REGEXP = 9;
/** A `URL`. */
export const URL_ = 10;
/** An error of a built-in class. */
export const ERROR = 11;
/** A value that only the caller's hooks can carry. */
export const HANDLE = 12;
/** An array that has properties besides its elements. */
export const NAMED_ARRAY = 13;
/** The first of the binary types: the others follow in the order of {@linkcode BINARIES}. */
export const FIRST_BINARY = 16;

/** A constructor of objects that hold bytes. */
export type BinaryConstructor = (new (buffer: ArrayBuffer) => ArrayBufferView) & {
  readonly BYTES_PER_ELEMENT?: number;
};

/**
 * The classes of {@linkcode FIRST_BINARY} and up, `undefined` where the runtime lacks one.
 * `Uint8Array` is absent since MessagePack has a format of its own for it.
 */
export const BINARIES: readonly (BinaryConstructor | undefined)[] = [
  ArrayBuffer as unknown as BinaryConstructor,
  DataView,
  Int8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  BigInt64Array,
  BigUint64Array,
  (globalThis as { Float16Array?: BinaryConstructor }).Float16Array,
  Float32Array,
  Float64Array,
];

/** A built-in error class. */
export type ErrorClass = (new (message?: string) => Error) & { readonly prototype: Error };

/** The error classes that are carried, by name; a class the runtime lacks is `undefined`. */
export const ERRORS: ReadonlyMap<unknown, ErrorClass | undefined> = new Map(
  [
    "Error",
    "EvalError",
    "RangeError",
    "ReferenceError",
    "SyntaxError",
    "TypeError",
    "URIError",
    "AggregateError",
    "SuppressedError",
  ].map((name) => [name, (globalThis as unknown as Record<string, ErrorClass | undefined>)[name]]),
);
