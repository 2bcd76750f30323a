import { beforeProcess } from "./node_process.ts";
import { runningCall } from "./running_call.ts";

/** Thrown by `Deno.exit()` and `process.exit()`, so that the code behind them does not run. */
export class ExitSignal extends Error {
  override name = "ExitSignal";
}

type Exit = (code?: number | string | null) => never;

/** The methods by which Node's `process` exits. `exit()` calls `reallyExit()` at its end. */
interface Exits {
  exit: Exit;
  reallyExit: Exit;
}

/**
 * Replaces `Deno.exit` and `process.exit` by functions that end the call rather than the agent.
 *
 * @returns The real `process.exit`, or that of Deno if no code has used `process`.
 */
export function captureExit(): (code: number) => never {
  const { Deno: deno } = globalThis as { Deno?: { exit: Exit } };
  const { assign } = Object;
  const exitOf = (name: string, exitCode: () => unknown): Exit => (code) => {
    const message = `${name}(${code ?? exitCode() ?? ""}) was called`;
    runningCall()?.exit(message);
    throw new ExitSignal(message);
  };
  const realDenoExit = deno?.exit;
  let exitCode = (): unknown => undefined;
  if (deno !== undefined) deno.exit = exitOf("Deno.exit", () => exitCode());
  let exit = realDenoExit!;
  beforeProcess((process) => {
    const node = process as unknown as Exits;
    const real = { exit: node.exit, reallyExit: node.reallyExit };
    exitCode = () => process.exitCode;
    node.exit = exitOf("process.exit", exitCode);
    node.reallyExit = exitOf("process.reallyExit", exitCode);
    exit = (code) => {
      // These functions call each other by their names.
      assign(node, real);
      return node.exit(code);
    };
  });
  return (code) => {
    if (deno !== undefined) deno.exit = realDenoExit!;
    return exit(code);
  };
}
