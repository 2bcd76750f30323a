import { concat } from "../../agent/wire/concat.ts";
import type { Pipe } from "../../agent/wire/multiplexer.ts";
import { HIGH_WATER, JOIN_LIMIT } from "../../agent/wire/stream_pipe.ts";
import type { Child, ChildOptions } from "./child.ts";
import { DirectWriter } from "./direct_writer.ts";
import { spawnSession } from "./spawn_session.ts";
import { WriteLock } from "./write_lock.ts";

/** Bytes of the buffer for stdout while little comes. A thousand tunnels mostly wait. */
const SMALL_BUFFER = 1024;
/** Bytes of the buffer for stderr while little comes: signs of life, above all. */
const TINY_BUFFER = 128;
/** Bytes of a buffer when much comes: as much as a pipe holds. */
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
  const stdout = new OutputReader(child.stdout, SMALL_BUFFER, options.onOutput);
  const stderr = new OutputReader(child.stderr, TINY_BUFFER, options.onStderr);
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

/**
 * So many bytes of free buffers are kept of each size, for all pipes. Without these, many tunnels
 * at once would leave a buffer each as garbage, which fills the memory until it is collected.
 */
const KEPT_BYTES = 1024 * 1024;

/** Buffers for output that are free, by their sizes. */
const freeForOutput: ReadonlyMap<number, ArrayBuffer[]> = new Map(
  [TINY_BUFFER, SMALL_BUFFER, SMALL_BUFFER * GROWTH, LARGE_BUFFER].map((
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

  /** `least` is the size of the buffer while little comes. */
  constructor(
    stream: ReadableStream<Uint8Array>,
    least: number,
    onChunk: (chunk: Uint8Array) => void,
  ) {
    this.#reader = stream.getReader({ mode: "byob" });
    this.ended = new Promise((resolve) => this.#end = resolve);
    this.#handle = ({ value, done }) => {
      if (done || this.#cancelled) return this.#end();
      onChunk(value);
      this.#read(nextBuffer(value, least));
    };
    this.#read(new ArrayBuffer(least));
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
function nextBuffer({ buffer, length }: Uint8Array<ArrayBuffer>, least: number): ArrayBuffer {
  const size = buffer.byteLength;
  const wanted = length === size
    ? Math.min(LARGE_BUFFER, size * GROWTH)
    : Math.min(size, length < least ? least : length < SMALL_BUFFER ? SMALL_BUFFER : size);
  if (wanted === size) return buffer;
  const free = freeForOutput.get(size)!;
  if (free.length * size < KEPT_BYTES) free.push(buffer);
  return freeForOutput.get(wanted)!.pop() ?? new ArrayBuffer(wanted);
}

/** Bytes of a buffer in which chunks are joined: room for what is mostly written at once. */
const JOINED_SIZE = 144 * 1024;

/** So few bytes are joined in an array of their own. */
const SMALL_JOIN = 4 * 1024;

/** Buffers of a size, in which chunks are joined. */
interface JoinBuffers {
  readonly size: number;
  /** How many there may be. */
  readonly most: number;
  /** The ones that are free or in use. */
  readonly all: Set<ArrayBufferLike>;
  readonly free: ArrayBufferLike[];
}

/** Room for an agent, of which many are sent at once; and room for what is mostly written. */
const joinBuffers: readonly JoinBuffers[] = [
  { size: JOIN_LIMIT, most: 64, all: new Set(), free: [] },
  { size: JOINED_SIZE, most: 16, all: new Set(), free: [] },
];

/**
 * Joins chunks that have `size` bytes in all: each write takes longer than to copy 64 KiB. Buffers
 * are used again; `undefined` if the chunks are too many, or if all buffers are in use.
 */
function joined(chunks: readonly Uint8Array[], size: number): Uint8Array | undefined {
  if (size <= SMALL_JOIN) return concat(chunks, size);
  const buffers = joinBuffers.find((one) => size <= one.size);
  if (buffers === undefined) return undefined;
  let buffer = buffers.free.pop();
  if (buffer === undefined) {
    if (buffers.all.size === buffers.most) {
      return size <= JOIN_LIMIT ? concat(chunks, size) : undefined;
    }
    buffers.all.add(buffer = new ArrayBuffer(buffers.size));
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
  for (const { all, free } of joinBuffers) if (all.has(buffer)) free.push(buffer);
}

/** Forgets what {@linkcode joined} gave: something may read it still, so others cannot have it. */
function abandon({ buffer }: Uint8Array): void {
  for (const { all } of joinBuffers) all.delete(buffer);
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
