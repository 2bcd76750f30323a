/**
 * The agent's entry point. The first stage, which is part of the command line at
 * the far end, reads this module from the pipe and calls {@linkcode start}.
 *
 * @module
 */

import { Socket } from "node:net";
import os from "node:os";
import process from "node:process";
import { setInterval } from "node:timers";
import { Agent } from "./runtime/agent.ts";
import { watchGlobals } from "./runtime/broken_globals.ts";
import { blockOutput } from "./runtime/block_output.ts";
import { onControllerLoss } from "./runtime/controller_loss.ts";
import { captureExit, ExitSignal } from "./runtime/exit.ts";
import { Silence } from "./runtime/silence.ts";
import { NO_DENO_DIR, ORDERLY, SILENCE } from "./protocol/exit_code.ts";
import { decodeControllerInfo, encodeAgentInfo } from "./protocol/hello.ts";
import { Multiplexer } from "./wire/multiplexer.ts";
import { streamPipe } from "./wire/stream_pipe.ts";

/** The part of the `Deno` global that is used here. */
interface DenoGlobal {
  readonly args: readonly string[];
  readonly version: { readonly deno: string };
}

/**
 * Starts to serve the controller.
 *
 * @param input The pipe from the controller, without listeners.
 * @param rest The bytes behind the agent's code that have been read already.
 * @returns Takes the bytes that are read from now on. They may be overwritten when it returns.
 */
export function start(input: Socket, rest: Uint8Array): (chunk: Uint8Array) => void {
  const exit = captureExit();
  const deno = (globalThis as { Deno?: DenoGlobal }).Deno;
  const [marker, denoDir] = deno?.args ?? process.argv.slice(1);
  hideArguments(deno);
  if (deno !== undefined) restoreDenoDir(denoDir);
  else {
    // First, since Node 22 makes its own streams when its globals are removed.
    blockOutput();
    removeEvalGlobals();
  }
  process.on("uncaughtException", report);
  process.on("unhandledRejection", report);

  const output = new Socket({ fd: 4, readable: false, writable: true });
  const checkGlobals = watchGlobals(() => exit(1));
  const silence = new Silence(() => multiplexer.end(new Error("The controller is silent")));
  const agent = new Agent(() => multiplexer, checkGlobals);
  const multiplexer: Multiplexer = new Multiplexer(
    streamPipe(input, output, () => multiplexer.handleDrain()),
    {
      odd: false,
      // The agent trusts the controller; see `Agent`.
      maxUnread: Infinity,
      maxChannels: Infinity,
      onChannel: (channel, header) => agent.handleChannel(channel, header),
      onHello: (payload) => agent.introduce(decodeControllerInfo(payload)),
      onPing: (payload) => silence.count(payload),
      onBye: () => multiplexer.end(new Error("The controller closed the connection")),
      onEnd: () => setTimeout(() => exit(silence.isTooLong ? SILENCE : ORDERLY)),
    },
  );
  onControllerLoss(input, output, (reason) => multiplexer.end(reason));

  output.write(`${marker} agent\n`);
  multiplexer.sendHello(encodeAgentInfo({
    runtime: deno === undefined ? "node" : "deno",
    version: deno?.version.deno ?? process.versions.node,
    os: process.platform,
    arch: { x64: "x86_64", arm64: "aarch64" }[process.arch as string] ?? process.arch,
    pid: process.pid,
    hostname: hostname(),
  }));
  input.resume();
  multiplexer.handleChunk(rest);
  // A call looks at its end. This is for what was broken later, and takes no time of calls.
  setInterval(checkGlobals, 1_000).unref();
  return (chunk) => {
    silence.handleSign();
    multiplexer.handleChunk(chunk);
  };
}

/** Shows an error that belongs to no call on stderr. It must not end the agent. */
function report(error: unknown): void {
  if (!(error instanceof ExitSignal)) console.error("Uncaught", error);
}

function hostname(): string {
  try {
    return os.hostname();
  } catch {
    return ""; // the agent lacks the permission
  }
}

/**
 * Undoes the settings by which the bootstrap kept Deno from writing to the disk: they are not for
 * the programs that the agent starts.
 */
function restoreDenoDir(original: string | undefined): void {
  try {
    if (original) process.env.DENO_DIR = original;
    else if (process.env.DENO_DIR === NO_DENO_DIR) delete process.env.DENO_DIR;
    delete process.env.DENO_NO_PACKAGE_JSON;
  } catch {
    // The agent lacks the permission, and then cannot start programs with these settings either.
  }
}

/**
 * Removes the globals that Node defines only for `node -e`: its modules, such as `fs`. Node 18 so
 * replaces `crypto`, and only that.
 */
function removeEvalGlobals(): void {
  const globals = globalThis as Record<string, unknown>;
  for (const name of Object.getOwnPropertyNames(globals)) {
    const { set, enumerable } = Object.getOwnPropertyDescriptor(globals, name)!;
    if (set && !enumerable && name !== "process" && /^[a-z_\d]+$/.test(name)) {
      delete globals[name];
    }
  }
}

/**
 * Hides the agent's own flags and arguments from the functions that it runs, and from their
 * workers.
 */
function hideArguments(deno: DenoGlobal | undefined): void {
  process.execArgv.length = 0;
  process.argv.length = 1;
  if (deno !== undefined) Object.defineProperty(deno, "args", { value: [] });
}
