import type { Socket } from "node:net";

/**
 * Calls `end` when the controller is gone, by whatever death: the pipe from it ends, or no one
 * reads the pipe to it. The shell that started the agent sees the end of the pipe, too, and kills
 * an agent whose code never yields; see `bootstrapLine()`.
 */
export function onControllerLoss(
  input: Socket,
  output: Socket,
  end: (reason: Error) => void,
): void {
  const lost = (): void => end(new Error("The controller is gone"));
  input.on("error", lost).on("end", lost);
  output.on("error", lost);
}
