import process from "node:process";
import { runningCall } from "./running_call.ts";

/** Thrown by `Deno.exit()` and `process.exit()`, so that the code behind them does not run. */
export class ExitSignal extends Error {
  override name = "ExitSignal";
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
  const { assign } = Object;
  const exitOf = (name: string) => (code?: number | string | null): never => {
    const message = `${name}(${code ?? process.exitCode ?? ""}) was called`;
    runningCall()?.exit(message);
    throw new ExitSignal(message);
  };
  node.exit = exitOf("process.exit");
  node.reallyExit = exitOf("process.reallyExit");
  if (deno !== undefined) deno.exit = exitOf("Deno.exit");
  return (code) => {
    // These functions call each other by their names.
    assign(node, real);
    if (deno !== undefined) deno.exit = realDenoExit!;
    return node.exit(code);
  };
}
