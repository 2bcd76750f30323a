import { portable } from "../../agent/protocol/portable.ts";
import { encodeValue } from "../../agent/protocol/value.ts";
import type { Channel } from "../../agent/wire/channel.ts";
import { Flag } from "../../agent/wire/frame.ts";

/** The signals that have ended something. */
const effective = new WeakSet<AbortSignal>();
/** The signals that a signal was made of. */
const sources = new WeakMap<AbortSignal, readonly AbortSignal[]>();

/** Notes that an abort of `signal` has ended something, so that whoever began it is told. */
export function noteEffect(signal: AbortSignal | undefined): void {
  if (!signal?.aborted) return;
  effective.add(signal);
  sources.get(signal)?.forEach(noteEffect);
}

/** Whether an abort of `signal` has ended something. */
export function hadEffect(signal: AbortSignal): boolean {
  return effective.has(signal);
}

/** Settles as `promise` does, or rejects with the signal's reason if that comes first. */
export function abortable<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise<T>((resolve, reject) => {
    const onAbort = (): void => {
      noteEffect(signal);
      reject(signal.reason);
    };
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
  return one === undefined || other === undefined ? one ?? other : joinSignals([one, other]);
}

/** A new signal that aborts as soon as one of `signals` does. */
export function joinSignals(signals: readonly AbortSignal[]): AbortSignal {
  const joint = "any" in AbortSignal ? AbortSignal.any([...signals]) : joinOnOldNode(signals);
  sources.set(joint, signals);
  return joint;
}

/** Does what `AbortSignal.any` does, which Node has only since version 20. */
function joinOnOldNode(signals: readonly AbortSignal[]): AbortSignal {
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
  const onAbort = (): void => {
    noteEffect(signal);
    channel.reset(signal.reason);
  };
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
    channel.send(encodeReason(signal.reason), Flag.END);
  };
  // It may have aborted since the call was made.
  if (signal.aborted) onAbort();
  else signal.addEventListener("abort", onAbort, { once: true });
  return () => {
    signal.removeEventListener("abort", onAbort);
    channel.end();
  };
}

function encodeReason(reason: unknown): Uint8Array {
  try {
    return encodeValue(reason);
  } catch {
    return encodeValue(portable(reason));
  }
}
