/** One thing in a folder, as `node:fs` gives it. */
type Dirent = import("node:fs").Dirent;

type Callback = (error: unknown, entry?: Dirent | null) => void;

/** A folder as `opendir` of `node:fs` gives it. */
export function openFolder(path: string, entries: readonly Dirent[]): object {
  let next = 0;
  let isClosed = false;
  const readSync = (): Dirent | null => {
    if (isClosed) throw closed();
    return entries[next++] ?? null;
  };
  const closeSync = (): void => {
    if (isClosed) throw closed();
    isClosed = true;
  };
  const later = <T>(work: () => T) => (callback?: Callback): Promise<T> | undefined => {
    const outcome = Promise.resolve().then(work);
    if (callback === undefined) return outcome;
    outcome.then(
      (value) => setTimeout(() => callback(null, value as Dirent | null)),
      (error) => setTimeout(() => callback(error)),
    );
  };
  const close = later(closeSync);
  return {
    ...{ path, readSync, closeSync, read: later(readSync), close },
    async *[Symbol.asyncIterator](): AsyncGenerator<Dirent> {
      try {
        for (let one; (one = await readSync()) !== null;) yield one;
      } finally {
        closeSync();
      }
    },
    [Symbol.asyncDispose]: async (): Promise<void> => {
      if (!isClosed) await close();
    },
  };
}

function closed(): Error {
  return Object.assign(new Error("Directory handle was closed"), { code: "ERR_DIR_CLOSED" });
}
