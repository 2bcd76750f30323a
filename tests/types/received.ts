import type { NoCopy, Received } from "../../mod.ts";
import { type Equal, expect } from "./_expect.ts";
import type { Counter } from "./_functions.ts";

type Same<T> = Equal<Received<T>, T>;

interface User {
  readonly name: string;
  age?: number;
  tags: readonly string[];
  since: Date;
  friend?: User | undefined;
  photos: Map<string, Uint8Array>;
}

interface Tree {
  left?: Tree;
  right: Tree | null;
  all: Tree[];
}

type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

declare enum Level {
  low,
  high,
}

// Plain data stays what it is.
expect<Same<string>>();
expect<Same<number | undefined>>();
expect<Same<bigint>>();
expect<Same<"a" | 1 | true>>();
expect<Same<`v${number}`>>();
expect<Same<string & { readonly brand: "id" }>>();
expect<Same<Level>>();
expect<Same<User>>();
expect<Same<User[]>>();
expect<Same<Tree>>();
expect<Same<Json>>();
expect<Same<readonly [1, 2]>>();
expect<Same<[a: string, b?: number]>>();
expect<Same<Record<string, unknown>>>();
expect<Same<Map<string, User>>>();
expect<Same<Set<number>>>();
expect<Same<Date>>();
expect<Same<Uint8Array>>();
expect<Same<Uint8Array<ArrayBuffer>>>();
expect<Same<ArrayBuffer>>();
expect<Same<DataView>>();
expect<Same<RegExp>>();
expect<Same<RegExpMatchArray | null>>();
expect<Same<URL>>();
expect<Same<Error>>();
expect<Same<AggregateError>>();
expect<Same<PromiseSettledResult<number>[]>>();
expect<Same<Deno.FileInfo>>();
expect<Same<Deno.CommandOutput>>();
expect<Same<Deno.NetworkInterfaceInfo[]>>();
expect<Same<URLSearchParams>>();
expect<Same<Headers>>();
expect<Same<TextDecoder>>();
expect<Same<Intl.NumberFormat>>();
expect<Same<Temporal.Instant>>();

// And so does what nothing is known of.
// deno-lint-ignore no-explicit-any
expect<Same<any>>();
// deno-lint-ignore no-explicit-any
expect<Same<{ a: any; b: unknown; c: never }>>();
expect<Same<unknown>>();
expect<Same<never>>();
expect<Same<void>>();
expect<Same<object>>();

// A promise is awaited.
expect<Equal<Received<Promise<User>>, User>>();

// What may have a copy stays what it is.
expect<Same<{ port: number; onExit?: () => void }>>();
expect<Same<{ port: number; render: string | (() => string) }>>();
expect<Same<Record<string, () => void>>>();
expect<Same<Iterable<number>>>();
expect<Same<ReadonlyMap<string, number>>>();
expect<Same<ArrayLike<number>>>();
expect<Same<{ toString(): string }>>();

// Streams stay streams.
expect<Same<ReadableStream<string>>>();
expect<Same<AsyncIterable<number>>>();
expect<Same<AsyncIterableIterator<number>>>();
expect<Same<AsyncIterator<number>>>();
expect<Same<AsyncGenerator<number>>>();
expect<Same<AsyncGenerator<number, void, unknown>>>();

// The value that a generator returns does not arrive.
expect<Equal<Received<AsyncGenerator<1, string, void>>, AsyncGenerator<1, void, unknown>>>();

// Generators and iterators become asynchronous.
// deno-lint-ignore no-explicit-any
expect<Equal<Received<Generator<number>>, AsyncGenerator<number, any, unknown>>>();
expect<Equal<Received<Generator<1, string, 2>>, AsyncGenerator<1, void, unknown>>>();
expect<Equal<Received<Promise<Generator<1, void>>>, AsyncGenerator<1, void, unknown>>>();
expect<Equal<Received<MapIterator<1>>, AsyncGenerator<1, undefined, unknown>>>();
expect<Equal<Received<ArrayIterator<1>>, AsyncGenerator<1, undefined, unknown>>>();
expect<Equal<Received<Iterator<1, void>>, AsyncGenerator<1, void, unknown>>>();
expect<Equal<Received<Generator<1, void> | null>, AsyncGenerator<1, void, unknown> | null>>();
expect<
  Equal<
    Received<{ lines: Generator<string, void>; count?: number }>,
    { lines: AsyncGenerator<string, void, unknown>; count?: number }
  >
>();

// Of an async iterable with methods of its own, the values arrive.
// deno-lint-ignore no-explicit-any
expect<Equal<Received<Deno.FsWatcher>, AsyncIterableIterator<Deno.FsEvent, any, unknown>>>();

// What has no copy is not typed as if it arrived.
expect<Equal<Received<() => number>, NoCopy<() => number>>>();
expect<Equal<Received<typeof Date>, NoCopy<typeof Date>>>();
expect<Equal<Received<Response>, NoCopy<Response>>>();
expect<Equal<Received<Promise<Response>>, NoCopy<Response>>>();
expect<Equal<Received<Response | string>, NoCopy<Response> | string>>();
expect<Equal<Received<Request>, NoCopy<Request>>>();
expect<Equal<Received<Blob>, NoCopy<Blob>>>();
expect<Equal<Received<WritableStream<string>>, NoCopy<WritableStream<string>>>>();
expect<Equal<Received<CompressionStream>, NoCopy<CompressionStream>>>();
expect<Equal<Received<symbol>, NoCopy<symbol>>>();
expect<Equal<Received<WeakMap<object, 1>>, NoCopy<WeakMap<object, 1>>>>();
expect<Equal<Received<WeakSet<object>>, NoCopy<WeakSet<object>>>>();
expect<Equal<Received<WeakRef<object>>, NoCopy<WeakRef<object>>>>();
expect<Equal<Received<Counter>, NoCopy<Counter>>>();
expect<Equal<Received<Deno.FsFile>, NoCopy<Deno.FsFile>>>();
expect<Equal<Received<Deno.ChildProcess>, NoCopy<Deno.ChildProcess>>>();
expect<Equal<Received<Deno.Listener>, NoCopy<Deno.Listener>>>();

// Nor is it inside of something else.
expect<Equal<Received<Counter[]>, NoCopy<Counter>[]>>();
expect<Equal<Received<readonly Counter[]>, readonly NoCopy<Counter>[]>>();
expect<Equal<Received<Promise<Response>[]>, NoCopy<Promise<Response>>[]>>();
expect<Equal<Received<[Counter, number]>, [NoCopy<Counter>, number]>>();
expect<Equal<Received<{ a: { b: Counter } }>, NoCopy<{ a: { b: Counter } }>>>();
expect<Equal<Received<{ n: Promise<number> }>, NoCopy<{ n: Promise<number> }>>>();
