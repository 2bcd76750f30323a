/** The result of a finished command. */
export interface CommandResult {
  readonly success: boolean;
  readonly stdout: string;
  readonly stderr: string;
  /** One line that says what went wrong, for the reason of an unavailable service. */
  readonly problem: string;
}

/** Options for {@linkcode command}. */
export interface CommandOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Ends the command. */
  readonly signal?: AbortSignal;
}

/**
 * Runs a command to its end, without input.
 *
 * @param argv The program, found by {@linkcode which}, and its arguments.
 * @returns The result. A program that does not exist is a failure like any other.
 */
export async function command(
  argv: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const [name = "", ...args] = argv;
  const program = which(name);
  if (program === undefined) return failure(`${name} is not installed`);
  if (options.signal?.aborted) return failure("interrupted");
  const output = await new Deno.Command(program, { args, stdin: "null", ...options }).output();
  const decoder = new TextDecoder();
  const stdout = decoder.decode(output.stdout);
  const stderr = decoder.decode(output.stderr);
  const short = name.slice(name.lastIndexOf("/") + 1);
  const said = lastLine(stderr) || lastLine(stdout) || `code ${output.code}`;
  return {
    success: output.success,
    stdout,
    stderr,
    problem: output.success ? "" : `${short}: ${said.replaceAll(`${name}: `, "")}`,
  };
}

/**
 * Finds a program in `PATH` and in the `sbin` folders, which are not in everybody's `PATH`.
 *
 * @returns Its absolute path, or `undefined`.
 */
export function which(name: string): string | undefined {
  const folders = name.startsWith("/")
    ? [""]
    : [...(Deno.env.get("PATH") ?? "").split(":"), "/usr/sbin", "/sbin"];
  return folders.map((folder) => folder === "" ? name : `${folder}/${name}`).find((path) => {
    try {
      const { isFile, mode } = Deno.statSync(path);
      return isFile && ((mode ?? 0) & 0o111) !== 0;
    } catch {
      return false;
    }
  });
}

/**
 * Starts a program that outlives this call. It has a process group of its own: so Ctrl-C in a
 * terminal reaches only the runner, which stops everything in the right order.
 *
 * @param argv The program and its arguments.
 * @param log A file for all its output.
 */
export function startDaemon(argv: readonly string[], log: string): Deno.ChildProcess {
  const child = new Deno.Command("/bin/sh", {
    args: ["-c", 'log=$1; shift; exec "$@" >"$log" 2>&1', "sh", log, ...argv],
    stdin: "null",
    stdout: "null",
    stderr: "null",
    detached: true,
  }).spawn();
  child.unref();
  return child;
}

/** The last line of a text that is not blank. */
export function lastLine(text: string): string {
  return text.trimEnd().split("\n").at(-1)?.trim() ?? "";
}

function failure(problem: string): CommandResult {
  return { success: false, stdout: "", stderr: "", problem };
}
