/** The result of `sh()`. */
export interface ShResult<T extends string | Uint8Array = string> {
  /** The command line; the words of a list are quoted where a shell would need it. */
  command: string;
  /** Its exit code; `null` if a signal ended it. */
  code: number | null;
  /** The signal that ended it, such as `SIGKILL`; `null` if it ended by itself. */
  signal: string | null;
  /** Its standard output, with the last line break. */
  stdout: T;
  /** Its standard error, with the last line break. */
  stderr: string;
}
