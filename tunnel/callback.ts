import { CALLBACK } from "../agent/agent_host.ts";

/**
 * Wraps a function so that, as an argument of a call, it is not sent, but called back here. The far end gets
 * an async function; arguments and result are copied.
 *
 * @param fn The function.
 * @returns A function that does the same; called here it just calls `fn`.
 *
 * @example Progress of a function at the far end
 * ```ts
 * import { callback, Local } from "../mod.ts";
 *
 * await using tun = new Local();
 * await tun.call(async (onLine) => {
 *   await onLine("half");
 *   await onLine("done");
 * }, callback((line: string) => console.log(line)));
 * ```
 */
export function callback<A extends unknown[], R>(
  fn: (...args: A) => R,
): [R] extends [unknown] ? (...args: A) => Promise<Awaited<R>> : never {
  if (typeof fn !== "function") {
    throw new TypeError(`Cannot call ${String(fn)} back: it is not a function`);
  }
  const wrapped = async (...args: A): Promise<Awaited<R>> => await fn(...args);
  Object.defineProperty(wrapped, CALLBACK, { value: true });
  // The condition in its type, which any R meets, has TypeScript look at it in time: from a plain function that is
  // the result of a generic one, it infers no types for the parameters of what is called with it.
  return wrapped as never;
}

/** Whether `value` is what {@linkcode callback} gave, here or at a controller of this agent. */
export function isCallback(value: unknown): boolean {
  return typeof value === "function" && Object.hasOwn(value, CALLBACK);
}
