import { AsyncLocalStorage } from "node:async_hooks";
import process from "node:process";

/** Thrown by `Deno.exit()` and `process.exit()` in a call, so that the code behind them does not run. */
export class ExitSignal extends Error {
  override name = "ExitSignal";
}

/** Which call the running code belongs to: a function that ends that call with a message. */
const calls = new AsyncLocalStorage<(message: string) => void>();

/** Runs `call` so that an exit in it, or in what it started, calls `onExit`. */
export function runCall<T>(onExit: (message: string) => void, call: () => T): T {
  return calls.run(onExit, call);
}

/**
 * Replaces `Deno.exit` and `process.exit`: in a call they end the call, not the agent.
 *
 * @returns The real `process.exit`.
 */
export function captureExit(): (code: number) => never {
  const real = process.exit.bind(process) as (code: number) => never;
  const exitOf = (name: string) => (code?: number | string | null): never => {
    const message = `${name}(${code ?? process.exitCode ?? ""}) was called`;
    calls.getStore()?.(message);
    throw new ExitSignal(message);
  };
  process.exit = exitOf("process.exit");
  (process as unknown as Record<string, unknown>).reallyExit = exitOf("process.reallyExit");
  const deno = (globalThis as { Deno?: { exit: unknown } }).Deno;
  if (deno !== undefined) deno.exit = exitOf("Deno.exit");
  return real;
}
