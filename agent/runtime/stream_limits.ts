/**
 * Lets a stream fail where it cannot do what the iterable does whose values it gives.
 *
 * @param isRepeatable Whether each loop over the iterable begins anew.
 * @param members The names of what the iterable has beside its values.
 */
export function limitStream<T extends object>(
  stream: T,
  isRepeatable: unknown,
  members: readonly unknown[],
): T {
  for (const name of members as string[]) {
    if (name in stream) continue;
    const fail = (): never => {
      throw new TypeError(
        `There is no ${name} here: of an async iterable only the values are sent; ` +
          "give what else is needed beside it",
      );
    };
    // A copy of it that `{ ...it }` makes is to fail, too.
    Object.defineProperty(stream, name, { get: fail, set: fail, enumerable: true });
  }
  if (isRepeatable !== true) return stream;
  let isBegun = false;
  return Object.assign(stream, {
    [Symbol.asyncIterator]() {
      if (isBegun) {
        throw new TypeError(
          "The values of an async iterable are sent once, and were read; keep them in an array",
        );
      }
      isBegun = true;
      return stream;
    },
  });
}
