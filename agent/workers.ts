/**
 * The part of an agent that starts workers of modules that were sent. It is not in the agent's
 * bundle, but is sent before the first module that may start one. A worker loads it, too.
 *
 * @module
 */

import { agentHost } from "./agent_host.ts";
import { refuseForks } from "./threads/refuse_forks.ts";
import { extendNodeWorkers, extendWebWorkers } from "./threads/sent_workers.ts";
import { startThread } from "./threads/start_thread.ts";
import type { Replace } from "./threads/thread_init.ts";

/**
 * Has modules that were sent start workers of such modules.
 *
 * @param own What they see in `node:worker_threads` in place of what is there.
 */
export function openWorkers(replace: Replace, own: object = {}): void {
  extendWebWorkers();
  extendNodeWorkers(replace, own);
  refuseForks(replace);
}

if (agentHost() === undefined) await startThread(openWorkers);
