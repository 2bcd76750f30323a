import { Worker } from "node:worker_threads";
import { type PreparedThread, prepareThread } from "./prepare_thread.ts";

type Handler = ((event: Event) => void) | null;

/** A web worker on Node, which has none: it runs a module that was sent. */
export class NodeWebWorker extends EventTarget {
  onmessage: Handler = null;
  onmessageerror: Handler = null;
  onerror: Handler = null;
  readonly #worker: Worker;

  constructor(url: string | URL, { name = "" }: { readonly name?: string } = {}) {
    super();
    const { script, init } = prepared(url);
    this.#worker = new Worker(script, {
      workerData: { chopsticks: init, data: null, webName: name },
      transferList: [init.port as never],
    });
    this.#worker.on("message", (data) => this.#tell(new MessageEvent("message", { data })));
    this.#worker.on("messageerror", (data) => {
      this.#tell(new MessageEvent("messageerror", { data }));
    });
    this.#worker.on("error", (error: Error) => {
      const { message } = error;
      const event = Object.assign(new Event("error", { cancelable: true }), { message, error });
      if (this.#tell(event)) console.error("Uncaught (in worker)", error);
    });
  }

  postMessage(message: unknown, options: { transfer?: never[] } | never[] = []): void {
    this.#worker.postMessage(message, Array.isArray(options) ? options : options.transfer);
  }

  terminate(): void {
    void this.#worker.terminate();
  }

  /** Whether nobody has prevented what is done without listeners. */
  #tell(event: Event): boolean {
    this[`on${event.type}` as "onmessage"]?.(event);
    return this.dispatchEvent(event);
  }
}

function prepared(url: string | URL): PreparedThread {
  const thread = prepareThread(url);
  if (thread !== undefined) return thread;
  throw new TypeError(
    `Cannot start a worker of ${String(url).slice(0, 200)}: on Node, only a module that was sent ` +
      "can be a web worker; use node:worker_threads",
  );
}
