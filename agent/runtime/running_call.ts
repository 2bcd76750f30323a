import { AsyncLocalStorage } from "node:async_hooks";
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

/** The call that the running code belongs to. */
const calls = new AsyncLocalStorage<RunningCall>();

/** Runs code that belongs to `call`, and so does all that it starts. */
export function runCall<T>(call: RunningCall, run: () => T): T {
  return calls.run(call, run);
}

/** Gives the call that the running code belongs to, if it belongs to one. */
export function runningCall(): RunningCall | undefined {
  return calls.getStore();
}
