import type { FunctionPlace } from "../../agent/protocol/request.ts";
import { asStream, streamKindOf } from "../../agent/protocol/value_stream.ts";
import { type CallImage, callImage, placeImage } from "../closure/call_image.ts";
import { nameOf } from "../closure/function_place.ts";
import { typeError } from "../misuse.ts";
import { moduleGraph } from "../modules/module_graph.ts";
import { withoutOwnFramesIfShort } from "../own_frames.ts";
import { abortable } from "../session/abort_signal.ts";
import type { Session } from "../session/session.ts";
import { type Link, openEarly, withSession } from "./link.ts";
import type { Operation } from "./operation.ts";
import { traced } from "./traced.ts";

/**
 * Prepares a call of `fn`: finds out what to send, as things are now. If something cannot be sent,
 * `check()` and `perform()` reject with a `TypeError`.
 *
 * @param start An error whose stack names the caller.
 * @throws {TypeError} If `fn` is not a function.
 */
export function prepareCall<A extends unknown[], R>(
  fn: (this: void, ...args: A) => R,
  args: A,
  start: Error = new Error(),
): Call<Awaited<R>> {
  if (typeof fn !== "function") {
    throw typeError(`Cannot call ${String(fn)}: it is not a function; write call(fn, ...args)`);
  }
  const image = imageNow(() => callImage(fn, args.map(asStream)), args, start);
  return new Call(`${nameOf(fn)}()`, image, args, start);
}

/**
 * Calls `fn`. V8 takes a while to look into the first function: the far end is reached meanwhile.
 *
 * @param start An error whose stack names the caller. To make one takes a quarter of a small call
 * here, and more the more functions there are between it and the caller.
 * @throws {TypeError} If `fn` is not a function.
 */
export function callNow<A extends unknown[], R>(
  link: Link,
  fn: (this: void, ...args: A) => R,
  args: A,
  start: Error,
): Promise<Awaited<R>> {
  if (typeof fn === "function") openEarly(link);
  return prepareCall(fn, args, start).perform(link);
}

/**
 * Prepares a call of a function that a module exports.
 *
 * @param start An error whose stack names the caller.
 */
export function preparePlaceCall(
  place: FunctionPlace,
  args: readonly unknown[],
  start: Error,
): Call<unknown> {
  const image = imageNow(() => placeImage(place, args.map(asStream)), args, start);
  return new Call(`${place.path.join(".")}()`, image, args, start);
}

/** Makes an image at once. A refusal rejects, and its stack names the caller, as `start` does. */
function imageNow(
  make: () => CallImage | Promise<CallImage>,
  args: readonly unknown[],
  start: Error,
): CallImage | Promise<CallImage> {
  const refuse = (error: unknown): Promise<never> => {
    if (error instanceof TypeError || error instanceof RangeError) {
      const lines = start.stack?.replace(/^Error\n/, "") ?? "";
      const stack = `${error.name}: ${error.message}\n${lines}`;
      Object.defineProperty(error, "stack", { value: stack, writable: true, configurable: true });
      withoutOwnFramesIfShort(error);
    }
    cancelStreams(args, error);
    return Promise.reject(error);
  };
  try {
    const image = make();
    return "then" in image ? image.catch(refuse) : image;
  } catch (error) {
    return refuse(error);
  }
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

  /** Its stack names the caller. It becomes the error of the first connection that fails. */
  #start: Error | undefined;

  constructor(
    name: string,
    image: CallImage | Promise<CallImage>,
    args: readonly unknown[],
    start: Error,
  ) {
    this.name = name;
    this.#start = start;
    this.#image = image;
    // The failure is told by `check()` and `perform()`, which may come later.
    if ("then" in image) image.catch(() => {});
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
    const start = this.#start;
    this.#start = undefined;
    const send = (session: Session): Promise<unknown> =>
      abortable(this.#send(session, signal), signal);
    try {
      const name = `call ${this.name.slice(0, -2)}`;
      return await traced(name, link, () => withSession(link, send, undefined, start)) as T;
    } catch (error) {
      cancelStreams(this.#args, error);
      throw error;
    }
  }

  #send(session: Session, signal: AbortSignal | undefined): Promise<unknown> {
    const image = this.#image;
    if ("then" in image || !session.hasModules(image.modules)) {
      return this.#sendWithModules(session, signal);
    }
    return session.call(this.name, image, signal);
  }

  async #sendWithModules(session: Session, signal: AbortSignal | undefined): Promise<unknown> {
    const image = await this.#image;
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
