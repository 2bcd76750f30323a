import { checkKeys, checkPlain, checkSignal } from "../tunnel/arguments/check.ts";
import { shown } from "../tunnel/arguments/shown.ts";
import { rangeError, typeError } from "../tunnel/misuse.ts";
import type { ErrorResult } from "./error_result.ts";

/** Options for `Group.map()`. */
export interface MapOptions {
  /**
   * How many items each member works on at once, a positive integer.
   *
   * @default {1}
   */
  readonly perHost?: number | undefined;
  /**
   * How often an item is tried again after the function has thrown, on whichever member is free.
   *
   * @default {0}
   */
  readonly retries?: number | undefined;
  /** Ends the loop with its reason, beside the signal of the group. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * What became of an item of `Group.map()`: a value, or an error that tells why there is none. A
 * test of `error` tells TypeScript which it is.
 *
 * @example
 * ```ts
 * import { Group, Local } from "@chopsticks/chopsticks";
 *
 * await using group = new Group([new Local("a"), new Local("b")]);
 * for await (const { item, value, host, error } of group.map(["1", "x"], JSON.parse)) {
 *   if (error !== undefined) console.log(item, error.msg);
 *   else console.log(item, value, host);
 * }
 * ```
 */
export type MapResult<I, V> = MappedItem<I, V> | FailedItem<I>;

/** An item of `Group.map()` that a host has worked on. */
export interface MappedItem<I, V> {
  /** The item. */
  item: I;
  /** Which of the items it is; the first is 0. */
  index: number;
  /** The host that worked on it. */
  host: string;
  /** What the function returned. */
  value: V;
  /** It did not fail. */
  error?: undefined;
}

/** An item of `Group.map()` that no host could work on. */
export interface FailedItem<I> {
  /** The item. */
  item: I;
  /** Which of the items it is; the first is 0. */
  index: number;
  /** The host where it failed last; missing if it cannot be sent. */
  host?: string;
  /** It has none. */
  value?: undefined;
  /** Why it failed. */
  error: ErrorResult;
}

/** Work of a group on many items, each of which is worked on by one member. */
export interface FarmWork<I> {
  readonly items: Iterable<I> | AsyncIterable<I>;
  readonly fn: (this: void, item: I) => unknown;
  /** How many items a member works on at once. */
  readonly perHost: number;
  /** How often an item is tried again after the function has thrown. */
  readonly retries: number;
  readonly signal: AbortSignal | undefined;
}

/**
 * Checks the arguments of `Group.map()`, and copies the options.
 *
 * @throws {TypeError} If an argument or an option is of the wrong type.
 * @throws {RangeError} If an option is not a number of items or retries.
 */
export function mapWork<I>(
  items: Iterable<I> | AsyncIterable<I>,
  fn: (this: void, item: I) => unknown,
  options: MapOptions,
): FarmWork<I> {
  const isIterable = typeof items === "object" && items !== null &&
    (Symbol.asyncIterator in items || Symbol.iterator in items);
  if (!isIterable) {
    throw typeError(`items is ${shown(items)}: expected an array or another iterable`);
  }
  if (typeof fn !== "function") {
    throw typeError(`Cannot call ${String(fn)}: it is not a function`);
  }
  checkPlain(options);
  checkKeys(options, "perHost", "retries", "signal");
  const { perHost = 1, retries = 0, signal } = options;
  checkSignal(signal);
  checkCount("perHost", perHost, 1);
  checkCount("retries", retries, 0);
  return { items, fn, perHost, retries, signal };
}

function checkCount(key: string, value: number, least: number): void {
  if (Number.isInteger(value) && value >= least) return;
  throw rangeError(`${key} is ${shown(value)}: expected an integer, at least ${least}`);
}
