/** The time that anything may take on a slow machine, in milliseconds. */
export const PATIENCE = 20_000;

/**
 * Settles as `promise` does.
 *
 * @throws {Error} If that takes too long.
 */
export async function soon<T>(
  promise: PromiseLike<T>,
  what: string,
  milliseconds: number = PATIENCE,
): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`Still waiting for ${what} after ${milliseconds} ms`)),
      milliseconds,
    );
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Tries something with a time in milliseconds, and with twice that if it fails: for a limit that is
 * short, since the test waits for it, and that a busy machine may need to be longer.
 *
 * @param first The time of the first attempt.
 * @param attempt Must fail with any time if what is tested is broken.
 * @param most The most time of an attempt.
 * @throws What the last attempt throws.
 */
export async function withTime<T>(
  first: number,
  attempt: (milliseconds: number) => Promise<T>,
  most: number = PATIENCE / 2,
): Promise<T> {
  for (let time = first;; time *= 2) {
    try {
      return await attempt(time);
    } catch (error) {
      if (2 * time > most) throw error;
    }
  }
}

/** Gives the error that `promise` rejects with. */
export async function rejection(
  promise: PromiseLike<unknown>,
  what = "a rejection",
  milliseconds: number = PATIENCE,
): Promise<unknown> {
  const settled = promise.then(
    (value) => {
      throw new Error(`Expected ${what}, got the value ${Deno.inspect(value)}`);
    },
    (error: unknown) => ({ error }),
  );
  return (await soon(settled, what, milliseconds)).error;
}

/** Gives the error that `promise` rejects with, which must be of this class. */
export async function rejectsAs<E extends Error>(
  // deno-lint-ignore no-explicit-any -- any class
  type: abstract new (...args: any[]) => E,
  promise: PromiseLike<unknown>,
  milliseconds: number = PATIENCE,
): Promise<E> {
  const error = await rejection(promise, `a ${type.name}`, milliseconds);
  if (error instanceof type) return error;
  throw new Error(`Expected a ${type.name}, got ${Deno.inspect(error)}`, { cause: error });
}
