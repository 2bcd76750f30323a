import { isMainThread } from "node:worker_threads";

/**
 * Whether this is a worker, of the web's kind or of Node's. One that waits while it loads misses
 * the messages that come meanwhile, so nothing that it imports may wait.
 */
export const IN_WORKER: boolean = !isMainThread || "WorkerGlobalScope" in globalThis;

/** The URL of the script that runs here: what it exports is not to be had without running it. */
export function entryModule(): string | undefined {
  try {
    // Deno says nothing of a worker's.
    return IN_WORKER ? globalThis.location.href : Deno.mainModule;
  } catch {
    return undefined; // Node
  }
}
