import type net from "node:net";
import { concat } from "../wire/concat.ts";
import type { Pipe } from "../wire/multiplexer.ts";
import { nodeProcess } from "./node_process.ts";
import { loadStorage } from "./running_call.ts";
import { type PipeHandlers, socketPipe, watchInput } from "./socket_pipe.ts";

/**
 * How many bytes are written before a socket takes over. They have room in the smallest pipe, so a
 * controller that does not read blocks nothing here.
 */
const MAX_WRITTEN = 4096;

const BUFFER_SIZE = 64 * 1024;

/** More turns of promises than it takes to run a small function and to answer. */
const TURNS = 99;

/** What a {@linkcode FilePipe} tells. */
export interface FilePipeHandlers extends PipeHandlers {
  /** Bytes have come. They may be overwritten afterwards. */
  onChunk(bytes: Uint8Array): void;
  /** Whether code of the controller may have run. */
  mayHaveRun(): boolean;
  /** There is no socket to be had, for example since code has replaced what that needs. */
  onBroken(error: unknown): void;
}

/**
 * The pipe of a Deno agent that runs its first calls, by Deno's own files. They are there at once,
 * while `node:net` takes longer to load than Deno itself, and many agents make a single call.
 *
 * A read takes one of the few threads that Deno has for files. Code may keep all of them busy, by
 * files that block. So a read is always under way before code runs, and when it has ended after
 * that, a socket takes over, which is also twice as quick.
 */
export class FilePipe implements Pipe {
  readonly #input: Deno.FsFile;
  readonly #output: Deno.FsFile | undefined;
  readonly #handlers: FilePipeHandlers;
  #written = 0;
  /** What waits for the socket, once that is being opened. */
  #held: Uint8Array[] | undefined;
  /** Writes in place of the file. */
  #socketPipe: Pipe | undefined;
  #inputSocket: net.Socket | undefined;
  #isClosed = false;

  /** @param input A file of its own for descriptor 3. The agent writes to descriptor 4. */
  constructor(input: Deno.FsFile, handlers: FilePipeHandlers) {
    this.#input = input;
    this.#handlers = handlers;
    try {
      this.#output = Deno.openSync("/dev/fd/4", { write: true });
    } catch {
      // It is not a pipe, or belongs to another user.
    }
    this.#read().catch(handlers.onBroken);
  }

  write(chunks: Uint8Array[]): boolean {
    if (this.#socketPipe !== undefined) return this.#socketPipe.write(chunks);
    if (this.#held !== undefined) {
      this.#held.push(...chunks);
      return false;
    }
    let size = 0;
    for (const chunk of chunks) size += chunk.length;
    this.#written += size;
    if (this.#output === undefined || this.#written > MAX_WRITTEN) {
      this.#held = chunks;
      this.#openOutput().catch(this.#handlers.onBroken);
      return false;
    }
    try {
      const bytes = concat(chunks, size);
      for (let at = 0; at < size;) at += this.#output.writeSync(bytes.subarray(at));
    } catch {
      this.#handlers.onLost();
    }
    return true;
  }

  close(): void {
    this.#isClosed = true;
    this.#socketPipe?.close();
    this.#inputSocket?.destroy();
  }

  async #openOutput(): Promise<void> {
    const net = await loadNet();
    if (this.#isClosed) return;
    this.#output?.close();
    const input = { destroy: () => this.#inputSocket?.destroy() };
    this.#socketPipe = socketPipe(net, input, this.#handlers);
    if (this.#socketPipe.write(this.#held!)) this.#handlers.onDrain();
  }

  #readInto(buffer: Uint8Array): Promise<number | null> {
    return this.#input.read(buffer).catch(() => null);
  }

  async #read(): Promise<void> {
    const { onChunk, onLost, mayHaveRun } = this.#handlers;
    let [buffer, other] = [new Uint8Array(BUFFER_SIZE), new Uint8Array(BUFFER_SIZE)];
    let reading = this.#readInto(buffer);
    for (let isLast = false; !isLast;) {
      const size = await reading;
      if (this.#isClosed) return;
      if (size === null) return onLost();
      isLast = size === buffer.length || mayHaveRun() || this.#socketPipe !== undefined;
      if (!isLast) reading = this.#readInto(other);
      onChunk(buffer.subarray(0, size));
      [buffer, other] = [other, buffer];
    }
    // A call that has just come is answered first, if that is quick.
    await loadStorage();
    for (let turn = 0; turn < TURNS; turn++) await undefined;
    if (this.#isClosed) return;
    const { Socket } = await loadNet();
    if (this.#isClosed) return;
    this.#input.close();
    const callback = (size: number, bytes: Uint8Array): boolean => {
      onChunk(bytes.subarray(0, size));
      return true;
    };
    const onread = { buffer, callback };
    this.#inputSocket = new Socket({ fd: 3, readable: true, writable: false, onread } as object);
    watchInput(this.#inputSocket, this.#handlers);
  }
}

async function loadNet(): Promise<typeof net> {
  nodeProcess(); // before the module makes it
  return await import("node:net");
}
