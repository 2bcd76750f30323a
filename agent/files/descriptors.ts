import fs from "node:fs";
import { Fifo } from "../wire/fifo.ts";
import { readSystem, readSystemText } from "./system_file.ts";

/**
 * The most descriptors that a transfer needs: for its file, or two files and two folders, and for
 * the process of a tunnel that connects for it.
 */
const EACH = 8;

/** Descriptors that are left alone. Deno ends when it lacks one for itself. */
const SPARE = 8;

/** How many descriptors a process has and uses, where that is not known. */
const USUAL_LIMIT = 1024;
const USUAL_USE = 32;

/** How many milliseconds a count of descriptors is good for. */
const FRESH = 1000;

let most: number | undefined;
let counted = 0;

/**
 * How many transfers may have files open in this process at once: as many as there are descriptors
 * for, and at least one.
 *
 * @param running How many there are now. Their descriptors count as free when there are none.
 */
export function mostTransfers(running: number): number {
  const now = performance.now();
  if (most === undefined || running === 0 && now - counted > FRESH) {
    counted = now;
    most = Math.max(1, Math.floor((limit() - used() - SPARE) / EACH));
  }
  return most;
}

/** The most descriptors that this process may have. Deno and Node both raise it at their start. */
function limit(): number {
  const limits = readSystemText("/proc/self/limits");
  const [, soft] = /^Max open files +(\d+)/m.exec(limits) ?? [];
  // It may be "unlimited".
  return soft !== undefined ? Number(soft) : limits === "" ? USUAL_LIMIT : Infinity;
}

/** How many descriptors this process has. */
function used(): number {
  return readSystem("/proc/self/fd", (path) => fs.readdirSync(path).length) ?? USUAL_USE;
}

/** Transfers that wait for descriptors. */
const waiting = new Fifo<() => void>();
let running = 0;

/**
 * Has `work` begin as soon as there are descriptors for it. It must not wait for other work that
 * comes through here.
 */
export async function whenDescriptorsAreFree<T>(work: () => Promise<T>): Promise<T> {
  if (running < mostTransfers(running)) running++;
  else await new Promise<void>((resolve) => waiting.push(resolve));
  try {
    return await work();
  } finally {
    // The next one takes over.
    if (waiting.length > 0) waiting.shift()!();
    else running--;
  }
}
