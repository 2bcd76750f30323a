import type { AsyncLocalStorage } from "node:async_hooks";
import type { Channel } from "../wire/channel.ts";

/**
 * A call of the controller, for the code that belongs to it. It has no reference to the channel:
 * Deno's storage is a `WeakMap`, and V8 copies all that its values refer to in the next collection,
 * even if the call is over.
 */
export class RunningCall {
  readonly #id: number;
  readonly #exit: (id: number, message: string) => void;
  #controller: AbortController | undefined;
  #failure: { readonly reason: unknown } | undefined;

  /**
   * @param channel Fails when the call is given up.
   * @param exit Ends the call of a channel with this number, if it is not over.
   */
  constructor(channel: Channel, exit: (id: number, message: string) => void) {
    this.#id = channel.id;
    this.#exit = exit;
    channel.onFailure((reason) => {
      this.#failure = { reason };
      this.giveUp(reason);
    });
  }

  /** Ends the call with a message, as its code has called `exit()`. */
  exit(message: string): void {
    this.#exit(this.#id, message);
  }

  /** Aborts when the call is given up. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#failure !== undefined) this.giveUp(this.#failure.reason);
    }
    return this.#controller.signal;
  }

  /** Aborts the signal, if anybody has asked for it. */
  giveUp(cause: unknown): void {
    if (this.#controller === undefined) return;
    const reason = new DOMException("The call was given up", "AbortError");
    this.#controller.abort(Object.defineProperty(reason, "cause", { value: cause }));
  }
}

/**
 * Knows the call that the running code belongs to: `null` for code that belongs to none. Deno takes
 * a quarter of an agent's start to load it, so it is only there when a first call has begun.
 */
let storage: AsyncLocalStorage<RunningCall | null> | undefined;
/** A call that began before there was a storage. All code without a context belongs to it. */
let first: RunningCall | undefined;
/** Whether there was such a call, which may have left something that runs on. */
let hasRun = false;

/** Loads what {@linkcode runCall} needs for more than one call at once. */
export async function loadStorage(): Promise<void> {
  const { AsyncLocalStorage } = await import("node:async_hooks");
  storage ??= new AsyncLocalStorage();
}

/**
 * Gives a promise if {@linkcode runCall} has to wait for it. A first call need not wait for the
 * storage, unless that takes no time as Node's modules are there.
 */
export function prepareCall(isCheap: boolean): Promise<void> | undefined {
  const needsStorage = storage === undefined && (isCheap || hasRun);
  return needsStorage ? loadStorage() : undefined;
}

/** Runs code that belongs to `call`, and so does all that it starts. */
export function runCall(call: RunningCall, run: () => Promise<void>): Promise<void> {
  return storage === undefined ? runFirst(call, run) : storage.run(call, run);
}

async function runFirst(call: RunningCall, run: () => Promise<void>): Promise<void> {
  first = call;
  hasRun = true;
  try {
    await run();
  } finally {
    first = undefined;
  }
}

/** Runs code that belongs to no call, nor does what it starts. */
export function runOutside(run: () => void): void {
  if (storage === undefined || first === undefined) run();
  else storage.run(null, run);
}

/** Gives the call that the running code belongs to, if it belongs to one. */
export function runningCall(): RunningCall | undefined {
  const call = storage?.getStore();
  return call === undefined ? first : call ?? undefined;
}
