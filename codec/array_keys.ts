import { NAMED_ARRAY, SPARSE_ARRAY } from "./extension.ts";

const { hasOwn, keys, values } = Object;

/** V8 has the keys of so many elements at hand. */
const FEW = 8;

/**
 * Whether an array has as many properties as elements: it has neither holes nor other properties,
 * or as many of both.
 */
export function isFull(array: readonly unknown[]): boolean {
  // V8 lists the values of elements far faster than their keys, of which it would have to make
  // strings, but not the few that it has at hand.
  const { length } = array.length < FEW ? keys(array) : values(array);
  return length === array.length;
}

/** The extension that an array needs; `undefined` for one that has no holes and only elements. */
export function extensionOf(array: readonly unknown[]): number | undefined {
  const isSparse = hasHoles(array);
  if ((isSparse || !isFull(array)) && namedKeys(array).length > 0) return NAMED_ARRAY;
  return isSparse ? SPARSE_ARRAY : undefined;
}

/**
 * Whether `array` has holes, from the index `hole` on. It takes little time for an array that is
 * only long.
 */
export function hasHoles(array: readonly unknown[], hole = 0): boolean {
  if (!array.includes(undefined, hole)) return false;
  while (hole < array.length && hasOwn(array, hole)) hole++;
  return hole < array.length;
}

/**
 * The keys of the properties of an array that are not elements, such as `index` of the match of a
 * regular expression. It takes time for each element.
 */
export function namedKeys(array: readonly unknown[]): string[] {
  const all = keys(array);
  let first = all.length;
  // The indices come first.
  while (first > 0 && !isIndex(all[first - 1]!)) first--;
  return all.slice(first);
}

/** Whether a key is the index of an element, of which there are at most 2^32 - 1. */
export function isIndex(key: string): boolean {
  const index = Number(key) >>> 0;
  return String(index) === key && index < 0xffff_ffff;
}
