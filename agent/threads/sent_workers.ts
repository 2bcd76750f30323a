import process from "node:process";
import * as threads from "node:worker_threads";
import { prepareThread } from "./prepare_thread.ts";
import type { Replace } from "./thread_init.ts";
import { NodeWebWorker } from "./node_web_worker.ts";

type WebWorker = new (
  url: string | URL,
  options?: object,
) => { postMessage(message: unknown, transfer: unknown[]): void };

/** Has the global `Worker` run modules that were sent. Node gets one, since it has none. */
export function extendWebWorkers(): void {
  const globals = globalThis as unknown as { Worker?: WebWorker; Deno?: unknown };
  if (globals.Deno === undefined) {
    Object.defineProperty(globals, "Worker", {
      value: NodeWebWorker,
      writable: true,
      configurable: true,
    });
    return;
  }
  const Real = globals.Worker!;
  globals.Worker = {
    Worker: class extends Real {
      constructor(url: string | URL, options?: object) {
        const prepared = prepareThread(url);
        super(prepared?.script ?? url, options);
        if (prepared !== undefined) this.postMessage(prepared.init, [prepared.init.port]);
      }
    },
  }.Worker;
}

/** Has the code of a worker that is text be a script, although this agent's was a module. */
function plain(options: threads.WorkerOptions): threads.WorkerOptions {
  if (!options?.eval || options.execArgv !== undefined || "Deno" in globalThis) return options;
  const execArgv = process.execArgv.filter((one) => one !== "--input-type=module");
  return { ...options, execArgv };
}

/** Has `Worker` of `node:worker_threads` run modules that were sent. */
export function extendNodeWorkers(replace: Replace, own: object): void {
  const { Worker: Real } = threads;
  class Worker extends Real {
    constructor(target: string | URL, options: threads.WorkerOptions = {}) {
      const prepared = options?.eval ? undefined : prepareThread(target);
      super(
        prepared?.script ?? target,
        prepared === undefined ? plain(options) : {
          ...options,
          workerData: { chopsticks: prepared.init, data: options.workerData },
          transferList: [...options.transferList ?? [], prepared.init.port as never],
        },
      );
    }
  }
  const all = { ...threads, Worker, ...own };
  replace("node:worker_threads", { ...all, default: all });
}
