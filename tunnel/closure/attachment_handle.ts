import { EventEmitter } from "node:events";
import { types } from "node:util";
import { type Handle, HandleKind, valueHandle } from "../../agent/protocol/handle.ts";
import { isOfRuntime } from "../../agent/protocol/lost_keys.ts";
import { portable } from "../../agent/protocol/portable.ts";
import { StreamKind, streamKindOf } from "../../agent/protocol/value_stream.ts";
import { isCallback } from "../callback.ts";

/** Whether `value` travels beside the values that it is among: a stream, a signal, a callback. */
export function isAttachment(value: unknown): boolean {
  return streamKindOf(value) !== undefined || isCallback(value) ||
    value instanceof AbortSignal && !value.aborted;
}

/** The handle of the attachment with this index. */
export function attachmentHandle(value: unknown, index: number): Handle {
  const kind = streamKindOf(value);
  if (kind === StreamKind.ITERABLE) {
    return [HandleKind.STREAM, index, kind, isRepeatable(value), ...membersOf(value)];
  }
  if (kind !== undefined) return [HandleKind.STREAM, index, kind];
  return [value instanceof AbortSignal ? HandleKind.SIGNAL : HandleKind.CALLBACK, index];
}

/** Whether each loop over an iterable begins anew, unlike that over a generator. */
function isRepeatable(value: unknown): boolean {
  return typeof (value as { next?: unknown }).next !== "function";
}

/**
 * The names of what an iterable has beside its values. The many of a stream of the runtime are left
 * out: whether it has some of them is asked of every stream.
 */
function membersOf(value: unknown): string[] {
  const names = new Set<string>();
  // What was given to a generator is sent.
  if (value instanceof EventEmitter || isOfRuntime(value as object)) return [];
  for (let object = value; object !== null; object = Object.getPrototypeOf(object)) {
    if (object === Object.prototype) break;
    for (const name of Object.getOwnPropertyNames(object)) names.add(name);
  }
  return [...names].filter((name) => !/^(constructor|next|return|throw|then)$/.test(name));
}

/** The handle of a value that needs neither code nor an attachment; `undefined` for any other. */
export function simpleHandle(value: unknown): Handle | undefined {
  if (value instanceof AbortSignal && value.aborted) {
    const { reason } = value;
    const isError = !types.isProxy(reason) && reason instanceof Error;
    return [HandleKind.ABORTED, isError ? reason : portable(reason)];
  }
  return valueHandle(value);
}
