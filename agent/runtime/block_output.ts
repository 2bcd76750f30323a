import type fs from "node:fs";
import type { Writable } from "node:stream";
import { nodeProcess } from "./node_process.ts";

/** The modules of Node's that {@linkcode blockOutput} needs, which Deno need not load. */
export interface OutputModules {
  readonly fs: typeof fs;
  readonly Writable: typeof Writable;
}

/** What Node's own streams for stdout and stderr have beside what a `Writable` has. */
interface StandardStream extends Writable {
  fd?: number;
  _isStdio?: boolean;
}

/**
 * Replaces Node's `process.stdout` and `process.stderr` by streams that write in this thread, as
 * Node's own do for files. For a pipe, Node's own have the system refuse what does not fit at once
 * (EAGAIN), also what `fs.writeSync(1, …)` and the programs write that the agent starts.
 *
 * It must be called before anything has used them, and before an import of `node:process`.
 */
export function blockOutput(modules: OutputModules): void {
  replace(modules, "stdout", 1);
  replace(modules, "stderr", 2);
}

function replace(modules: OutputModules, name: "stdout" | "stderr", fd: number): void {
  const stats = modules.fs.fstatSync(fd);
  if (!stats.isFIFO() && !stats.isSocket()) return;
  let stream: Writable | undefined;
  Object.defineProperty(nodeProcess(), name, {
    configurable: true,
    enumerable: true,
    get: () => stream ??= blocking(modules, fd),
  });
}

function blocking({ fs, Writable }: OutputModules, fd: number): Writable {
  const stream: StandardStream = new Writable({
    autoDestroy: false,
    emitClose: false,
    write(chunk: Uint8Array, _encoding, done): void {
      try {
        writeAll(fs, fd, chunk);
        done();
      } catch (error) {
        done(error as Error);
      }
    },
    // As with Node's own, the descriptor stays open.
    destroy: (error, done) => done(error),
  });
  stream.fd = fd;
  stream._isStdio = true;
  return stream;
}

function writeAll(fs: OutputModules["fs"], fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) {
    try {
      at += fs.writeSync(fd, bytes, at);
    } catch (error) {
      // A program that shares the pipe has changed it, such as another Node.
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
  }
}
