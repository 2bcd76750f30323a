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
 * const onLine = callback((line: string) => console.log(line));
 * await tun.call(async (onLine) => {
 *   await onLine("half");
 *   await onLine("done");
 * }, onLine);
 * ```
 */
export function callback<A extends unknown[], R>(
  fn: (...args: A) => R,
): (...args: A) => Promise<Awaited<R>> {
  if (typeof fn !== "function") {
    throw new TypeError(`Cannot call ${String(fn)} back: it is not a function`);
  }
  const wrapped = async (...args: A): Promise<Awaited<R>> => await fn(...args);
  Object.defineProperty(wrapped, CALLBACK, { value: true });
  return wrapped;
}

/** Whether `value` is what {@linkcode callback} gave, here or at a controller of this agent. */
export function isCallback(value: unknown): boolean {
  return typeof value === "function" && Object.hasOwn(value, CALLBACK);
}
