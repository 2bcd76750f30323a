import { valueHandle } from "../../agent/protocol/handle.ts";
import { portable } from "../../agent/protocol/portable.ts";
import type { Channel } from "../../agent/wire/channel.ts";
import { Flag } from "../../agent/wire/frame.ts";
import { encode } from "../../codec/encode.ts";

/** Settles as `promise` does, or rejects with the signal's reason if that comes first. */
export function abortable<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise<T>((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason);
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}

/** A signal that aborts as soon as one of two does; one of them may be missing, or both. */
export function anySignal(
  one: AbortSignal | undefined,
  other: AbortSignal | undefined,
): AbortSignal | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  const signals = [one, other];
  if ("any" in AbortSignal) return AbortSignal.any(signals);
  // Node has `AbortSignal.any` only since version 20.
  const controller = new AbortController();
  for (const signal of signals) {
    const abort = (): void => controller.abort(signal.reason);
    if (signal.aborted) abort();
    else signal.addEventListener("abort", abort, { signal: controller.signal });
  }
  return controller.signal;
}

/**
 * Resets a channel when `signal` aborts, with the signal's reason. It listens until the channel
 * has failed, so the caller must reset the channel in the end.
 */
export function resetOnAbort(channel: Channel, signal: AbortSignal | undefined): void {
  if (signal === undefined) return;
  const onAbort = (): void => channel.reset(signal.reason);
  if (signal.aborted) return onAbort();
  signal.addEventListener("abort", onAbort, { once: true });
  channel.onFailure(() => signal.removeEventListener("abort", onAbort));
}

/**
 * Tells the far end when a signal aborts that was given to a function there, with the reason.
 *
 * @returns A function that ends this and the channel, for when the call is over.
 */
export function sendAbort(channel: Channel, signal: AbortSignal): () => void {
  const onAbort = (): void => {
    channel.send(encode(portable(signal.reason), { handle: valueHandle }), Flag.END);
  };
  signal.addEventListener("abort", onAbort, { once: true });
  return () => {
    signal.removeEventListener("abort", onAbort);
    channel.end();
  };
}
