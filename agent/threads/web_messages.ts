import process from "node:process";
import { parentPort } from "node:worker_threads";
import type { ThreadInit } from "./thread_init.ts";

/** The messages to a worker on Deno, which come to the global object, until its module listens. */
export class EarlyMessages {
  /** The first message. */
  readonly first: Promise<ThreadInit>;
  readonly #early: MessageEvent[] = [];
  readonly #keep: (event: Event) => void;

  /** `takesFirst` says that the first message is not for the module. */
  constructor(takesFirst: boolean) {
    const { promise, resolve } = Promise.withResolvers<ThreadInit>();
    this.first = promise;
    this.#keep = (event) => {
      event.stopImmediatePropagation();
      if (!takesFirst) return void this.#early.push(event as MessageEvent);
      takesFirst = false;
      resolve((event as MessageEvent).data);
    };
    addEventListener("message", this.#keep);
  }

  /** Hands over what has come. */
  release(): void {
    removeEventListener("message", this.#keep);
    for (const { data, ports } of this.#early) {
      dispatchEvent(new MessageEvent("message", { data, ports: [...ports] }));
    }
  }
}

/**
 * Gives a worker of Node the globals of a web worker.
 *
 * @returns A function that hands over messages.
 */
export function becomeWebWorker(name: string): () => void {
  const port = parentPort!;
  const target = new EventTarget();
  const globals = globalThis as unknown as Record<string, unknown>;
  for (const name of ["addEventListener", "removeEventListener", "dispatchEvent"] as const) {
    globals[name] = target[name].bind(target);
  }
  const handlers = new Map<string, (event: Event) => void>();
  for (const type of ["message", "messageerror", "error"]) {
    target.addEventListener(type, (event) => handlers.get(type)?.call(globalThis, event));
    Object.defineProperty(globalThis, `on${type}`, {
      get: () => handlers.get(type) ?? null,
      set: (handler) => handlers.set(type, handler),
      configurable: true,
    });
  }
  Object.assign(globals, {
    ...{ self: globalThis, name, close: () => process.exit() },
    postMessage(message: unknown, options: { transfer?: never[] } | never[] = []) {
      port.postMessage(message, Array.isArray(options) ? options : options.transfer);
    },
  });
  return () => {
    port.on("message", (data) => target.dispatchEvent(new MessageEvent("message", { data })));
  };
}
