import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import process from "node:process";
import type { Readable } from "node:stream";
import type { CommandLine } from "./command_line.ts";
import { endTree } from "./process_tree.ts";

/** The text or the bytes that a command reads; a stream is read no faster than the command does. */
export type CommandInput =
  | string
  | Uint8Array
  | AsyncIterable<string | Uint8Array>
  | ReadableStream<string | Uint8Array>;

/** Options for a command: its input, its environment and its folder. */
export interface CommandOptions {
  /** The text, bytes or stream that the command reads from stdin. Default: nothing. */
  input?: CommandInput | undefined;
  /** Variables beside those of the environment here; `undefined` takes one away. */
  env?: Readonly<Record<string, string | undefined>> | undefined;
  /** The folder to run it in. Default: that of this process. */
  cwd?: string | URL | undefined;
  /** If true, any exit code but 0 is an error. Default: `true`. */
  check?: boolean | undefined;
}

/** How {@linkcode RunningCommand} runs a command. */
export interface RunOptions extends CommandOptions {
  /** `"pipe"` if its stderr is read here, `"ignore"` if nobody reads it. */
  readonly stderr: "pipe" | "ignore";
  /** Ends it. */
  readonly signal: AbortSignal;
}

/** The exit code of a command, or the signal that ended it. */
export interface Exit {
  readonly code: number | null;
  readonly signal: string | null;
}

/**
 * A command that has been started. It is ended, with all that it has started, when its signal
 * aborts.
 */
export class RunningCommand {
  /** The command as it is shown. */
  readonly shown: string;
  /**
   * Resolves when the command has ended and its output has been read. Rejects if it cannot be
   * started, and, after it has been ended, if its input fails or its signal aborts.
   */
  readonly exit: Promise<Exit>;
  readonly #child: ChildProcess;
  readonly #closed: Promise<Exit>;
  #failure: { readonly reason: unknown; readonly ended: Promise<void> } | undefined;

  /** @throws {unknown} The signal's reason, if it has aborted. */
  constructor(line: CommandLine, options: RunOptions) {
    const { input, signal } = options;
    signal.throwIfAborted();
    this.shown = line.shown;
    this.#child = start(line, options);
    this.#closed = new Promise((resolve, reject) => {
      this.#child.once("error", (error) => reject(startError(line, options, error)));
      this.#child.once("close", (code, signal) => resolve({ code, signal }));
    });
    const abort = (): void => this.#fail(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    this.exit = this.#outcome();
    // Whoever reads the output first must not be too late for the failure.
    this.exit.catch(() => {}).finally(() => signal.removeEventListener("abort", abort));
    if (input !== undefined) this.#feed(input).catch((error) => this.#fail(error));
  }

  /** Its standard output. */
  get stdout(): Readable {
    return this.#child.stdout!;
  }

  /** Its standard error, if that is read here. */
  get stderr(): Readable | null {
    return this.#child.stderr;
  }

  /** Ends the command with all that it has started. Resolves when they are gone. */
  async end(): Promise<void> {
    const { pid, exitCode, signalCode } = this.#child;
    if (pid === undefined) return; // it could not be started
    if (exitCode === null && signalCode === null) await endTree(pid);
    this.#child.stdin?.destroy();
    this.#child.stdout?.destroy();
    this.#child.stderr?.destroy();
    await this.#closed.catch(() => {});
  }

  #fail(reason: unknown): void {
    this.#failure ??= { reason, ended: this.end() };
  }

  async #outcome(): Promise<Exit> {
    const exit = await this.#closed;
    if (this.#failure === undefined) return exit;
    await this.#failure.ended;
    throw this.#failure.reason;
  }

  async #feed(input: CommandInput): Promise<void> {
    const stdin = this.#child.stdin!;
    let open = true;
    let wake: (() => void) | undefined;
    const stop = (): void => {
      open = false;
      wake?.();
    };
    // A command that does not read all of its input closes the pipe, which is no fault.
    stdin.on("error", stop).once("close", stop).on("drain", () => wake?.());
    this.#closed.then(stop, stop);
    if (typeof input === "string" || input instanceof Uint8Array) return void stdin.end(input);
    const iterator = (input as AsyncIterable<string | Uint8Array>)[Symbol.asyncIterator]();
    const closed = this.#closed.then(() => undefined, () => undefined);
    while (open) {
      const next = await Promise.race([iterator.next(), closed]);
      if (next === undefined || next.done) break;
      if (stdin.write(next.value)) continue;
      await new Promise<void>((resolve) => open ? wake = resolve : resolve());
    }
    if (!open) void Promise.resolve(iterator.return?.()).catch(() => {});
    stdin.end();
  }
}

function start({ program, args }: CommandLine, options: RunOptions): ChildProcess {
  const { input, env, cwd, stderr } = options;
  return spawn(program, [...args], {
    ...cwd !== undefined && { cwd },
    // Node leaves out what is undefined.
    ...env !== undefined && { env: { ...process.env, ...env } },
    stdio: [input === undefined ? "ignore" : "pipe", "pipe", stderr],
  });
}

function startError(line: CommandLine, { cwd }: CommandOptions, cause: Error): Error {
  const { code, message } = cause as NodeJS.ErrnoException;
  const reason = code !== "ENOENT"
    ? message
    : cwd !== undefined && !existsSync(cwd)
    ? `the folder ${cwd} does not exist`
    : "there is no such program";
  return Object.assign(new Error(`Cannot start ${line.shown}: ${reason}`, { cause }), {
    ...code !== undefined && { code },
  });
}
