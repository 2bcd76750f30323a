/** Gives the data of an object that is compared besides its properties. */
function essence(value: object): unknown[] {
  if (value instanceof Date) return [value.getTime()];
  if (value instanceof RegExp) return [value.source, value.flags];
  if (value instanceof URL) return [value.href];
  if (value instanceof ArrayBuffer) return [...new Uint8Array(value)];
  if (ArrayBuffer.isView(value)) {
    return [...new Uint8Array(value.buffer, value.byteOffset, value.byteLength)];
  }
  if (value instanceof Map) return [value.size, ...[...value].flat()];
  if (value instanceof Set) return [value.size, ...value];
  return [];
}

/**
 * Finds how `actual` differs from `expected`, `undefined` if it does not. They are the same if
 * there is a one-to-one relation of their objects that preserves prototypes, contents, the order of
 * properties, holes and references.
 */
export function findDifference(
  actual: unknown,
  expected: unknown,
  path = "value",
  there: Map<unknown, unknown> = new Map(),
  back: Map<unknown, unknown> = new Map(),
): string | undefined {
  if (typeof expected !== "object" || expected === null) {
    return Object.is(actual, expected) ? undefined : `${path}: ${String(actual)}`;
  }
  if (typeof actual !== "object" || actual === null) return `${path}: ${String(actual)}`;
  if (there.has(expected) || back.has(actual)) {
    return there.get(expected) === actual && back.get(actual) === expected
      ? undefined
      : `${path}: another identity`;
  }
  there.set(expected, actual);
  back.set(actual, expected);
  if (Object.getPrototypeOf(actual) !== Object.getPrototypeOf(expected)) {
    return `${path}: another prototype`;
  }
  const isBinary = ArrayBuffer.isView(expected) || expected instanceof ArrayBuffer;
  const mine = essence(actual);
  const theirs = essence(expected);
  if (mine.length !== theirs.length) return `${path}: another content`;
  for (let i = 0; i < mine.length; i++) {
    const found = findDifference(mine[i], theirs[i], `${path}<${i}>`, there, back);
    if (found !== undefined) return found;
  }
  if (isBinary) return undefined;
  const names = (object: object) =>
    Object.getOwnPropertyNames(object).filter((name) => name !== "lastIndex");
  // The order of properties that are not enumerable differs among runtimes.
  if (names(actual).sort().join() !== names(expected).sort().join()) {
    return `${path}: other properties`;
  }
  if (Object.keys(actual).join() !== Object.keys(expected).join()) return `${path}: another order`;
  for (const name of names(expected)) {
    const found = findDifference(
      (actual as Record<string, unknown>)[name],
      (expected as Record<string, unknown>)[name],
      `${path}.${name}`,
      there,
      back,
    );
    if (found !== undefined) return found;
  }
  return undefined;
}
