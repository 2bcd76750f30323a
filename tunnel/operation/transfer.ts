import { BrokenTransfer, Interruption } from "../../agent/files/byte_transfer.ts";
import { type Channel, ChannelReset } from "../../agent/wire/channel.ts";
import { isFileError } from "../../agent/files/file_error.ts";
import type * as Files from "../../agent/file_service.ts";
import { DecodeError } from "../../codec/decode_error.ts";
import type { AgentConnection } from "../connection/agent_connection.ts";
import type { Session } from "../session/session.ts";
import type { BaseTunnel } from "../base_tunnel.ts";
import { signalOf, withSession } from "./operation.ts";
import { visible, visibleErrors } from "../visible.ts";

/** Why the channel of a transfer that has come to its end is given up. */
const OVER = new Error("The transfer is over");

/** Milliseconds that a transfer that failed waits for the far end to have cleared up. */
const GRACE = 1_000;

/** A transfer: what it is called, and what the agent does for it. */
export interface TransferOptions {
  readonly tunnel: BaseTunnel;
  /** How errors call it, such as `put()`. */
  readonly operation: string;
  /** What errors say of it, such as `Cannot put a.txt to web1`. */
  readonly refusal: string;
  readonly signal: AbortSignal | undefined;
  /** What `closingsOf()` gave when the operation began. */
  readonly since: number;
  /** The agent's function for it, and what that is given. */
  readonly service: readonly [name: keyof typeof Files, ...args: unknown[]];
  /** What an error of a file at this end says behind the reason. */
  readonly advise?: (error: Error) => string;
}

/**
 * Has `work` do its half of a transfer, over a channel of which the agent serves the other end, as soon as it is up. If
 * either half fails, this rejects when both have cleared up.
 */
export async function transfer<T>(
  options: TransferOptions,
  work: (channel: Channel, connection: AgentConnection) => Promise<T>,
): Promise<T> {
  const signal = signalOf(options.tunnel, options.signal);
  return await withSession(options.tunnel, signal, async (session) => {
    const channel = session.openFiles(...options.service);
    const onAbort = (): void => channel.reset(signal!.reason);
    signal?.addEventListener("abort", onAbort, { once: true });
    if (signal?.aborted) onAbort();
    try {
      return await work(channel, session.connection);
    } catch (error) {
      channel.reset(error);
      const reason = signal?.aborted ? signal.reason : explain(error, options, session);
      await untilCleared(session);
      throw reason;
    } finally {
      signal?.removeEventListener("abort", onAbort);
      channel.reset(OVER);
    }
  }, options.since);
}

/**
 * Adds to an error of a file at this end what could not be done, and what `advise` has to say of it. What the caller's own
 * code threw stays as it is.
 */
export function explainHere(
  error: unknown,
  refusal: string,
  advise: (error: Error) => string = () => "",
): unknown {
  if (!isFileError(error)) return error;
  // The names of files in a folder are the far end's choice.
  visibleErrors(error);
  const text = `${refusal}: here, ${error.message}${advise(error)}`;
  return new Error(visible(text), { cause: error });
}

function explain(error: unknown, options: TransferOptions, session: Session): unknown {
  const { operation, refusal, tunnel, advise } = options;
  if (error instanceof Interruption && error.answer !== undefined) {
    return session.failure(
      operation,
      error.answer.bytes,
      ({ message }) => `${refusal}: on ${tunnel.host}, ${message}`,
    );
  }
  if (
    error instanceof Interruption || error instanceof BrokenTransfer ||
    error instanceof ChannelReset || error instanceof DecodeError
  ) return session.broken(`${operation} was not answered as it should be`, error);
  return explainHere(error, refusal, advise);
}

/** Resolves when the agent has cleared up what was given up, or seems not to. */
async function untilCleared(session: Session): Promise<void> {
  const { info, multiplexer } = session.connection;
  // An agent that is not up yet will find the transfer given up before it has begun anything.
  if (info === undefined || multiplexer.ended !== undefined) return;
  const channel = session.openFiles("settled");
  const timer = setTimeout(() => channel.reset(OVER), GRACE);
  await channel.receive().catch(() => {});
  clearTimeout(timer);
  channel.reset(OVER);
}
