import { CALLBACK } from "../agent/agent_host.ts";
import { typeError } from "./misuse.ts";

/**
 * Wraps a function so that it runs here when the far end calls it. As an argument of a call, the
 * function itself is not sent: the far end gets an async function. Arguments and result are copied.
 *
 * @param fn The function.
 * @returns A function that does the same. When it is called here, it just calls `fn`.
 *
 * @example Progress of a function at the far end
 * ```ts
 * import { callback, Local } from "@chopsticks/chopsticks";
 *
 * await using tun = new Local();
 * await tun.call(async (onLine) => {
 *   await onLine("half");
 *   await onLine("done");
 * }, callback((line: string) => console.log(line)));
 * ```
 */
export function callback<A extends unknown[], R>(
  fn: (this: void, ...args: A) => R,
): [R] extends [unknown] ? (...args: A) => Promise<Awaited<R>> : never {
  if (typeof fn !== "function") {
    throw typeError(`Cannot call ${String(fn)} back: it is not a function`);
  }
  const wrapped = async (...args: A): Promise<Awaited<R>> => await fn(...args);
  Object.defineProperty(wrapped, CALLBACK, { value: true });
  // Any R meets the condition in the return type. It makes TypeScript look at that type in time:
  // from a plain function type in its place, TypeScript would not infer the types of the parameters
  // of a function that is called with the callback.
  return wrapped as never;
}

/** Whether {@linkcode callback} returned `value`, here or at a controller of this agent. */
export function isCallback(value: unknown): boolean {
  return typeof value === "function" && Object.hasOwn(value, CALLBACK);
}
