import process from "node:process";

/** Functions that the benchmarks call at the far end. */

/** As many bytes as one wants. */
export function produce(size: number): Uint8Array {
  return new Uint8Array(size);
}

/** How many bytes have arrived. */
export function consume(bytes: Uint8Array): number {
  return bytes.length;
}

/** Next to nothing. */
export function add(a: number, b: number): number {
  return a + b;
}

/** How many bytes of memory the process has. */
export function residentSize(): number {
  return process.memoryUsage.rss();
}
