/**
 * What every operation on a tunnel has in common: a connection, which is made if there is none,
 * and a signal that may end it.
 *
 * @module
 */

import { asStream, streamKindOf } from "../../agent/protocol/value_stream.ts";
import { type CallImage, callImage } from "../closure/call_image.ts";
import { type Core, cores } from "./link.ts";
import { nameOf } from "../closure/function_place.ts";
import { moduleGraph } from "../modules/module_graph.ts";
import type { Session } from "../session/session.ts";
import type { BaseTunnel } from "../base_tunnel.ts";
import { ConnectionError, errorSince } from "../connection_error.ts";

/** The signals of the views that `BaseTunnel.with()` made. */
const signals: WeakMap<BaseTunnel, AbortSignal> = new WeakMap();

/** A call that is ready to be sent, to as many hosts as one likes. */
export interface PreparedCall {
  /** How a failure calls it, such as `report()`. */
  readonly operation: string;
  /** What to send. If that cannot be found out at once, it is a promise, which rejects with a `TypeError` for what cannot be sent. */
  readonly image: CallImage | Promise<CallImage>;
  /** What it was called with, as far as that has to be let go if it comes to nothing. */
  readonly args?: readonly unknown[];
}

/**
 * Finds out what to send for a call of `fn`, as things are now.
 *
 * @throws {TypeError} If something cannot be sent, unless that is only found out later.
 */
export function prepareCall<A extends unknown[]>(
  fn: (...args: A) => unknown,
  args: A,
): PreparedCall {
  if (typeof fn !== "function") {
    throw new TypeError(`Cannot call ${String(fn)}: it is not a function`);
  }
  try {
    return { ...prepared(`${nameOf(fn)}()`, callImage(fn, args.map(asStream))), args };
  } catch (error) {
    letGo(args, error);
    throw error;
  }
}

/** Cancels the streams among the arguments of a call that failed; those that were on their way are over already. */
function letGo(args: readonly unknown[], reason: unknown): void {
  for (const arg of args) {
    if (arg instanceof ReadableStream && !arg.locked) arg.cancel(reason).catch(() => {});
  }
}

/** A call of which the image is known already. */
export function prepared(operation: string, image: CallImage | Promise<CallImage>): PreparedCall {
  // Whoever makes the call hears of it; until then it may fail without anybody to listen.
  if (isPromise(image)) image.catch(() => {});
  return { operation, image };
}

/** Not by its class: a library may have replaced the global `Promise`. */
function isPromise(image: CallImage | Promise<CallImage>): image is Promise<CallImage> {
  return "then" in image;
}

/** Modules of which all that they import is known to be something that can be sent. */
const sendable = new Set<string>();

/**
 * Finds out whether a call can be sent, before it is sent to any of several hosts.
 *
 * @returns Whether its values have a stream among them, which only one host can read.
 * @throws {TypeError} If something cannot be sent.
 */
export async function checkCall({ image }: PreparedCall): Promise<{ hasStreams: boolean }> {
  const { modules, attachments } = await image;
  for (const id of modules) {
    if (sendable.has(id)) continue;
    await moduleGraph(id);
    sendable.add(id);
  }
  return { hasStreams: attachments.some((value) => streamKindOf(value) !== undefined) };
}

/** Makes a call on one tunnel. */
export async function performCall(tunnel: BaseTunnel, call: PreparedCall): Promise<unknown> {
  try {
    return await use(tunnel, async (session, signal) => {
      const image = isPromise(call.image) ? await call.image : call.image;
      if (!session.hasModules(image.modules)) await session.sendModules(image.modules);
      // What was aborted meanwhile is not begun.
      signal?.throwIfAborted();
      return await session.call(call.operation, image, signal);
    });
  } catch (error) {
    letGo(call.args ?? [], error);
    throw error;
  }
}

/** Does something with the connection, which is made if there is none. The signal of the tunnel ends the waiting for it. */
async function use<T>(
  tunnel: BaseTunnel,
  work: (session: Session, signal: AbortSignal | undefined) => Promise<T>,
): Promise<T> {
  const signal = signalOf(tunnel, undefined);
  return await withSession(tunnel, signal, (session) => abortable(work(session, signal), signal));
}

/**
 * Does something with the connection, which is made if there is none, and keeps the script alive meanwhile. To end
 * when the signal aborts is the affair of `work`.
 *
 * @param since What {@linkcode closingsOf} gave when the operation began, if that was earlier: what began before a tunnel
 * was closed does not open it again.
 */
export async function withSession<T>(
  tunnel: BaseTunnel,
  signal: AbortSignal | undefined,
  work: (session: Session) => Promise<T>,
  since: number = closingsOf(tunnel),
): Promise<T> {
  signal?.throwIfAborted();
  // For its stack, which names the caller even if nobody awaits this.
  const start = new Error();
  try {
    if (closingsOf(tunnel) !== since) throw closedError(tunnel.host);
    const session = coreOf(tunnel).session ?? await sessionLater(tunnel, signal);
    session.connection.hold();
    try {
      return await work(session);
    } finally {
      session.connection.release();
    }
  } catch (error) {
    throw error instanceof ConnectionError ? errorSince(start, error) : error;
  }
}

/** Connects, if there is no connection yet. */
export async function connect(tunnel: BaseTunnel): Promise<void> {
  await use(tunnel, (session) => session.connection.ready);
}

/** The signal that ends an operation: that of the tunnel, or the operation's own. */
export function signalOf(
  tunnel: BaseTunnel,
  own: AbortSignal | undefined,
): AbortSignal | undefined {
  const signal = signals.get(tunnel);
  if (own === undefined || signal === undefined) return own ?? signal;
  return anySignal(signal, own);
}

/** The same tunnel, of which the operations are ended by `signal`, too. */
export function withSignal<T extends BaseTunnel>(tunnel: T, signal: AbortSignal): T {
  const view = Object.create(tunnel);
  cores.set(view, coreOf(tunnel));
  signals.set(view, signalOf(tunnel, signal)!);
  return view;
}

/** How often a tunnel has been closed. */
export function closingsOf(tunnel: BaseTunnel): number {
  return coreOf(tunnel).closings;
}

/** What all views of a tunnel share. */
export function coreOf(tunnel: BaseTunnel): Core {
  const core = cores.get(tunnel);
  if (core === undefined) {
    throw new TypeError(`${tunnel.constructor.name} is no driver: extend SubprocessTunnel`);
  }
  return core;
}

/** Why what was under way on a tunnel failed when it was closed. */
export function closedError(host: string): ConnectionError {
  const known = { command: [], exitCode: null, stderr: "" };
  return new ConnectionError(host, `The tunnel to ${host} was closed`, known);
}

/** A new session, as soon as the process of the last one is gone. */
async function sessionLater(tunnel: BaseTunnel, signal: AbortSignal | undefined): Promise<Session> {
  const core = coreOf(tunnel);
  const { closings } = core;
  await abortable(core.gone, signal);
  if (core.closings !== closings) throw closedError(tunnel.host);
  if (core.session !== undefined) return core.session;
  let session: Session | undefined = undefined;
  session = core.open(() => {
    if (core.session === session) core.session = undefined;
  });
  core.session = session;
  core.gone = session.connection.gone;
  return session;
}

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

/** `AbortSignal.any`, which Node has only since version 20. */
export function anySignal(...signals: AbortSignal[]): AbortSignal {
  if ("any" in AbortSignal) return AbortSignal.any(signals);
  const controller = new AbortController();
  for (const signal of signals) {
    const abort = (): void => controller.abort(signal.reason);
    if (signal.aborted) abort();
    else signal.addEventListener("abort", abort, { signal: controller.signal });
  }
  return controller.signal;
}
