import { type ChildProcess, spawn } from "node:child_process";
import type { Socket } from "node:net";
import { PassThrough, type Readable, type Writable } from "node:stream";
import process from "node:process";
import { clearTimeout, setTimeout } from "node:timers";
import { type Deferred, deferred } from "../../agent/wire/deferred.ts";
import { readOutput } from "./read_output.ts";

/** Options for {@linkcode PipeProcess}. */
export interface PipeProcessOptions {
  /** The argv. */
  readonly command: readonly string[];
  /** Whether the process gets a session of its own, out of reach of the terminal. */
  readonly detached: boolean;
  /** Variables besides those of this process. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Takes the next bytes of stdout, which may be written over when it returns. */
  readonly onOutput: (chunk: Uint8Array) => void;
  /** Takes the next bytes of stderr. */
  readonly onStderr: (chunk: Uint8Array) => void;
  /** The process could not be started. */
  readonly onSpawnError: (error: NodeJS.ErrnoException) => void;
  /** The process has ended, and all that it printed has been read. */
  readonly onEnd: () => void;
}

/** How a process ended: by itself, with a code, or by a signal. */
interface ProcessExit {
  readonly code: number | null;
  readonly signal: string | null;
}

/**
 * Milliseconds to wait for the rest of the output when a process has ended: its children may hold
 * the pipe open.
 */
export const OUTPUT_GRACE = 250;

/**
 * Milliseconds that the process has to end by itself when its pipe is closed. Docker removes a
 * container in this time.
 */
const KILL_GRACE = 2_000;

/** The process whose stdin and stdout are the pipe to an agent: how it is started and ended. */
export class PipeProcess {
  /** The pipe to the far end. */
  readonly stdin: Writable;
  /** The pipe from the far end. `onOutput` takes what comes out of it. */
  readonly output: Readable;
  /** Resolves when the process is gone. Never rejects. */
  readonly gone: Promise<void>;

  readonly #options: PipeProcessOptions;
  readonly #child: ChildProcess;
  readonly #gone: Deferred<void> = deferred();
  #exit: ProcessExit | undefined;
  #holds = 1;

  /** Starts the process. It is held, as by {@linkcode hold}. */
  constructor(options: PipeProcessOptions) {
    this.#options = options;
    this.gone = this.#gone.promise;
    const [program, ...args] = options.command as [string, ...string[]];
    this.#child = withStreams(spawn(program, args, {
      stdio: "pipe",
      detached: options.detached,
      ...options.env === undefined ? {} : { env: { ...process.env, ...options.env } },
    }));
    const { stdin, stdout, stderr } = this.#child;
    this.stdin = stdin!;
    this.output = readOutput(stdout!, options.onOutput);
    // An error of the pipe says less than the exit of the process, which causes it.
    this.stdin.on("error", () => {});
    this.output.on("error", () => {});
    stderr!.on("error", () => {});
    stderr!.on("data", options.onStderr);
    this.#child.on("error", (error) => this.#handleSpawnError(error));
    this.#child.on("exit", (code, signal) => this.#handleExit({ code, signal }));
    this.#child.on("close", () => this.#handleClose());
  }

  /** The process's id, unless it could not be started. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** How the process ended, if it has. */
  get exit(): ProcessExit | undefined {
    return this.#exit;
  }

  /** Keeps this script alive until {@linkcode release} is called as often. */
  hold(): void {
    if (this.#holds++ === 0) this.#eachHandle((handle) => handle.ref());
  }

  /** Undoes one {@linkcode hold}. */
  release(): void {
    if (--this.#holds === 0) this.#eachHandle((handle) => handle.unref());
  }

  /** Calls `act` later, unless the process is gone by then. */
  later(act: () => void, milliseconds: number): void {
    const timer = setTimeout(act, milliseconds);
    this.gone.then(() => clearTimeout(timer));
  }

  /** Ends the process, whose pipe is closed: at once, or after it had time to end by itself. */
  end(atOnce: boolean): void {
    if (this.#exit !== undefined) return;
    // The script must not end while it waits for `gone`. But it must not wait for ever either: the
    // process may be another user's, whom nobody here can kill.
    this.hold();
    const overdue = new Promise<void>((resolve) => this.later(resolve, 2 * KILL_GRACE));
    Promise.race([this.gone, overdue]).then(() => this.release());
    this.later(() => this.#kill(), KILL_GRACE);
    if (atOnce) this.#kill();
  }

  #handleSpawnError(error: NodeJS.ErrnoException): void {
    this.#options.onSpawnError(error);
    this.#handleGone();
  }

  #handleExit(exit: ProcessExit): void {
    this.#exit = exit;
    // "close" follows when all output has been read, unless a grandchild holds the pipe.
    this.later(() => this.#handleClose(), OUTPUT_GRACE);
  }

  #handleClose(): void {
    if (this.#exit === undefined) return;
    this.#options.onEnd();
    if (this.#options.detached) this.#killGroup();
    this.#handleGone();
  }

  #handleGone(): void {
    this.#child.stderr!.destroy();
    this.#gone.resolve();
  }

  #kill(): void {
    if (this.#exit !== undefined) return;
    if (this.#options.detached) this.#killGroup();
    this.#child.kill("SIGKILL");
  }

  /** Kills all that is left of the process's own group, if this user may. */
  #killGroup(): void {
    const { pid } = this.#child;
    if (pid === undefined) return;
    try {
      process.kill(-pid, "SIGKILL");
    } catch {
      // Nothing is left, or it is another user's: then the shell in front of the agent kills it.
    }
  }

  #eachHandle(act: (handle: { ref(): void; unref(): void }) => void): void {
    // A process that could not be started has no handles.
    if (this.#child.pid === undefined) return;
    act(this.#child);
    for (const stream of [this.stdin, this.output, this.#child.stderr!]) {
      if (!stream.destroyed) act(stream as Socket);
    }
  }
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
