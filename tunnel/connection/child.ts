import type { Pipe } from "../../agent/wire/multiplexer.ts";
import type { DirectWriter } from "./direct_writer.ts";
import type { WriteLock } from "./write_lock.ts";

/** How a process ended: by itself, with a code, or by a signal. */
export interface ProcessExit {
  readonly code: number | null;
  readonly signal: string | null;
}

/** What to start, and who takes what comes of it. */
export interface ChildOptions {
  /** The argv. */
  readonly command: readonly string[];
  /** Whether the process gets a session of its own, out of reach of the terminal. */
  readonly detached: boolean;
  /** Variables besides those of this process. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Takes the next bytes of stdout, which may be written over when it returns. */
  readonly onOutput: (chunk: Uint8Array) => void;
  /** Takes the next bytes of stderr, which may be written over when it returns. */
  readonly onStderr: (chunk: Uint8Array) => void;
  /** There is room again after a write that returned `false`. */
  readonly onDrain: () => void;
  /** The process could not be started. Called after the {@linkcode Child} was given. */
  readonly onSpawnError: (error: NodeJS.ErrnoException) => void;
  /** The process has ended. More output may follow. */
  readonly onExit: (exit: ProcessExit) => void;
  /** The process has ended, and all that it printed has been read. */
  readonly onClose: () => void;
}

/** A process whose stdin, stdout and stderr are pipes. It keeps this script alive. */
export interface Child {
  /** `undefined` if the process could not be started. */
  readonly pid: number | undefined;
  /**
   * Writes to stdin, and closes it. What still comes out of stdout is read, so that the process
   * can live until the far end is gone: ssh for one ends at once when nobody reads it.
   */
  readonly pipe: Pipe;
  /** Writes to the pipe at once, if that can be done. */
  readonly direct?: DirectWriter | undefined;
  /** Says when another thread may write to the pipe, if one may. */
  readonly lock?: WriteLock;
  /** Reads no more of stdout and stderr. */
  closeOutputs(): void;
  /** Sends the process SIGKILL, if it is still there. */
  kill(): void;
  /** Keeps this script alive. */
  ref(): void;
  /** Stops to keep this script alive. */
  unref(): void;
}
