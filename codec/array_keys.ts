import { NAMED_ARRAY, SPARSE_ARRAY } from "./extension.ts";

const { hasOwn, keys, values } = Object;

/** V8 has the keys of so many elements at hand. */
const FEW = 8;

/** The extension that an array needs; `undefined` for one that has no holes and only elements. */
export function extensionOf(array: readonly unknown[]): number | undefined {
  // As many values as elements, and no hole: it has no other properties. V8 lists the values of
  // elements far faster than their keys, of which it would have to make strings, but not the few
  // that it has at hand.
  const { length } = array.length < FEW ? keys(array) : values(array);
  const isFull = length === array.length;
  if (isFull && !array.includes(undefined)) return undefined;
  const isSparse = hasHoles(array);
  if ((isSparse || !isFull) && namedKeys(array).length > 0) return NAMED_ARRAY;
  return isSparse ? SPARSE_ARRAY : undefined;
}

/** Whether `array` has holes. It takes little time for an array that is only long. */
export function hasHoles(array: readonly unknown[]): boolean {
  if (!array.includes(undefined)) return false;
  let hole = 0;
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
