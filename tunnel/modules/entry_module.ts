import { isMainThread } from "node:worker_threads";

/**
 * Whether this is a worker, of the web's kind or of Node's. A worker that waits while it loads
 * misses the messages that come meanwhile, so nothing that it imports may wait.
 */
export const IN_WORKER: boolean = !isMainThread || "WorkerGlobalScope" in globalThis;

/**
 * The URL of the script that runs here, whose exports cannot be had without running it; `undefined`
 * if it is not known.
 */
export function entryModule(): string | undefined {
  try {
    // Deno does not tell the URL of a worker's script.
    return IN_WORKER ? globalThis.location.href : Deno.mainModule;
  } catch {
    return undefined; // Node
  }
}

/** Whether a script's URL is the one that a REPL or a notebook has for its lines or cells. */
export function isInteractive(url: string): boolean {
  return /\$deno\$(repl|jupyter)/.test(url);
}

/** Why what imports the script that runs here is not sent. */
export function importsEntryText(id: string): string {
  return `it imports the script that runs here (${id}), whose top level is never run at the far end`;
}

/** What to do instead of importing the script that runs here. */
export const REMEDY_FOR_ENTRY = "move what it needs into a module of its own";
