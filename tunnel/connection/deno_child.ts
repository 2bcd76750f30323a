import { concat } from "../../agent/wire/concat.ts";
import type { Pipe } from "../../agent/wire/multiplexer.ts";
import { HIGH_WATER, JOIN_LIMIT } from "../../agent/wire/stream_pipe.ts";
import type { Child, ChildOptions } from "./child.ts";
import { DirectWriter } from "./direct_writer.ts";
import { spawnSession } from "./spawn_session.ts";
import { WriteLock } from "./write_lock.ts";

/**
 * Bytes of the buffer for output at first. Hundreds of tunnels that only call functions need no
 * more.
 */
const SMALL_BUFFER = 4 * 1024;
/** Bytes of the buffer once a read has filled the small one: as much as a pipe holds. */
const BUFFER_SIZE = 64 * 1024;

/** Starts a process by `Deno.Command`. */
export function startDenoChild(options: ChildOptions): Child {
  const { command: [program, ...args], detached, env = {} } = options;
  let child: Deno.ChildProcess;
  try {
    const stdio = { stdin: "piped", stdout: "piped", stderr: "piped" } as const;
    child = detached
      ? spawnSession(program!, { args, env, ...stdio })
      : new Deno.Command(program!, { args, env, ...stdio }).spawn();
  } catch (error) {
    queueMicrotask(() => options.onSpawnError(error as NodeJS.ErrnoException));
    return NO_CHILD;
  }
  const stdout = new OutputReader(child.stdout, options.onOutput);
  const stderr = new OutputReader(child.stderr, options.onStderr);
  const lock = new WriteLock();
  const direct = DirectWriter.open(child.pid);
  const stdin = writerPipe({ stream: child.stdin, direct, lock, onDrain: options.onDrain });
  const exited = child.status.then(({ code, signal }) =>
    options.onExit({ code: signal === null ? code : null, signal })
  );
  const ended = exited.then(() => stdin.closing());
  Promise.all([ended, stdout.ended, stderr.ended]).then(options.onClose);
  return {
    pid: child.pid,
    pipe: stdin,
    direct,
    lock,
    closeOutputs() {
      stdout.cancel();
      stderr.cancel();
    },
    kill() {
      try {
        child.kill("SIGKILL");
      } catch {
        // It has ended.
      }
    },
    ref: () => unlessEnded(() => child.ref()),
    unref: () => unlessEnded(() => child.unref()),
  };
}

/** Does something with a process. Deno throws a `BadResource` if the process has ended. */
function unlessEnded(act: () => void): void {
  try {
    act();
  } catch (error) {
    if (!(error instanceof Deno.errors.BadResource)) throw error;
  }
}

/** Stands for a process that could not be started. */
const NO_CHILD: Child = {
  pid: undefined,
  pipe: { write: () => true, close() {} },
  closeOutputs() {},
  kill() {},
  ref() {},
  unref() {},
};

/** Reads a stream into one buffer, over and over, until it ends or breaks. */
class OutputReader {
  /** Resolves when nothing more will come. Never rejects. */
  readonly ended: Promise<void>;
  readonly #reader: ReadableStreamBYOBReader;
  #cancelled = false;

  constructor(stream: ReadableStream<Uint8Array>, onChunk: (chunk: Uint8Array) => void) {
    this.#reader = stream.getReader({ mode: "byob" });
    this.ended = this.#read(onChunk).catch(() => {});
  }

  async #read(onChunk: (chunk: Uint8Array) => void): Promise<void> {
    let buffer = new ArrayBuffer(SMALL_BUFFER);
    for (;;) {
      const { value, done } = await this.#reader.read(new Uint8Array(buffer));
      if (done || this.#cancelled) return;
      onChunk(value);
      buffer = value.length === SMALL_BUFFER ? new ArrayBuffer(BUFFER_SIZE) : value.buffer;
    }
  }

  cancel(): void {
    this.#cancelled = true;
    this.#reader.cancel().catch(() => {});
  }
}

/** Bytes of a buffer in which chunks are joined: room for what is mostly written at once. */
const JOINED_SIZE = 144 * 1024;

/** How many buffers are kept, which all pipes share: more would be garbage that is large. */
const KEPT_BUFFERS = 16;

/** Buffers that are free. */
const freeBuffers: Uint8Array[] = [];

/** Joins chunks in buffers that are used again: each write takes longer than to copy 64 KiB. */
class Joiner {
  /** The buffers that are in use, by what {@linkcode join} gave. */
  readonly #used = new Map<Uint8Array, Uint8Array>();

  /** Joins chunks that have `size` bytes in all; `undefined` if these are too many. */
  join(chunks: readonly Uint8Array[], size: number): Uint8Array | undefined {
    if (size > JOINED_SIZE) return undefined;
    const buffer = freeBuffers.pop() ?? new Uint8Array(JOINED_SIZE);
    let at = 0;
    for (const chunk of chunks) {
      buffer.set(chunk, at);
      at += chunk.length;
    }
    const joined = buffer.subarray(0, size);
    this.#used.set(joined, buffer);
    return joined;
  }

  /** Takes back what {@linkcode join} gave. Any other chunk is let go. */
  release(chunk: Uint8Array): void {
    const buffer = this.#used.get(chunk);
    if (buffer === undefined) return;
    this.#used.delete(chunk);
    if (freeBuffers.length < KEPT_BUFFERS) freeBuffers.push(buffer);
  }
}

/** How a process's stdin is written to. */
interface WriterPipeOptions {
  readonly stream: WritableStream<Uint8Array>;
  readonly direct: DirectWriter | undefined;
  readonly lock: WriteLock;
  readonly onDrain: () => void;
}

/** A pipe to a process. */
interface WriterPipe extends Pipe {
  /** Resolves when the stream is closed, if the pipe is: a write may be under way until then. */
  closing(): Promise<void> | undefined;
}

/** A {@linkcode Pipe} that writes to a web stream; see `streamPipe` for the limits. */
function writerPipe({ stream, direct, lock, onDrain }: WriterPipeOptions): WriterPipe {
  const writer = stream.getWriter();
  // An error of the pipe says less than the exit of the process, which causes it.
  const ignore = (): void => {};
  writer.closed.catch(ignore);
  const joiner = new Joiner();
  let queued = 0;
  let congested = false;
  let closing: Promise<void> | undefined;
  const write = (chunk: Uint8Array): void => {
    if (queued === 0 && direct?.write(chunk)) return;
    queued += chunk.length;
    writer.write(chunk).then(() => {
      queued -= chunk.length;
      joiner.release(chunk);
      if (queued === 0) lock.release();
      if (!congested || queued > HIGH_WATER) return;
      congested = false;
      onDrain();
    }, ignore);
  };
  return {
    write(chunks) {
      let size = 0;
      for (const chunk of chunks) size += chunk.length;
      // A frame may be in two chunks: the lock is kept between them.
      if (queued === 0) lock.take();
      const joined = chunks.length < 2
        ? undefined
        : size <= JOIN_LIMIT
        ? concat(chunks, size)
        : joiner.join(chunks, size);
      if (joined !== undefined) write(joined);
      else for (const chunk of chunks) write(chunk);
      if (queued === 0) lock.release();
      congested = queued > HIGH_WATER;
      return !congested;
    },
    close() {
      lock.close();
      direct?.close();
      closing ??= writer.abort().catch(ignore);
    },
    closing: () => closing,
  };
}
