/**
 * Functions that run commands: send them to other machines with a tunnel's `call()`, or call them
 * here. They work on Deno and Node; Deno needs `--allow-run`.
 *
 * ```ts ignore
 * import { Tunnel } from "@chopsticks/chopsticks";
 * import { lines, sh } from "@chopsticks/chopsticks/sh";
 *
 * await using tun = new Tunnel("web1.example.com");
 * const { stdout } = await tun.call(sh, "df -h / | tail -1");
 * for await (const line of await tun.call(lines, ["tail", "-F", "/var/log/syslog"])) {
 *   console.log(line);
 * }
 * ```
 *
 * @module
 */
import { Buffer } from "node:buffer";
import process from "node:process";
import type { Readable } from "node:stream";
import { callSignal } from "./commands/call_signal.ts";
import { checkOptions } from "./commands/check_options.ts";
import { CommandError } from "./commands/command_error.ts";
import { type Command, type CommandLine, commandLine } from "./commands/command_line.ts";
import {
  type CommandInput,
  type CommandOptions,
  RunningCommand,
} from "./commands/running_command.ts";
import type { ShResult } from "./commands/sh_result.ts";
import { TextLines } from "./commands/text_lines.ts";

export {
  callSignal,
  type Command,
  CommandError,
  type CommandInput,
  type CommandOptions,
  type ShResult,
};

/** Options for {@linkcode sh}. */
export interface ShOptions<T extends "text" | "bytes" = "text"> extends CommandOptions {
  /** Whether its output is also printed, line by line as it comes. Default: `false`. */
  live?: boolean | undefined;
  /**
   * The form of its standard output: `"text"`, which is the default, or `"bytes"`. For a call, say
   * `tun.call(sh<"bytes">, …)`, since TypeScript does not find the type of the result by itself.
   */
  stdout?: T | undefined;
}

/** Options for {@linkcode lines} and {@linkcode bytes}. */
export interface LinesOptions extends CommandOptions {
  /**
   * Its standard error: `"print"`, the default, prints it line by line, `"merge"` yields it among
   * the standard output, `"drop"` drops it.
   */
  stderr?: "print" | "merge" | "drop" | undefined;
}

const FLAG = [true, false];
const COMMAND_OPTIONS = { input: undefined, env: undefined, cwd: undefined, check: FLAG };
const SH_OPTIONS = { ...COMMAND_OPTIONS, live: FLAG, stdout: ["text", "bytes"] };
const LINES_OPTIONS = { ...COMMAND_OPTIONS, stderr: ["print", "merge", "drop"] };

/** How many characters of a standard error that is printed an error has. */
const TAIL = 8_192;

/**
 * Runs a command to its end, and gives its output. It has no limit of output but the memory, and
 * blocks nothing. When the call is given up, the command ends with all that it has started.
 *
 * A command that leaves a program in the background has not ended as long as that has the command's
 * output open: send it elsewhere, as in `nohup server >/dev/null 2>&1 &`.
 *
 * @param command A line for `sh -c`, or a program and its arguments, where nothing is to be quoted.
 * @throws {CommandError} If it ends with another code than 0, unless `check` is `false`.
 * @throws {TypeError} If the command or an option is of the wrong type, or there is no such option.
 * @throws {Error} If it cannot be started, even with `check: false`.
 *
 * @example
 * ```ts
 * import { sh } from "@chopsticks/chopsticks/sh";
 *
 * const { stdout } = await sh(["printf", "%s\n", "a  b"]);
 * console.log(stdout); // "a  b\n"
 * const { code } = await sh("exit 3", { check: false });
 * console.log(code); // 3
 * ```
 */
export async function sh<T extends "text" | "bytes" = "text">(
  command: Command,
  options: ShOptions<T> = {},
): Promise<ShResult<T extends "bytes" ? Uint8Array : string>> {
  checkOptions(options, SH_OPTIONS);
  const { check = true, live = false, stdout: form } = options;
  const running = new RunningCommand(commandLine(command), {
    ...options,
    stderr: "pipe",
    signal: callSignal(),
  });
  if (live) {
    onLines(running.stdout, (line) => process.stdout.write(`${line}\n`));
    onLines(running.stderr!, (line) => process.stderr.write(`${line}\n`));
  }
  const stdout = collect(running.stdout);
  const stderr = collect(running.stderr!);
  const { code, signal } = await running.exit;
  const bytes = stdout();
  const end = {
    command: running.shown,
    code,
    signal,
    stdout: form === "bytes" ? new Uint8Array(bytes) : bytes.toString(),
    stderr: stderr().toString(),
  };
  if (check && code !== 0) throw new CommandError(end);
  return end as ShResult<T extends "bytes" ? Uint8Array : string>;
}

/**
 * Runs a command, and yields its standard output line by line, no faster than it is read. Leaving
 * the loop ends the command with all that it has started.
 *
 * @param command A line for `sh -c`, or a program and its arguments, where nothing is to be quoted.
 * @throws {CommandError} At the end, if that has another code than 0, unless `check` is `false`.
 * @throws {Error} At the first line, if it cannot be started.
 *
 * @example
 * ```ts
 * import { lines } from "@chopsticks/chopsticks/sh";
 *
 * for await (const line of lines(["seq", "1000000"])) {
 *   if (line === "3") break;
 *   console.log(line);
 * }
 * ```
 */
export function lines(command: Command, options: LinesOptions = {}): AsyncGenerator<string, void> {
  return new CommandOutput(command, options, async function* (stdout) {
    const cut = new TextLines();
    for await (const chunk of stdout) yield* cut.push(chunk);
    yield* cut.end();
  });
}

/**
 * Runs a command, and yields its standard output as bytes, no faster than they are read: for a
 * backup of any size. Leaving the loop ends the command with all that it has started.
 *
 * Of `dump | gzip`, the exit code is that of `gzip`, and a `dump` that fails is not noticed. So run
 * `dump` alone, and compress here, by a `CompressionStream`.
 *
 * @param command A line for `sh -c`, or a program and its arguments, where nothing is to be quoted.
 * @throws {CommandError} At the end, if that has another code than 0, unless `check` is `false`.
 * @throws {Error} At the first bytes, if it cannot be started.
 *
 * @example
 * ```ts
 * import { bytes } from "@chopsticks/chopsticks/sh";
 *
 * let size = 0;
 * for await (const chunk of bytes(["head", "-c", "1000000", "/dev/zero"])) size += chunk.length;
 * console.log(size); // 1000000
 * ```
 */
export function bytes(
  command: Command,
  options: LinesOptions = {},
): AsyncGenerator<Uint8Array<ArrayBuffer>, void> {
  return new CommandOutput(command, options, async function* (stdout) {
    for await (const chunk of stdout) yield new Uint8Array(chunk);
  });
}

/**
 * The output of a command, which is started when the first of it is asked for. An async generator
 * function would not do: it only stops when what it waits for has come.
 */
class CommandOutput<T> implements AsyncGenerator<T, void> {
  readonly #output: AsyncGenerator<T, void>;
  readonly #start: () => RunningCommand;
  #running: RunningCommand | undefined;
  #stopped = false;

  /** `cut` cuts the standard output into what is yielded. */
  constructor(
    command: Command,
    options: LinesOptions,
    cut: (stdout: Readable) => AsyncIterable<T>,
  ) {
    checkOptions(options, LINES_OPTIONS);
    const plain = commandLine(command);
    const line = options.stderr === "merge" ? merging(plain) : plain;
    const signal = callSignal();
    const stderr = (options.stderr ?? "print") === "print" ? "pipe" : "ignore";
    this.#start = () => this.#running = new RunningCommand(line, { ...options, stderr, signal });
    this.#output = this.#read(options.check ?? true, cut);
  }

  async next(): Promise<IteratorResult<T, void>> {
    try {
      if (!this.#stopped) return await this.#output.next();
    } catch (error) {
      // Its output breaks off when it is ended.
      if (!this.#stopped) throw error;
    }
    return { done: true, value: undefined };
  }

  async return(): Promise<IteratorResult<T, void>> {
    this.#stopped = true;
    await this.#running?.end();
    return { done: true, value: undefined };
  }

  async throw(error: unknown): Promise<IteratorResult<T, void>> {
    await this.return();
    throw error;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  async *#read(
    check: boolean,
    cut: (stdout: Readable) => AsyncIterable<T>,
  ): AsyncGenerator<T, void> {
    const running = this.#start();
    let stderr = "";
    if (running.stderr !== null) {
      onLines(running.stderr, (line) => {
        stderr = `${stderr}${line}\n`.slice(-TAIL);
        process.stderr.write(`${line}\n`);
      });
    }
    try {
      yield* cut(running.stdout);
    } catch (error) {
      await running.exit; // rejects, if that is why its output broke off
      throw error;
    }
    const { code, signal } = await running.exit;
    if (check && code !== 0) {
      throw new CommandError({ command: running.shown, code, signal, stdout: "", stderr });
    }
  }
}

/** The same command, whose standard error goes where its standard output goes. */
function merging({ program, args, shown }: CommandLine): CommandLine {
  return { program: "/bin/sh", args: ["-c", 'exec "$0" "$@" 2>&1', program, ...args], shown };
}

/** Calls `show` with each line of a stream as it comes. */
function onLines(stream: Readable, show: (line: string) => void): void {
  const cut = new TextLines();
  stream.on("data", (chunk) => cut.push(chunk).forEach(show));
  stream.on("end", () => cut.end().forEach(show));
}

/** Reads all of a stream. */
function collect(stream: Readable): () => Buffer {
  const chunks: Buffer[] = [];
  stream.on("data", (chunk) => chunks.push(chunk));
  return () => Buffer.concat(chunks);
}
