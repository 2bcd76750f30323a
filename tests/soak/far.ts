/** Functions to call at the far end for minutes. */

import { readdirSync } from "node:fs";
import process from "node:process";
import { setTimeout } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { callSignal } from "../../agent/sh.ts";

/** What a process takes. */
export interface Usage {
  /** Bytes of live objects, after a collection. */
  readonly heap: number;
  /** Bytes of buffers outside the heap. */
  readonly external: number;
  /** Bytes of memory of the whole process. */
  readonly rss: number;
  readonly descriptors: number;
}

let collect: (() => void) | undefined;

/** What this process takes, when nothing is under way. */
export async function usage(): Promise<Usage> {
  collect ??= collector();
  // What finalizers let go of can only be collected the next time.
  for (let i = 0; i < 3; i++) {
    collect();
    await setTimeout(20);
  }
  const { heapUsed, external, rss } = process.memoryUsage();
  // One is for listing them.
  return {
    heap: heapUsed,
    external,
    rss,
    descriptors: readdirSync("/proc/self/fd").length - 1,
  };
}

function collector(): () => void {
  const own = (globalThis as { gc?: () => void }).gc;
  if (own !== undefined) return own;
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc");
}

/** What it was given. */
export function echo<T>(value: T): T {
  return value;
}

/** Numbers from 0 on, without an end. */
export async function* forever(): AsyncGenerator<number> {
  for (let i = 0;; i++) {
    if (i % 50 === 0) await setTimeout(1);
    yield i;
  }
}

/** Reads the start of a stream. */
export async function first(numbers: AsyncIterable<number>, count: number): Promise<number> {
  let seen = 0;
  for await (const _ of numbers) if (++seen === count) break;
  return seen;
}

/** Waits until it is told to end, and rejects then. */
export async function waitFor(signal: AbortSignal): Promise<never> {
  return await new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    else signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

/** Waits until its call is given up. */
export async function waitForCall(): Promise<void> {
  await setTimeout(3_600_000, undefined, { signal: callSignal() });
}

/** Calls back. */
export async function ask(answer: (i: number) => Promise<number>): Promise<number> {
  return await answer(1) + await answer(2);
}

/** Throws. */
export function fail(): never {
  throw new RangeError("as it should");
}
