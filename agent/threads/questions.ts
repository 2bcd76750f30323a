import type { ModuleRecord } from "../protocol/module_record.ts";
import type { ThreadAnswer, ThreadQuestion } from "./thread_init.ts";

interface Asked {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/** The questions of a worker to the thread that started it. */
export class Questions {
  readonly #port: MessagePort & { ref?(): void; unref?(): void };
  readonly #open = new Map<number, Asked>();
  #last = 0;

  /** `define` takes the modules that come with an answer. */
  constructor(port: MessagePort, define: (records: readonly ModuleRecord[]) => Promise<void>) {
    this.#port = port;
    port.onmessage = async ({ data }) => {
      const [id, error, value, records = []] = data as ThreadAnswer;
      const { resolve, reject } = this.#open.get(id)!;
      this.#open.delete(id);
      if (this.#open.size === 0) this.#port.unref?.();
      await define(records);
      if (error === undefined) resolve(value);
      else reject(new TypeError(error));
    };
    // It keeps the worker alive only for an answer.
    this.#port.unref?.();
  }

  ask(...question: ThreadQuestion): Promise<unknown> {
    const id = ++this.#last;
    this.#port.ref?.();
    this.#port.postMessage([id, ...question]);
    return new Promise((resolve, reject) => this.#open.set(id, { resolve, reject }));
  }
}
