import type net from "node:net";
import type { Pipe } from "../wire/multiplexer.ts";
import { streamPipe } from "../wire/stream_pipe.ts";

/** What a pipe of the agent tells. */
export interface PipeHandlers {
  /** There is room again after a write that returned `false`. */
  onDrain(): void;
  /**
   * The controller is gone, by whatever death: the pipe from it has ended, or no one reads the pipe
   * to it. The shell that started the agent sees the end of the pipe, too, and kills an agent whose
   * code never yields; see `bootstrapLine()`.
   */
  onLost(): void;
}

/** Watches the pipe from the controller, which is read by its `onread`. */
export function watchInput(input: net.Socket, { onLost }: PipeHandlers): void {
  input.on("error", onLost).on("end", onLost).resume();
}

/**
 * The pipe to the controller at descriptor 4, by a socket, which is driven by events.
 *
 * @param input Is destroyed when the pipe is closed.
 */
export function socketPipe(
  { Socket }: typeof net,
  input: { destroy(): unknown },
  { onDrain, onLost }: PipeHandlers,
): Pipe {
  const output = new Socket({ fd: 4, readable: false, writable: true });
  output.on("error", onLost);
  return streamPipe(input, output, onDrain);
}
