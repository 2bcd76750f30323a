import { AsyncLocalStorage } from "node:async_hooks";
import process from "node:process";

/** Thrown by `Deno.exit()` and `process.exit()`, so that the code behind them does not run. */
export class ExitSignal extends Error {
  override name = "ExitSignal";
}

/** For the call that the running code belongs to, a function that ends it with a message. */
const calls = new AsyncLocalStorage<(message: string) => void>();

/** Runs `call`. An exit in it, or in code that it started, calls `onExit`. */
export function runCall<T>(onExit: (message: string) => void, call: () => T): T {
  return calls.run(onExit, call);
}

/** The methods by which Node's `process` exits. `exit()` calls `reallyExit()` at its end. */
interface Exits {
  exit(code?: number | string | null): never;
  reallyExit(code?: number): never;
}

/**
 * Replaces `Deno.exit` and `process.exit` by functions that end the call rather than the agent.
 *
 * @returns The real `process.exit`.
 */
export function captureExit(): (code: number) => never {
  const { Deno: deno } = globalThis as { Deno?: Pick<Exits, "exit"> };
  const node = process as unknown as Exits;
  const real = { exit: node.exit, reallyExit: node.reallyExit };
  const realDenoExit = deno?.exit;
  const exitOf = (name: string) => (code?: number | string | null): never => {
    const message = `${name}(${code ?? process.exitCode ?? ""}) was called`;
    calls.getStore()?.(message);
    throw new ExitSignal(message);
  };
  node.exit = exitOf("process.exit");
  node.reallyExit = exitOf("process.reallyExit");
  if (deno !== undefined) deno.exit = exitOf("Deno.exit");
  return (code) => {
    // These functions call each other by their names.
    Object.assign(node, real);
    if (deno !== undefined) deno.exit = realDenoExit!;
    return node.exit(code);
  };
}
