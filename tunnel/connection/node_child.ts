import { type ChildProcess, spawn } from "node:child_process";
import type { Socket } from "node:net";
import process from "node:process";
import { PassThrough } from "node:stream";
import { streamPipe } from "../../agent/wire/stream_pipe.ts";
import type { Child, ChildOptions } from "./child.ts";
import { readOutput } from "./read_output.ts";

/** Starts a process by `node:child_process`. */
export function startNodeChild(options: ChildOptions): Child {
  const { command: [program, ...args], detached, env } = options;
  const child = withStreams(spawn(program!, args, {
    stdio: "pipe",
    detached,
    ...env !== undefined && { env: { ...process.env, ...env } },
  }));
  const stdin = child.stdin!;
  const stderr = child.stderr!;
  const output = readOutput(child.stdout!, options.onOutput);
  // An error of the pipe says less than the exit of the process, which causes it.
  for (const stream of [stdin, output, stderr]) stream.on("error", () => {});
  stderr.on("data", options.onStderr);
  child.on("error", options.onSpawnError);
  child.on("exit", (code, signal) => options.onExit({ code, signal }));
  child.on("close", options.onClose);
  const eachHandle = (act: (handle: { ref(): void; unref(): void }) => void): void => {
    // A process that could not be started has no handles.
    if (child.pid === undefined) return;
    act(child);
    for (const stream of [stdin, output, stderr]) if (!stream.destroyed) act(stream as Socket);
  };
  return {
    pid: child.pid,
    pipe: { ...streamPipe(output, stdin, options.onDrain), close: () => void stdin.destroy() },
    closeOutputs() {
      output.destroy();
      stderr.destroy();
    },
    kill: () => void child.kill("SIGKILL"),
    ref: () => eachHandle((handle) => handle.ref()),
    unref: () => eachHandle((handle) => handle.unref()),
  };
}

/**
 * A process that could not be started, such as for want of descriptors, may have no streams. It
 * gets some that lead nowhere.
 */
function withStreams(child: ChildProcess): ChildProcess {
  const { stdin, stdout, stderr } = child;
  return Object.assign(child, {
    stdin: stdin ?? new PassThrough(),
    stdout: stdout ?? new PassThrough(),
    stderr: stderr ?? new PassThrough(),
  });
}
