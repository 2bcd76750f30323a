import type { Worker } from "node:worker_threads";
import { frameOf, FrameType, writeUint32 } from "../../agent/wire/frame.ts";
import type { DirectWriter } from "./direct_writer.ts";
import type { WriteLock } from "./write_lock.ts";

/**
 * The thread. It opens the pipe once more, since a file cannot be shared with a thread; the number
 * of the one that is open may be another's by then. The pipe must not let it wait, as it holds the
 * lock meanwhile. The numbers are those of `WriteLock`. A write of so few bytes is never torn.
 */
const CODE = `
import { parentPort } from "node:worker_threads";
import { closeSync, constants, openSync, readlinkSync, writeSync } from "node:fs";
const stops = new Map();
parentPort.on("message", ({ id, path, pipe, cell, sign, interval }) => {
  if (path === undefined) return stops.get(id)?.();
  let fd;
  try {
    fd = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
  } catch {
    return;
  }
  if (readlinkSync("/proc/self/fd/" + fd) !== pipe) return closeSync(fd);
  const give = () => {
    if (Atomics.compareExchange(cell, 0, 0, 2) !== 0) return;
    try {
      writeSync(fd, sign);
    } catch {}
    Atomics.compareExchange(cell, 0, 2, 0);
    Atomics.notify(cell, 0);
  };
  const timer = setInterval(give, interval);
  stops.set(id, () => {
    clearInterval(timer);
    closeSync(fd);
    stops.delete(id);
  });
  give();
  parentPort.postMessage(id);
});
`;

/** What is to be done when the last who uses the thread has left. */
let shared:
  | { readonly worker: Worker; readonly waiting: Map<number, () => void>; users: number }
  | undefined;
let lastId = 0;

/**
 * Gives signs of life to the far end from a thread, so that a script that is busy, or waits in
 * `confirm()` or a debugger, is not taken for a dead link. A sign is a PING that tells the
 * interval. The agent counts intervals from the first sign on, so without this thread it never
 * does: that is so without the permission to open the pipe (all of Deno's), on Node, and without
 * `/proc`.
 *
 * @param direct Leads to the pipe.
 * @param interval Milliseconds between signs.
 * @param onBegin Called with the payload of the signs when the thread has begun. It may not have
 * given any sign: it only does between other frames, and there may be no such time.
 * @returns Stops it.
 */
export async function giveSigns(
  direct: DirectWriter,
  lock: WriteLock,
  interval: number,
  onBegin: (payload: Uint8Array) => void,
): Promise<() => void> {
  const { Worker } = await import("node:worker_threads");
  if (shared === undefined) {
    const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(CODE)}`));
    // Without signs, the agent does not count.
    worker.on("error", () => {});
    const waiting = new Map<number, () => void>();
    worker.on("message", (id: number) => {
      waiting.get(id)?.();
      waiting.delete(id);
    });
    worker.unref();
    shared = { worker, waiting, users: 0 };
  }
  const { worker, waiting } = shared;
  shared.users++;
  const id = ++lastId;
  const payload = new Uint8Array(4);
  writeUint32(payload, 0, Math.ceil(interval));
  waiting.set(id, () => onBegin(payload));
  const sign = frameOf(FrameType.PING, 0, 0, payload);
  const { path, pipe } = direct;
  worker.postMessage({ id, path, pipe, cell: lock.cell, sign, interval });
  return () => stopSigns(id, lock);
}

/** Stops the signs of one pipe. A function of its own keeps nothing else in memory until then. */
function stopSigns(id: number, lock: WriteLock): void {
  const { waiting, worker } = shared!;
  waiting.delete(id);
  // The thread may be ended while it has the lock.
  lock.close();
  worker.postMessage({ id });
  if (--shared!.users > 0) return;
  shared = undefined;
  worker.terminate();
}
