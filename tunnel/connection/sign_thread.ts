import type { Worker } from "node:worker_threads";
import { frameOf, FrameType, writeUint32 } from "../../agent/wire/frame.ts";
import type { WriteLock } from "./write_lock.ts";

/**
 * The thread. It opens the pipe once more, by the process that reads it: a file of `Deno` cannot be
 * shared with a thread. The pipe must not let it wait, as it holds the lock meanwhile. The numbers
 * are those of `WriteLock`. A write of so few bytes is never torn.
 */
const CODE = `
import { parentPort } from "node:worker_threads";
import { closeSync, constants, openSync, writeSync } from "node:fs";
const stops = new Map();
parentPort.on("message", ({ id, pid, cell, sign, interval }) => {
  if (pid === undefined) return stops.get(id)?.();
  let fd;
  try {
    fd = openSync("/proc/" + pid + "/fd/0", constants.O_WRONLY | constants.O_NONBLOCK);
  } catch {
    return;
  }
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
});
`;

/** What is to be done when the last who uses the thread has left. */
let shared: { readonly worker: Worker; users: number } | undefined;
let lastId = 0;

/** Whether the thread may open the pipe. It must not ask the user. */
function mayOpen(): boolean {
  const { permissions } = Deno;
  return (["read", "write"] as const).every((name) =>
    permissions.querySync({ name, path: "/proc" }).state === "granted"
  );
}

/**
 * Gives signs of life to the far end from a thread, so that a script that is busy, or waits in
 * `confirm()` or a debugger, is not taken for a dead link. A sign is a PING that tells the
 * interval. The agent counts intervals from the first sign on, so without this thread it never
 * does: that is so without the permission to open the pipe (all of Deno's), on Node, and without
 * `/proc`.
 *
 * @param pid The process that reads the pipe.
 * @param interval Milliseconds between signs.
 * @returns Stops it.
 */
export async function giveSigns(
  pid: number,
  lock: WriteLock,
  interval: number,
): Promise<() => void> {
  if (!mayOpen()) return () => {};
  const { Worker } = await import("node:worker_threads");
  if (shared === undefined) {
    const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(CODE)}`));
    // Without signs, the agent does not count.
    worker.on("error", () => {});
    worker.unref();
    shared = { worker, users: 0 };
  }
  const { worker } = shared;
  shared.users++;
  const id = ++lastId;
  const payload = new Uint8Array(4);
  writeUint32(payload, 0, Math.ceil(interval));
  const sign = frameOf(FrameType.PING, 0, 0, payload);
  worker.postMessage({ id, pid, cell: lock.cell, sign, interval });
  return () => {
    worker.postMessage({ id });
    if (--shared!.users > 0) return;
    shared = undefined;
    worker.terminate();
  };
}
