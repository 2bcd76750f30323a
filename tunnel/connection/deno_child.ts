import { concat } from "../../agent/wire/concat.ts";
import type { Pipe } from "../../agent/wire/multiplexer.ts";
import { HIGH_WATER, JOIN_LIMIT } from "../../agent/wire/stream_pipe.ts";
import type { Child, ChildOptions } from "./child.ts";
import { DirectWriter } from "./direct_writer.ts";
import { spawnSession } from "./spawn_session.ts";
import { WriteLock } from "./write_lock.ts";

/** Bytes of the buffer for output while little comes. A thousand tunnels mostly wait. */
const SMALL_BUFFER = 1024;
/** Bytes of the buffer when much comes: as much as a pipe holds. */
const LARGE_BUFFER = 64 * 1024;
/** A buffer that was filled gives way to one that is so many times as large. */
const GROWTH = 8;

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

/** How many buffers of a kind are kept, which all pipes share: more would be garbage. */
const KEPT_BUFFERS = 16;

/** Buffers for output that are free, by their sizes. */
const freeForOutput: ReadonlyMap<number, ArrayBuffer[]> = new Map(
  [SMALL_BUFFER, SMALL_BUFFER * GROWTH, LARGE_BUFFER].map((
    size,
  ): [number, ArrayBuffer[]] => [size, []]),
);

/**
 * Reads a stream into one buffer, over and over, until it ends or breaks. It has no loop that
 * awaits: while that waits for the next chunk, it would keep the last one in memory.
 */
class OutputReader {
  /** Resolves when nothing more will come. Never rejects. */
  readonly ended: Promise<void>;
  readonly #reader: ReadableStreamBYOBReader;
  readonly #handle: (result: ReadableStreamReadResult<Uint8Array<ArrayBuffer>>) => void;
  #end!: () => void;
  #cancelled = false;

  constructor(stream: ReadableStream<Uint8Array>, onChunk: (chunk: Uint8Array) => void) {
    this.#reader = stream.getReader({ mode: "byob" });
    this.ended = new Promise((resolve) => this.#end = resolve);
    this.#handle = ({ value, done }) => {
      if (done || this.#cancelled) return this.#end();
      onChunk(value);
      this.#read(nextBuffer(value));
    };
    this.#read(new ArrayBuffer(SMALL_BUFFER));
  }

  #read(buffer: ArrayBuffer): void {
    this.#reader.read(new Uint8Array(buffer)).then(this.#handle).catch(this.#end);
  }

  cancel(): void {
    this.#cancelled = true;
    this.#reader.cancel().catch(() => {});
  }
}

/** The buffer for what comes after a chunk, whose own is free. */
function nextBuffer({ buffer, length }: Uint8Array<ArrayBuffer>): ArrayBuffer {
  const size = buffer.byteLength;
  const wanted = length === size
    ? Math.min(LARGE_BUFFER, size * GROWTH)
    : length < SMALL_BUFFER
    ? SMALL_BUFFER
    : size;
  if (wanted === size) return buffer;
  const free = freeForOutput.get(size)!;
  if (free.length < KEPT_BUFFERS) free.push(buffer);
  return freeForOutput.get(wanted)!.pop() ?? new ArrayBuffer(wanted);
}

/** Bytes of a buffer in which chunks are joined: room for what is mostly written at once. */
const JOINED_SIZE = 144 * 1024;

/** So few bytes are joined in an array of their own. */
const SMALL_JOIN = 4 * 1024;

/** The buffers in which chunks are joined, free or in use. */
const joinBuffers = new Set<ArrayBufferLike>();

/** Those that are free. */
const freeForInput: ArrayBufferLike[] = [];

/**
 * Joins chunks that have `size` bytes in all: each write takes longer than to copy 64 KiB. Buffers
 * are used again; `undefined` if the chunks are too many, or if all buffers are in use.
 */
function joined(chunks: readonly Uint8Array[], size: number): Uint8Array | undefined {
  if (size <= SMALL_JOIN) return concat(chunks, size);
  if (size > JOINED_SIZE) return undefined;
  let buffer = freeForInput.pop();
  if (buffer === undefined) {
    if (joinBuffers.size === KEPT_BUFFERS) {
      return size <= JOIN_LIMIT ? concat(chunks, size) : undefined;
    }
    joinBuffers.add(buffer = new ArrayBuffer(JOINED_SIZE));
  }
  const all = new Uint8Array(buffer, 0, size);
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}

/** Takes back what {@linkcode joined} gave. Any other chunk is let go. */
function release({ buffer }: Uint8Array): void {
  if (joinBuffers.has(buffer)) freeForInput.push(buffer);
}

/** Forgets what {@linkcode joined} gave: something may read it still, so others cannot have it. */
function abandon({ buffer }: Uint8Array): void {
  joinBuffers.delete(buffer);
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
  let queued = 0;
  let congested = false;
  let closing: Promise<void> | undefined;
  const write = (chunk: Uint8Array): void => {
    if (queued === 0 && direct?.write(chunk)) return;
    queued += chunk.length;
    writer.write(chunk).then(() => {
      queued -= chunk.length;
      release(chunk);
      if (queued === 0) lock.release();
      if (!congested || queued > HIGH_WATER) return;
      congested = false;
      onDrain();
    }, () => abandon(chunk));
  };
  return {
    write(chunks) {
      let size = 0;
      for (const chunk of chunks) size += chunk.length;
      // A frame may be in two chunks: the lock is kept between them.
      if (queued === 0) lock.take();
      const whole = chunks.length < 2 ? undefined : joined(chunks, size);
      if (whole !== undefined) write(whole);
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
