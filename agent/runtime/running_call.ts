import type { AsyncLocalStorage } from "node:async_hooks";
import type { Channel } from "../wire/channel.ts";

/** A call of the controller, for the code that belongs to it. */
export class RunningCall {
  /** Ends the call with a message, as its code has called `exit()`. */
  readonly exit: (message: string) => void;
  readonly #channel: Channel;
  #controller: AbortController | undefined;

  /** @param channel Fails when the call is given up. */
  constructor(channel: Channel, exit: (message: string) => void) {
    this.#channel = channel;
    this.exit = exit;
  }

  /** Aborts when the call is given up. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      this.#channel.onFailure((reason) => this.giveUp(reason));
    }
    return this.#controller.signal;
  }

  /** Aborts the signal, if anybody has asked for it. */
  giveUp(cause: unknown): void {
    const reason = new DOMException("The call was given up", "AbortError");
    this.#controller?.abort(Object.defineProperty(reason, "cause", { value: cause }));
  }
}

/**
 * Knows the call that the running code belongs to: `null` for code that belongs to none. Deno takes
 * a quarter of an agent's start to load it, so it is only there when a first call has begun.
 */
let storage: AsyncLocalStorage<RunningCall | null> | undefined;
/** A call that began before there was a storage. All code without a context belongs to it. */
let first: RunningCall | undefined;

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
  const needsStorage = storage === undefined && (isCheap || first !== undefined);
  return needsStorage ? loadStorage() : undefined;
}

/** Runs code that belongs to `call`, and so does all that it starts. */
export async function runCall(call: RunningCall, run: () => Promise<void>): Promise<void> {
  if (storage !== undefined) return await storage.run(call, run);
  first = call;
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
