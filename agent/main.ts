/**
 * The agent's entry point. The first stage, which is part of the command line at
 * the far end, reads this module from the pipe and calls {@linkcode start}.
 *
 * @module
 */

import type { Socket } from "node:net";
import { Agent } from "./runtime/agent.ts";
import { watchGlobals } from "./runtime/broken_globals.ts";
import { blockOutput } from "./runtime/block_output.ts";
import { captureExit, ExitSignal } from "./runtime/exit.ts";
import { FilePipe } from "./runtime/file_pipe.ts";
import { beforeProcess, nodeProcess } from "./runtime/node_process.ts";
import { Silence } from "./runtime/silence.ts";
import { socketPipe, watchInput } from "./runtime/socket_pipe.ts";
import { DENO_VARIABLES, LOST, SILENCE, TOLD, UNSET } from "./protocol/exit_code.ts";
import { type AgentInfo, decodeControllerInfo, encodeAgentInfo } from "./protocol/hello.ts";
import { Multiplexer } from "./wire/multiplexer.ts";

/** What a runtime is, and what it does for the agent. */
interface Runtime {
  readonly info: AgentInfo;
  /** What the script at the far end has given to the first stage. */
  readonly args: readonly string[];
  /** Writes to stderr at once. */
  readonly warn: (text: string) => void;
  /** Tells something to the shell that started the agent, at descriptor 5, if that is possible. */
  readonly tellShell: (text: string) => void;
}

/**
 * Starts to serve the controller.
 *
 * It imports no module of Node's before it has answered, unless a call needs one: on Deno, these
 * take longer to load than all else.
 *
 * @param input The pipe from the controller: a file of Deno's, or a socket that calls what this
 * gives. Nothing behind the agent's code has been read from a file.
 * @returns Takes the bytes that are read from now on. They may be overwritten when it returns.
 */
export async function start(input: Socket | Deno.FsFile): Promise<(chunk: Uint8Array) => void> {
  const deno = (globalThis as { Deno?: typeof Deno }).Deno;
  const exit = captureExit();
  const { info, args: [marker, ...variables], warn, tellShell } = deno === undefined
    ? await ofNode()
    : ofDeno(deno);
  beforeProcess((process) => {
    process.execArgv.length = 0;
    process.argv.length = 1;
  });
  if (deno !== undefined) {
    // The agent's own arguments are not for the functions that it runs, and for their workers.
    Object.defineProperty(deno, "args", { value: [] });
    restoreVariables(deno, variables);
  }
  reportUncaught();

  const checkGlobals = watchGlobals((line) => {
    warn(line);
    exit(1);
  });
  let exitCode: number = LOST;
  let isIdle = false;
  const end = (why: string): void => {
    isIdle = multiplexer.size === agent.lasting;
    multiplexer.end(new Error(why));
  };
  const silence = new Silence(() => end("The controller is silent"));
  // Whoever waits for an answer would wait for ever.
  const onBroken = (error: unknown): void => {
    if (multiplexer.ended !== undefined) return;
    warn(`The agent cannot go on, as if a function has broken what it needs: ${error}\n`);
    exit(1);
  };
  const agent = new Agent({ multiplexer: () => multiplexer, checkGlobals, onBroken });
  const onChunk = (chunk: Uint8Array): void => {
    silence.handleSign();
    try {
      multiplexer.handleChunk(chunk);
    } catch (error) {
      onBroken(error);
    }
  };
  const handlers = {
    onChunk,
    onBroken,
    mayHaveRun: () => agent.mayHaveRun,
    onDrain: () => multiplexer.handleDrain(),
    onLost: () => end("The controller is gone"),
  };
  const pipe = "readSync" in input
    ? new FilePipe(input, handlers)
    : socketPipe(await import("node:net"), input, handlers);
  const multiplexer: Multiplexer = new Multiplexer(pipe, {
    odd: false,
    // The agent trusts the controller; see `Agent`.
    maxUnread: Infinity,
    maxChannels: Infinity,
    onChannel: (channel, header) => agent.handleChannel(channel, header),
    onHello: (payload) => agent.introduce(decodeControllerInfo(payload)),
    // Without modules of Node's, the first stage has not closed the descriptor.
    onPing: (payload) =>
      silence.count(payload, (seconds) => {
        if (deno === undefined || "readSync" in input) tellShell(`s${seconds}\n`);
      }),
    onBye() {
      exitCode = TOLD;
      end("The controller closed the connection");
    },
    onEnd() {
      const leave = (): never => exit(silence.isTooLong ? SILENCE : exitCode);
      // A call that runs may clean up first. Deno takes longer to load timers than to end.
      if (isIdle) leave();
      else setTimeout(leave);
    },
  });

  pipe.write([new TextEncoder().encode(`${marker} agent\n`)]);
  multiplexer.sendHello(encodeAgentInfo(info));
  if (!("readSync" in input)) watchInput(input, handlers);
  return onChunk;
}

function ofDeno(deno: typeof Deno): Runtime {
  const { args, pid, stderr, version, build, openSync } = deno;
  const write = stderr.writeSync.bind(stderr);
  const encoder = new TextEncoder();
  return {
    info: {
      runtime: "deno",
      version: version.deno,
      os: build.os,
      arch: build.arch,
      pid,
      hostname: hostname(deno),
    },
    args,
    warn: (text) => void write(encoder.encode(text)),
    tellShell(text) {
      let file;
      try {
        file = openSync("/dev/fd/5", { write: true });
        if (file.statSync().isFifo) file.writeSync(encoder.encode(text));
      } catch {
        // The pipe belongs to another user.
      }
      file?.close();
    },
  };
}

async function ofNode(): Promise<Runtime> {
  const [{ default: fs }, { Writable }, os] = await Promise.all([
    import("node:fs"),
    import("node:stream"),
    import("node:os"),
  ]);
  // First, since Node 22 makes its own streams when its globals are removed.
  blockOutput({ fs, Writable });
  removeEvalGlobals();
  const { argv, arch, pid, platform, versions } = nodeProcess();
  return {
    info: {
      runtime: "node",
      version: versions.node,
      os: platform,
      arch: { x64: "x86_64", arm64: "aarch64" }[arch as string] ?? arch,
      pid,
      hostname: hostname(os),
    },
    args: argv.slice(1),
    warn: (text) => void fs.writeSync(2, text),
    tellShell(text) {
      if (fs.fstatSync(5).isFIFO()) fs.writeSync(5, text);
    },
  };
}

function hostname(runtime: { hostname(): string }): string {
  try {
    return runtime.hostname();
  } catch {
    return ""; // the agent lacks the permission
  }
}

/** Shows errors that belong to no call on stderr. They must not end the agent. */
function reportUncaught(): void {
  const report = (error: unknown): void => {
    if (!(error instanceof ExitSignal)) console.error("Uncaught", error);
  };
  const listen = (type: string, key: string): () => void => {
    const listener = (event: Event): void => {
      event.preventDefault();
      report((event as unknown as Record<string, unknown>)[key]);
    };
    addEventListener(type, listener);
    return () => removeEventListener(type, listener);
  };
  // Node has no such events.
  const stop = "Deno" in globalThis
    ? [listen("error", "error"), listen("unhandledrejection", "reason")]
    : [];
  beforeProcess((process) => {
    for (const one of stop) one();
    process.on("uncaughtException", report);
    process.on("unhandledRejection", report);
  });
}

/**
 * Undoes the settings with which the bootstrap has started Deno: they are not for the programs that
 * the agent starts. `values` are those that the variables had.
 */
function restoreVariables({ env }: typeof Deno, values: readonly string[]): void {
  try {
    DENO_VARIABLES.forEach((name, i) => {
      if (values[i] === UNSET) env.delete(name);
      else env.set(name, values[i]!);
    });
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
