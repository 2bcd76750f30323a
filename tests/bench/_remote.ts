import process from "node:process";

/** Functions that the benchmarks call at the far end. */

/** Gives this many bytes. */
export function produce(size: number): Uint8Array {
  return new Uint8Array(size);
}

/** Takes bytes, and gives how many have arrived. */
export function consume(bytes: Uint8Array): number {
  return bytes.length;
}

/** Gives what it takes. */
export function echo(bytes: Uint8Array): Uint8Array {
  return bytes;
}

/** Does almost nothing. */
export function add(a: number, b: number): number {
  return a + b;
}

/** The memory of the process, in bytes. */
export function residentSize(): number {
  return process.memoryUsage.rss();
}
