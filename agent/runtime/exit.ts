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

/** How Node's `process` exits: the first ends with the second. */
interface Exits {
  exit(code?: number | string | null): never;
  reallyExit(code?: number): never;
}

/**
 * Replaces `Deno.exit` and `process.exit`: in a call they end the call, not the agent.
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
    // They call each other by these names.
    Object.assign(node, real);
    if (deno !== undefined) deno.exit = realDenoExit!;
    return node.exit(code);
  };
}
