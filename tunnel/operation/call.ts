import type { FunctionPlace } from "../../agent/protocol/request.ts";
import { asStream, streamKindOf } from "../../agent/protocol/value_stream.ts";
import { type CallImage, callImage, placeImage } from "../closure/call_image.ts";
import { nameOf } from "../closure/function_place.ts";
import { moduleGraph } from "../modules/module_graph.ts";
import { abortable } from "../session/abort.ts";
import type { Session } from "../session/session.ts";
import { type Link, withSession } from "./link.ts";
import type { Operation } from "./operation.ts";

/**
 * Prepares a call of `fn`: finds out what to send, as things are now.
 *
 * @throws {TypeError} If something cannot be sent, unless finding that out takes time; then
 * `check()` and `perform()` reject.
 */
export function prepareCall<A extends unknown[], R>(
  fn: (this: void, ...args: A) => R,
  args: A,
): Call<Awaited<R>> {
  if (typeof fn !== "function") {
    throw new TypeError(`Cannot call ${String(fn)}: it is not a function`);
  }
  try {
    return new Call(`${nameOf(fn)}()`, callImage(fn, args.map(asStream)), args);
  } catch (error) {
    cancelStreams(args, error);
    throw error;
  }
}

/** Prepares a call of a function that a module exports. */
export function preparePlaceCall(place: FunctionPlace, args: readonly unknown[]): Call<unknown> {
  return new Call(`${place.path.join(".")}()`, placeImage(place, args.map(asStream)), []);
}

/** Modules all of whose imports are known to be something that can be sent. */
const sendable = new Set<string>();

/** A call that is ready to be sent. */
export class Call<T> implements Operation<T> {
  /** How a failure calls it, such as `report()`. */
  readonly name: string;
  readonly ready: undefined = undefined;
  readonly signal: undefined = undefined;
  /** A promise if it cannot be found out at once; it rejects for what cannot be sent. */
  readonly #image: CallImage | Promise<CallImage>;
  /** The arguments whose streams are cancelled if the call fails. */
  readonly #args: readonly unknown[];

  constructor(name: string, image: CallImage | Promise<CallImage>, args: readonly unknown[]) {
    this.name = name;
    this.#image = image;
    // The failure is told by `check()` and `perform()`, which may come later.
    if (image instanceof Promise) image.catch(() => {});
    this.#args = args;
  }

  /**
   * Finds out whether the call can be sent, before it is sent to any of several hosts. Rejects with
   * a `TypeError` if it cannot.
   *
   * @returns Whether its values have a stream among them, which only one host can read.
   */
  async check(): Promise<{ readonly hasStreams: boolean }> {
    const { modules, attachments } = await this.#image;
    for (const id of modules) {
      if (sendable.has(id)) continue;
      await moduleGraph(id);
      sendable.add(id);
    }
    return { hasStreams: attachments.some((value) => streamKindOf(value) !== undefined) };
  }

  async perform(link: Link): Promise<T> {
    const { signal } = link;
    try {
      return await withSession(
        link,
        (session) => abortable(this.#send(session, signal), signal),
      ) as T;
    } catch (error) {
      cancelStreams(this.#args, error);
      throw error;
    }
  }

  async #send(session: Session, signal: AbortSignal | undefined): Promise<unknown> {
    const image = this.#image instanceof Promise ? await this.#image : this.#image;
    if (!session.hasModules(image.modules)) await session.sendModules(image.modules);
    // An abort may have come meanwhile.
    signal?.throwIfAborted();
    return await session.call(this.name, image, signal);
  }
}

/** Cancels the streams among the arguments of a call that failed, unless they are being read. */
function cancelStreams(args: readonly unknown[], reason: unknown): void {
  for (const arg of args) {
    if (arg instanceof ReadableStream && !arg.locked) arg.cancel(reason).catch(() => {});
  }
}
