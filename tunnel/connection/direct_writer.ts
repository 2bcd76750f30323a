import { closeSync, constants, openSync, readdirSync, readlinkSync, writeSync } from "node:fs";

/** A pipe takes so many bytes as a whole or not at all (`PIPE_BUF`). */
const MAX_BYTES = 4096;

/**
 * Writes small pieces to the stdin of a process, beside the web stream that `Deno.Command` gives
 * for it: that takes 5 µs more, a tenth of what a small call costs here. What it cannot write at
 * once is left to the stream. It opens the pipe a second time, and like the stream, is closed with
 * its isolate.
 */
export class DirectWriter {
  /** What the descriptor leads to, such as `pipe:[1234]`. No other pipe of the machine has that. */
  readonly pipe: string;
  #fd: number | undefined;

  private constructor(fd: number, pipe: string) {
    this.#fd = fd;
    this.pipe = pipe;
  }

  /** Where the pipe can be opened once more; `undefined` if it is closed. */
  get path(): string | undefined {
    return this.#fd === undefined ? undefined : pathOf(this.#fd);
  }

  /**
   * The writer for a process that was just started, whose stdin is a pipe of this process.
   *
   * @returns `undefined` if this script may not open the pipe (all of Deno's permissions are needed
   * for that), there is no `/proc`, or the process has already put something else in its place.
   */
  static open(pid: number): DirectWriter | undefined {
    if (!mayOpenPipes()) return undefined;
    let fd: number | undefined;
    try {
      fd = openSync(`/proc/${pid}/fd/0`, constants.O_WRONLY | constants.O_NONBLOCK);
      const pipe = readlinkSync(pathOf(fd));
      if (isOwnPipe(pipe, fd)) return new DirectWriter(fd, pipe);
    } catch {
      // It is another user's, for example.
    }
    if (fd !== undefined) closeSync(fd);
    return undefined;
  }

  /** Writes the bytes, or nothing. Returns whether it has. */
  write(bytes: Uint8Array): boolean {
    if (this.#fd === undefined || bytes.length > MAX_BYTES) return false;
    try {
      return writeSync(this.#fd, bytes) === bytes.length;
    } catch {
      return false; // the pipe is full, or the process has ended
    }
  }

  /** Closes the pipe, which stays open for the stream. */
  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }
}

/** Whether this script may open pipes of its children once more. It must not ask the user. */
function mayOpenPipes(): boolean {
  const { permissions } = Deno;
  return (["read", "write"] as const).every((name) =>
    permissions.querySync({ name, path: "/proc" }).state === "granted"
  );
}

function pathOf(fd: number): string {
  return `/proc/self/fd/${fd}`;
}

/** Whether a new descriptor leads to a pipe that this process had already open. */
function isOwnPipe(pipe: string, fd: number): boolean {
  if (!pipe.startsWith("pipe:")) return false;
  // The ones of a process that was just started are near.
  for (let other = fd - 1; other > 2; other--) if (leadsTo(other, pipe)) return true;
  // Unless a lower number has become free since.
  return readdirSync("/proc/self/fd").map(Number).some((other) =>
    other > fd && leadsTo(other, pipe)
  );
}

function leadsTo(fd: number, pipe: string): boolean {
  try {
    return readlinkSync(pathOf(fd)) === pipe;
  } catch {
    return false; // There is none with this number.
  }
}
