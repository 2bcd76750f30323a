import { carry } from "../../agent/sockets/carry.ts";
import type { Connection } from "../../agent/sockets/connection.ts";
import { MAX_CONNECTIONS } from "../../agent/sockets/limit.ts";
import { addressText, type SocketAddress } from "../../agent/sockets/socket_address.ts";
import { type Channel, ChannelReset, type Message } from "../../agent/wire/channel.ts";
import { deferred } from "../../agent/wire/deferred.ts";
import { Flag } from "../../agent/wire/frame.ts";
import type { Failure } from "../../agent/protocol/failure.ts";
import type { Forward } from "../forward.ts";
import type { Session } from "../session/session.ts";
import { visible } from "../visible.ts";
import type { Link } from "./link.ts";

/** Why channels are given up when a forward is closed. */
const CLOSED = new Error("The forward was closed");

/** Milliseconds that `close()` waits for the far end. */
const GRACE = 1_000;

/** Options for {@linkcode OpenForward}. */
export interface OpenForwardOptions {
  readonly link: Link;
  readonly session: Session;
  /** How errors call it, such as `forward()`. */
  readonly name: string;
  /** The channel that ends with the forward. It has been answered. */
  readonly control: Channel;
  /** `core.closings` when the operation began. */
  readonly since: number;
  readonly addr: SocketAddress;
  /** Where connections are carried to. */
  readonly to: SocketAddress;
  /** Takes a message of the control channel. Without it, the far end must not send one. */
  readonly onMessage?: (message: Message) => Promise<void>;
  /** Listens no more. */
  readonly stopListening?: () => Promise<void>;
}

/** A {@linkcode Forward} that is open: the connections that go through it, and its end. */
export class OpenForward implements Forward {
  readonly addr: SocketAddress;
  readonly closed: Promise<void>;
  readonly #options: OpenForwardOptions;
  readonly #connections = new Map<Channel, Promise<void>>();
  readonly #closed = deferred<void>();
  /** Resolves when the control channel is over. */
  readonly #over: Promise<void>;
  #ending: Promise<void> | undefined;
  #lastReport: string | undefined;

  constructor(options: OpenForwardOptions) {
    this.#options = options;
    this.addr = options.addr;
    this.closed = this.#closed.promise;
    // Nobody has to look at it.
    this.closed.catch(() => {});
    options.session.connection.hold();
    this.#over = this.#watch();
  }

  get connections(): number {
    return this.#connections.size;
  }

  async close(): Promise<void> {
    await (this.#ending ??= this.#end(undefined));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /**
   * Carries a connection over a channel.
   *
   * @param connecting The connection here, when there is one.
   */
  carry(connecting: Connection | Promise<Connection>, channel: Channel): void {
    const carried = this.#carry(connecting, channel)
      // The error has closed the whole tunnel.
      .catch(() => {})
      .finally(() => this.#connections.delete(channel));
    this.#connections.set(channel, carried);
  }

  /** Resolves when there are few enough connections for one more. */
  async untilRoom(): Promise<void> {
    while (this.connections >= MAX_CONNECTIONS) await Promise.race(this.#connections.values());
  }

  /** Tells the user why a connection was broken off, but not over and over. */
  report(reason: string): void {
    if (reason === this.#lastReport || this.#ending !== undefined) return;
    this.#lastReport = reason;
    this.#options.session.report(
      `Cannot carry a connection to ${addressText(this.#options.to)}: ${reason}`,
    );
  }

  async #carry(connecting: Connection | Promise<Connection>, channel: Channel): Promise<void> {
    const { session, name, link } = this.#options;
    let connection;
    try {
      connection = await connecting;
    } catch (error) {
      this.report(`here, ${(error as Error).message}`);
      // The far end answers with a reset: one that does not read causes no more work.
      channel.send(new Uint8Array(0), Flag.FAILURE | Flag.END);
      await channel.receive().catch(() => {});
      return channel.reset(CLOSED);
    }
    const message = await carry(connection, channel);
    if (message === undefined) return void (this.#lastReport = undefined);
    if (!(message.flags & Flag.FAILURE)) throw this.#broken();
    const text = ({ message }: Failure): string => visible(`on ${link.host}, ${message}`);
    this.report(session.failure(name, message.bytes, text).message);
  }

  /** Waits for the end of the control channel. */
  async #watch(): Promise<void> {
    const { control, session, name, onMessage } = this.#options;
    try {
      for (let message; (message = await control.receive()) !== undefined;) {
        if (message.flags & Flag.FAILURE) throw session.failure(name, message.bytes);
        if (onMessage === undefined) throw this.#broken();
        await onMessage(message);
      }
      if (this.#ending === undefined) throw this.#broken();
    } catch (error) {
      const reason = error instanceof ChannelReset ? this.#broken(error) : error;
      this.#ending ??= this.#end({ reason });
    }
  }

  #broken(cause?: unknown): Error {
    const { session, name } = this.#options;
    return session.broken(`The far end broke the protocol of ${name}`, cause);
  }

  async #end(failure: { readonly reason: unknown } | undefined): Promise<void> {
    const { control, session, link, since, stopListening } = this.#options;
    const stopped = stopListening?.();
    for (const channel of this.#connections.keys()) channel.reset(failure?.reason ?? CLOSED);
    if (failure === undefined) {
      control.end();
      const timer = setTimeout(() => control.reset(CLOSED), GRACE);
      await this.#over;
      clearTimeout(timer);
    }
    control.reset(CLOSED);
    await Promise.allSettled([stopped, ...this.#connections.values()]);
    session.connection.release();
    const wasClosed = failure === undefined || link.core.closings !== since;
    if (wasClosed) this.#closed.resolve();
    else this.#closed.reject(failure.reason);
  }
}
