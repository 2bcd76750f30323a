const { hasOwn, keys, values } = Object;

/** Whether `array` has holes. It takes little time for an array that is only long. */
export function hasHoles(array: readonly unknown[]): boolean {
  if (!array.includes(undefined)) return false;
  let hole = 0;
  while (hole < array.length && hasOwn(array, hole)) hole++;
  return hole < array.length;
}

/**
 * The keys of the properties of an array that are not elements, such as `index` of the match of a
 * regular expression.
 *
 * @param isSparse What {@linkcode hasHoles} says.
 */
export function namedKeys(array: readonly unknown[], isSparse: boolean): string[] {
  // Almost no array has such properties. Counting the values of all properties tells that: V8 lists
  // the values of elements far faster than their keys, since it need not make strings.
  if (!isSparse && values(array).length === array.length) return [];
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
