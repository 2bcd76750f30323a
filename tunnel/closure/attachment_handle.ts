import { types } from "node:util";
import { type Handle, HandleKind, valueHandle } from "../../agent/protocol/handle.ts";
import { portable } from "../../agent/protocol/portable.ts";
import { streamKindOf } from "../../agent/protocol/value_stream.ts";
import { isCallback } from "../callback.ts";

/** Whether `value` travels beside the values that it is among: a stream, a signal, a callback. */
export function isAttachment(value: unknown): boolean {
  return streamKindOf(value) !== undefined || isCallback(value) ||
    value instanceof AbortSignal && !value.aborted;
}

/** The handle of the attachment with this index. */
export function attachmentHandle(value: unknown, index: number): Handle {
  const kind = streamKindOf(value);
  if (kind !== undefined) return [HandleKind.STREAM, index, kind];
  return [value instanceof AbortSignal ? HandleKind.SIGNAL : HandleKind.CALLBACK, index];
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
