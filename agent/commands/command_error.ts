import type { ShResult } from "./sh_result.ts";

/**
 * Thrown by `sh()` and `lines()` when a command ended with another code than 0. A call that fails
 * with it rejects with a `RemoteError` whose `cause` has the same properties.
 */
export class CommandError extends Error implements ShResult<string | Uint8Array> {
  /** `CommandError`. */
  override name = "CommandError";
  /** The command line; the words of a list are quoted where a shell would need it. */
  command: string;
  /** Its exit code; `null` if a signal ended it. */
  code: number | null;
  /** The signal that ended it, such as `SIGKILL`; `null` if it ended by itself. */
  signal: string | null;
  /** Its standard output; of `lines()` it is empty, since that was yielded. */
  stdout: string | Uint8Array;
  /** Its standard error; of `lines()`, the last lines of it. */
  stderr: string;

  /** `end` gives the own properties. */
  constructor(end: ShResult<string | Uint8Array>) {
    const { command, code, signal, stdout, stderr } = end;
    const how = signal === null ? `failed with code ${code}` : `was ended by ${signal}`;
    const said = lastLine(stderr);
    super(`Command ${how}: ${oneLine(command)}${said && `: ${said}`}`);
    this.command = command;
    this.code = code;
    this.signal = signal;
    this.stdout = stdout;
    this.stderr = stderr;
  }
}

/** The first line of a script, since a message is one line. */
function oneLine(command: string): string {
  const lines = command.trim().split("\n");
  return lines.length === 1 ? lines[0]! : `${lines[0]} …`;
}

function lastLine(text: string): string {
  return text.trimEnd().split("\n").at(-1)!.trim();
}
