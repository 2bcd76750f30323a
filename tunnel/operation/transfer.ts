import { BrokenTransfer, Interruption } from "../../agent/files/byte_transfer.ts";
import { isFileError } from "../../agent/files/file_error.ts";
import type * as Files from "../../agent/file_service.ts";
import { type Channel, ChannelReset } from "../../agent/wire/channel.ts";
import { DecodeError } from "../../codec/decode_error.ts";
import { resetOnAbort } from "../session/abort_signal.ts";
import type { Session } from "../session/session.ts";
import { showError, visible } from "../visible.ts";
import { type Link, withSession } from "./link.ts";

/** Why the channel of a transfer is given up when the transfer is done. */
const OVER = new Error("The transfer is over");

/** Milliseconds that a failed transfer waits for the far end to clear up. */
const GRACE = 1_000;

/** A transfer: how it is called, and what the agent does for it. */
export interface TransferOptions {
  /** How errors call it, such as `put()`. */
  readonly name: string;
  /** How the text of an error begins, such as `Cannot put a.txt to web1`. */
  readonly failureText: string;
  /** `core.closings` when the operation began. */
  readonly since: number;
  /** The agent's function for it, and the arguments of that. */
  readonly service: readonly [name: keyof typeof Files, ...args: unknown[]];
  /** Gives what the text of an error of a file here says behind the reason. */
  readonly advise?: (error: Error) => string;
  /** What it says behind the reason of an error there, by the error's code. */
  readonly adviceThere?: Readonly<Record<string, string>>;
}

/**
 * Has `work` do the half of a transfer that is done here, over a channel whose other end the agent
 * serves. If either half fails, this rejects when both have cleared up.
 */
export async function transfer<T>(
  link: Link,
  options: TransferOptions,
  work: (channel: Channel, session: Session) => Promise<T>,
): Promise<T> {
  const { signal } = link;
  const serve = async (session: Session): Promise<T> => {
    const channel = session.openFiles(...options.service);
    resetOnAbort(channel, signal);
    try {
      return await work(channel, session);
    } catch (error) {
      channel.reset(error);
      const reason = signal?.aborted ? signal.reason : explain(error, link, options, session);
      await untilCleared(session);
      throw reason;
    } finally {
      channel.reset(OVER);
    }
  };
  return await withSession(link, serve, options.since);
}

/**
 * Adds to an error of a file here what could not be done, and what `advise` has to say. Errors that
 * the caller's own code threw stay as they are.
 */
export function explainHere(
  error: unknown,
  failureText: string,
  advise: (error: Error) => string = () => "",
): unknown {
  if (!isFileError(error)) return error;
  // The far end chooses the names of files in a folder.
  showError(error);
  const text = `${failureText}: here, ${error.message}${advise(error)}`;
  return new Error(visible(text), { cause: error });
}

function explain(
  error: unknown,
  { host }: Link,
  { name, failureText, advise, adviceThere }: TransferOptions,
  session: Session,
): unknown {
  if (error instanceof Interruption && error.answer !== undefined) {
    return session.failure(
      name,
      error.answer.bytes,
      ({ message, code }) =>
        `${failureText}: on ${host}, ${message}${(code && adviceThere?.[code]) ?? ""}`,
    );
  }
  if (
    error instanceof Interruption || error instanceof BrokenTransfer ||
    error instanceof ChannelReset || error instanceof DecodeError
  ) return session.broken(`The far end broke the protocol of ${name}`, error);
  return explainHere(error, failureText, advise);
}

/** Resolves when the agent has cleared up what was given up, or takes too long for that. */
async function untilCleared(session: Session): Promise<void> {
  const { info, multiplexer } = session.connection;
  // An agent that is not up yet will not begin a transfer that was given up.
  if (info === undefined || multiplexer.ended !== undefined) return;
  const channel = session.openFiles("settled");
  const timer = setTimeout(() => channel.reset(OVER), GRACE);
  await channel.receive().catch(() => {});
  clearTimeout(timer);
  channel.reset(OVER);
}
