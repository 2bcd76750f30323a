import {
  ConnectionError,
  type ConnectionErrorOptions,
  errorSince,
  isTemporary,
} from "../connection_error.ts";
import { typeError } from "../misuse.ts";
import { calledFrom, callerOf, withoutOwnFrames } from "../own_frames.ts";
import {
  abortable,
  anySignal,
  hadEffect,
  joinSignals,
  noteEffect,
} from "../session/abort_signal.ts";
import type { LoginSetup } from "../login/login.ts";
import type { Session } from "../session/session.ts";
import { outsideOfSpans } from "../session/trace_context.ts";
import { Retries } from "./retries.ts";

/** All that an operation needs of a tunnel. */
export interface Link {
  /** The name of the far end. */
  readonly host: string;
  readonly core: Core;
  /** Ends what is done over the link. */
  readonly signal: AbortSignal | undefined;
  /** An error whose stack names the caller of what is done over the link. */
  readonly start?: Error;
}

/** A tunnel, as far as it matters here: operations lie below tunnels, and do not import them. */
export interface Linked {
  readonly host: string;
}

/** A tunnel's connection, which the tunnel and all its views share; see `BaseTunnel.with()`. */
export interface Core {
  /** Starts a connection; `onEnd` is called when the connection has ended. */
  open(onEnd: () => void): Session;
  /** How the tunnel's process is started. */
  launch: Launch;
  session: Session | undefined;
  /** The attempts to connect, if there may be more than one. */
  readonly retries: Retries | undefined;
  /** How often the tunnel was closed: an operation that began before that does not connect anew. */
  closings: number;
  /** Resolves when the last connection's process is gone: then a container's name is free again. */
  gone: Promise<void>;
  /** Whether {@linkcode gone} has resolved. */
  isGone: boolean;
}

/** How a tunnel's process is started. Only the library's own drivers set this. */
export interface Launch {
  /** The address that it leads to, if that is not the name of the far end. */
  readonly address?: string;
  /** The port there, if it is not the usual one. */
  readonly port?: number | undefined;
  /** How the process logs in, if that may need answers. */
  readonly login?: LoginSetup;
}

/** What a tunnel gives to its links. */
interface Source {
  readonly core: Core;
  /** Gives the signal of the operations that begin now. */
  readonly signal: () => AbortSignal | undefined;
}

/**
 * The core and the signal of each tunnel. Not a #private field of the tunnel: a view is an object
 * whose prototype is the tunnel, and has no such fields.
 */
const links: WeakMap<Linked, Source> = new WeakMap();

/**
 * Makes a driver of a tunnel: `open` starts its connections. `connectRetries` says how often that
 * is tried again when the network or the server was not ready.
 */
export function setCore(tunnel: Linked, open: Core["open"], connectRetries: number): void {
  const core: Core = {
    open,
    launch: {},
    session: undefined,
    retries: connectRetries === 0 ? undefined : new Retries(connectRetries),
    closings: 0,
    gone: Promise.resolve(),
    isGone: true,
  };
  links.set(tunnel, { core, signal: () => undefined });
}

/**
 * The link of a tunnel.
 *
 * @throws {TypeError} If the tunnel's class is not a driver.
 */
export function linkOf(tunnel: Linked): Link {
  const { core, signal } = sourceOf(tunnel);
  return { host: tunnel.host, core, signal: signal() };
}

/**
 * The link of a tunnel for what `method` does, which somebody has called and which is running: an
 * error of the connection names the line of that call.
 */
export function linkFrom(tunnel: Linked, method: CallableFunction): Link {
  return { ...linkOf(tunnel), start: callerOf(method) };
}

function sourceOf(tunnel: Linked): Source {
  const source = links.get(tunnel);
  if (source === undefined) {
    throw typeError(
      `Cannot use ${tunnel.constructor.name} as a tunnel: it is not a driver, ` +
        "extend SubprocessTunnel",
    );
  }
  return source;
}

/** The signal of a tunnel, if the tunnel is a view that has one. */
export function signalOf(tunnel: Linked): AbortSignal | undefined {
  return links.get(tunnel)?.signal();
}

/** A view of a tunnel, whose operations are also ended by `signal`. */
export function withSignal<T extends Linked>(tunnel: T, signal: AbortSignal): T {
  const { core, signal: base } = sourceOf(tunnel);
  let before = base();
  let joint = anySignal(before, signal);
  return viewOf(tunnel, {
    core,
    signal() {
      const now = base();
      if (now !== before) [before, joint] = [now, anySignal(now, signal)];
      return joint;
    },
  });
}

/**
 * A view of a tunnel that its signal ends only once: after the abort has ended something that was
 * begun on the view, new operations go on without the signal, to clear up. If nothing is under way
 * when the signal aborts, the abort ends the next operation.
 */
export function endedOnce<T extends Linked>(tunnel: T): T {
  const { core, signal } = sourceOf(tunnel);
  const shared = signal();
  if (shared === undefined) return tunnel;
  // Others use the shared signal too: what it ends there has no meaning here.
  const own = joinSignals([shared]);
  return viewOf(tunnel, { core, signal: () => hadEffect(own) ? undefined : own });
}

function viewOf<T extends Linked>(tunnel: T, source: Source): T {
  const view = Object.create(tunnel);
  links.set(view, source);
  return view;
}

/** The same link, with one signal more. */
export function alsoEndedBy(link: Link, signal: AbortSignal | undefined): Link {
  return signal === undefined ? link : { ...link, signal: anySignal(link.signal, signal) };
}

/**
 * Does something with the connection, which is made if there is none, and keeps the script alive
 * meanwhile. `work` must stop when the link's signal aborts.
 *
 * @param since `core.closings` when the operation began, if that was earlier than this call. An
 * operation that began before the tunnel was closed does not open it again.
 * @param start An error whose stack names the caller, even if nobody awaits the operation.
 */
export async function withSession<T>(
  link: Link,
  work: (session: Session) => Promise<T>,
  since: number = link.core.closings,
  start: Error = link.start ?? new Error(),
): Promise<T> {
  const { host, core, signal } = link;
  noteEffect(signal);
  signal?.throwIfAborted();
  try {
    if (core.closings !== since) throw closedError(host);
    const session = core.retries === undefined
      ? usableSession(core) ?? await openSession(link)
      : await connectedSession(link, core.retries, since);
    session.connection.hold();
    try {
      return await work(session);
    } finally {
      session.connection.release();
    }
  } catch (error) {
    if (error instanceof ConnectionError) {
      if (error.cause instanceof Error) withoutOwnFrames(error.cause);
      throw errorSince(start, error);
    }
    throw link.start === undefined ? error : calledFrom(error, link.start);
  }
}

/** Ends the connection, if there is one, and resolves when its process is gone. */
export async function closeLink({ host, core }: Link): Promise<void> {
  // Before anything is awaited, because the tunnel may be used again meanwhile.
  const { session, gone } = core;
  core.session = undefined;
  core.closings++;
  core.retries?.reset();
  await session?.connection.close(closedError(host));
  await gone;
}

/** A session whose agent is up, after as many attempts as it takes and are allowed. */
async function connectedSession(link: Link, retries: Retries, since: number): Promise<Session> {
  const { host, core, signal } = link;
  for (;;) {
    const session = usableSession(core) ?? await openSession(link);
    session.connection.hold();
    try {
      await abortable(session.connection.ready, signal);
      retries.reset();
      return session;
    } catch (error) {
      const pause = isTemporary(error) ? retries.pauseAfter(session, signal) : undefined;
      if (pause === undefined) throw error;
      await pause;
      if (core.closings !== since) throw closedError(host);
    } finally {
      session.connection.release();
    }
  }
}

/** The session, unless its far end is gone: then its last output may still be on its way. */
function usableSession({ session }: Core): Session | undefined {
  return session?.connection.hasEnded ? undefined : session;
}

/** A new session, as soon as the process of the last one is gone. */
async function openSession({ host, core, signal }: Link): Promise<Session> {
  const { closings } = core;
  await abortable(core.gone, signal);
  if (core.closings !== closings) throw closedError(host);
  if (core.session !== undefined) return core.session;
  return openNow(core);
}

/**
 * Begins to connect, unless there is a connection or an old one is not gone: for an operation that
 * needs it a moment later.
 */
export function openEarly({ core, signal }: Link): void {
  if (!core.isGone || core.session !== undefined || signal?.aborted) return;
  try {
    openNow(core);
  } catch {
    // The operation tries again, and throws the same.
  }
}

function openNow(core: Core): Session {
  let session: Session | undefined = undefined;
  session = outsideOfSpans(() =>
    core.open(() => {
      if (core.session === session) core.session = undefined;
    })
  );
  const { gone } = session.connection;
  core.session = session;
  core.gone = gone;
  core.isGone = false;
  gone.then(() => core.isGone ||= core.gone === gone);
  return session;
}

/** The error of what was under way on a tunnel when it was closed. */
function closedError(host: string): ConnectionError {
  const known: ConnectionErrorOptions = { command: [], exitCode: null, stderr: "" };
  return new ConnectionError(
    host,
    `The tunnel to ${host} was closed before this had ended (is an await missing?)`,
    known,
  );
}
