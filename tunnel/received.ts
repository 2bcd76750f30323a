/**
 * What TypeScript knows of the results of calls. The type of a result that arrives as it was
 * returned is left alone; that is almost every type.
 *
 * @module
 */

/**
 * The type of a result that does not arrive, because a `T` has no copy: a function, a `Response`, a
 * class instance with methods, a promise inside another value, a symbol. Then the call rejects.
 *
 * Return data instead: what the function returns, `await response.json()`, the fields of the
 * instance, the value of the promise.
 */
export interface NoCopy<T> {
  /** No value has this property. */
  readonly "has no copy": T;
}

/**
 * The type of the result of a call of a function that returns an `R` at the far end.
 *
 * Data stays what it is. Iterators, generators and async generators arrive as an async generator of
 * the same values, and other async iterables as an async iterator. A type that has no copy becomes
 * {@linkcode NoCopy}. Where that is not certain, as for an interface without methods, the type
 * stays what it is.
 *
 * @example
 * ```ts
 * import { Local, type Received } from "@chopsticks/chopsticks";
 *
 * const lines = async function* (): AsyncGenerator<string, number> {
 *   yield "one";
 *   return 1; // does not arrive
 * };
 * await using tun = new Local();
 * const stream: Received<ReturnType<typeof lines>> = await tun.call(lines);
 * for await (const line of stream) console.log(line);
 * ```
 */
export type Received<R> = ReceivedPart<Awaited<R>, []>;

/**
 * The parameters of an overload for results that do not arrive as they were returned: `A` if an `R`
 * is such a result, or else parameters that no call has, so that the next overload counts. That
 * overload has plain types: it can be overridden, and used where `R` is a type parameter, and its
 * errors are easy to read.
 */
export type ArgsIfChanged<A extends unknown[], R> = unknown extends R ? A
  : IsSame<Received<R>, Awaited<R>> extends true ? [...Nevers, ...Nevers, ...Nevers]
  : A;

/** @internal */
type Nevers = [never, never, never, never, never];

// deno-lint-ignore no-explicit-any
type Any = any;

/** @internal */
type IsSame<T, U> = (<V>() => V extends T ? 1 : 2) extends (<V>() => V extends U ? 1 : 2) ? true
  : false;

/** Whether it is `any`, `unknown` or `never`. */
type IsOpen<T> = 0 extends 1 & T ? true : [T] extends [never] ? true : unknown extends T ? true
: false;

type Primitive = string | number | bigint | boolean | null | undefined | void;

// deno-lint-ignore ban-types
type Code = ((...args: never) => unknown) | (abstract new (...args: never) => unknown) | Function;

/** Objects that have a copy, or are streams, although they have methods. */
type Copied =
  | ReadonlyMap<Any, Any>
  | ReadonlySet<Any>
  | Date
  | RegExp
  | URL
  | ArrayBuffer
  | ArrayBufferView
  | Error
  | ReadableStream<Any>
  | URLSearchParams
  | Headers
  | TextEncoder
  | TextDecoder
  /** The formatters of `Intl`. */
  | { resolvedOptions(): unknown }
  | Intl.Locale
  | { readonly [Symbol.toStringTag]: `Temporal.${string}` };

/** Values that an interface with some of their methods may stand for. */
type CopiedExample = unknown[] | Map<Any, Any> | Set<Any> | Date | RegExp | URL | Uint8Array;

type HasExample<T> = (CopiedExample extends infer E ? E extends T ? true : never : never) extends
  never ? false : true;

/**
 * The type of a part of a result. `In` counts the objects around it, so that the search ends for a
 * type that contains itself.
 *
 * @internal
 */
type ReceivedPart<T, In extends unknown[]> = IsOpen<T> extends true ? T
  : T extends Primitive ? T
  : T extends Code | symbol ? NoCopy<T>
  : T extends readonly unknown[] ? ReceivedArray<T, In>
  : T extends Copied ? T
  : T extends { readonly addr: unknown } & AsyncIterable<unknown> ? NoCopy<T>
  : T extends AsyncIterator<infer V, infer E, Any> ? ReceivedStream<T, V, E>
  : T extends AsyncIterable<infer V, infer E, Any>
    ? ReceivedStream<T, V, E, AsyncIterableIterator<V, UndefinedIn<E>, unknown>>
  : T extends Iterator<infer V, infer E, Any> ? ReceivedStream<T, V, E>
  : T extends WeakMap<Any, Any> | WeakSet<Any> ? NoCopy<T>
  : ReceivedObject<T, In>;

type ReceivedStream<T, V, E, S = AsyncGenerator<V, UndefinedIn<E>, unknown>> = S extends T ? T : S;

/** A stream that ended with an `E` there ends with `undefined` here. */
type UndefinedIn<E> = undefined extends E ? E : void;

type ReceivedArray<T extends readonly unknown[], In extends unknown[]> = In["length"] extends 4 ? T
  : IsSame<T[number], ReceivedPart<T[number], [...In, T]>> extends true ? T
  : number extends T["length"] ? T extends unknown[] ? ReceivedPart<T[number], [...In, T]>[]
    : readonly ReceivedPart<T[number], [...In, T]>[]
  : { [K in keyof T]: ReceivedPart<T[K], [...In, T]> };

type ReceivedObject<T, In extends unknown[]> = [MethodKey<T>] extends [never]
  ? In["length"] extends 4 ? T
  : [RefusedKey<T, [...In, T]>] extends [never] ? [ChangedKey<T, [...In, T]>] extends [never] ? T
    : { [K in keyof T]: ReceivedPart<T[K], [...In, T]> }
  : NoCopy<T>
  : HasExample<T> extends true ? T
  : NoCopy<T>;

/** The names of the properties that each `T` has, and that are functions. */
type MethodKey<T> = {
  [K in keyof T]-?: IsOpen<T[K]> extends true ? never
    : T[K] extends Code ? Named<K>
    : never;
}[keyof T];

/** The names of the properties that each `T` has, and that have no copy. */
type RefusedKey<T, In extends unknown[]> = {
  [K in keyof T]-?: IsOpen<T[K]> extends true ? never
    : IsOpen<ReceivedPart<T[K], In>> extends true ? never
    : [ReceivedPart<T[K], In>] extends [NoCopy<Any>] ? Named<K>
    : never;
}[keyof T];

/** The names of the properties that may arrive as something else. */
type ChangedKey<T, In extends unknown[]> = {
  [K in keyof T]-?: IsOpen<T[K]> extends true ? never
    : [Exclude<ReceivedPart<T[K], In>, NoCopy<Any>>] extends [T[K]] ? never
    : K;
}[keyof T];

/** An index signature may have no property. */
type Named<K> = string extends K ? never : number extends K ? never : symbol extends K ? never : K;
