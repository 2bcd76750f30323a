import type { Code } from "../../agent/protocol/handle.ts";
import type { FunctionPlace } from "../../agent/protocol/request.ts";
import { encode } from "../../codec/encode.ts";
import { isSent } from "../modules/module_graph.ts";
import type { AnyFunction } from "./any_function.ts";
import { isAttachment } from "./attachment_handle.ts";
import { isNative } from "./function_place.ts";
import { Inspections } from "./inspections.ts";
import { symbolProperties } from "./own_properties.ts";
import { FunctionRefusal } from "./refusal.ts";
import { canHandle } from "./sendable.ts";
import { ValueDraft } from "./value_draft.ts";

/** A call, ready to be sent. */
export interface CallImage {
  /** The place of the function, if it does not go by value. */
  readonly place: FunctionPlace | undefined;
  /** Code that goes with the values, if any. */
  readonly code: Code | undefined;
  /**
   * The encoded arguments, or with code `[function, arguments, captured, ...properties]`;
   * `undefined` for no arguments.
   */
  readonly body: Uint8Array | undefined;
  /** Ids of the modules that are needed. */
  readonly modules: readonly string[];
  /** Streams, signals and callbacks among the values, to which handles refer by their index. */
  readonly attachments: readonly unknown[];
}

/** The places of functions that have been called. */
const places = new WeakMap<AnyFunction, FunctionPlace>();

/**
 * Finds out what to send for a call of `fn`. The variables of `fn`, and the arguments, are taken as
 * they are when this is called.
 *
 * @throws {TypeError} If something cannot be sent; the text names it.
 */
export function callImage(fn: AnyFunction, args: unknown[]): CallImage | Promise<CallImage> {
  const place = places.get(fn);
  return place !== undefined ? placeImage(place, args) : draftImage({ fn }, args);
}

/** Finds out what to send for a call of the function at a place. */
export function placeImage(place: FunctionPlace, args: unknown[]): CallImage | Promise<CallImage> {
  return plainImage(place, args) ?? draftImage({ place }, args);
}

/** A call without code, or `undefined` if an argument needs some. */
function plainImage(place: FunctionPlace, args: unknown[]): CallImage | undefined {
  const modules = place.module !== null && isSent(place.module) ? [place.module] : [];
  if (args.length === 0) {
    return { place, code: undefined, body: undefined, modules, attachments: [] };
  }
  let hasHandles = args.some((arg) => symbolProperties(arg).length > 0);
  if (hasHandles) return undefined;
  const handle = (value: unknown): unknown => canHandle(value) ? hasHandles = true : undefined;
  const body = encode(args, { name: "arguments", handle });
  return hasHandles ? undefined : { place, code: undefined, body, modules, attachments: [] };
}

/**
 * A call that may need code: inspects functions, describes them, and drafts what is sent of them.
 */
async function draftImage(
  called: { readonly fn: AnyFunction } | { readonly place: FunctionPlace },
  args: unknown[],
): Promise<CallImage> {
  const inspections = new Inspections();
  const fn = "fn" in called ? called.fn : undefined;
  // Nothing is awaited before this is done: the values of variables may change.
  for (const value of [...args, fn]) {
    if (typeof value === "function" && !isNative(value)) inspections.inspect(value);
  }
  const draft = new ValueDraft(args, inspections);
  const place = "place" in called ? called.place : await placeOfCalled(called.fn, inspections);
  if (place === undefined) await draft.add(fn);
  const body = await draft.encode(place === undefined ? fn : null);
  if (!draft.hasHandles) return plainImage(place!, args)!;
  const { code, modules } = draft.code.finish(draft.loads);
  if (place?.module && isSent(place.module)) modules.push(place.module);
  return { place, code, body, modules: [...new Set(modules)], attachments: draft.attachments };
}

/** The place of the function that is called, which is remembered; `undefined` if it has none. */
async function placeOfCalled(
  fn: AnyFunction,
  inspections: Inspections,
): Promise<FunctionPlace | undefined> {
  if (isAttachment(fn)) return undefined;
  try {
    const description = await inspections.describe(fn);
    if (description.kind !== "reference") return undefined;
    places.set(fn, description.place);
    return description.place;
  } catch (error) {
    throw error instanceof FunctionRefusal ? error.toError([]) : error;
  }
}
