/**
 * The functions of an agent that forward sockets. They are not in the agent's bundle, but are sent
 * when they are first needed; see `Request.SERVICE`.
 *
 * @module
 */

import os from "node:os";
import { resolve } from "node:path";
import { encode } from "../codec/encode.ts";
import { carry } from "./sockets/carry.ts";
import { checkAccess } from "./sockets/check_access.ts";
import type { Connection } from "./sockets/connection.ts";
import { dial } from "./sockets/dial.ts";
import { MAX_CONNECTIONS } from "./sockets/limit.ts";
import { listen } from "./sockets/listen.ts";
import type { SocketAddress } from "./sockets/socket_address.ts";
import type { Channel } from "./wire/channel.ts";

/** A connection that waits for the controller to take it. */
interface Waiting {
  readonly connection: Connection;
  /** Called when it is over. */
  end(): void;
}

const waiting = new Map<number, Waiting>();

let accepted = 0;

/**
 * Checks that connections to `to` can be made at all. Answers with the address, and then stays open
 * until the controller ends it.
 */
export async function permit(channel: Channel, to: SocketAddress): Promise<void> {
  const address = absolute(to);
  checkAccess(address, true);
  channel.send(encode(address));
  await endedByController(channel);
  channel.end();
}

/** Carries what comes to a new connection, and what that answers. */
export async function connect(channel: Channel, to: SocketAddress): Promise<void> {
  await carry(await dial(absolute(to), channel), channel);
}

/**
 * Listens until the controller ends the channel. Answers with the address, and then with a number
 * for each connection, or with 0 for one that was refused, since there were too many. The
 * controller sends each number back when it has taken the connection.
 */
export async function listenThere(channel: Channel, from: SocketAddress): Promise<void> {
  const address = absolute(from);
  checkAccess(address, true);
  const own = new Set<number>();
  const listener = await listen(address, (connection) => {
    if (own.size >= MAX_CONNECTIONS) {
      connection.breakOff();
      return channel.send(encode(0));
    }
    const number = ++accepted;
    own.add(number);
    waiting.set(number, { connection, end: () => own.delete(number) });
    channel.send(encode(number));
  });
  const close = async (): Promise<void> => {
    const closed = listener.close();
    for (const number of own) {
      waiting.get(number)?.connection.breakOff();
      waiting.delete(number);
    }
    await closed;
  };
  channel.onFailure(() => void close());
  channel.send(encode(listener.address));
  await endedByController(channel);
  if (!channel.failed) await close();
  channel.end();
}

/** Carries a connection that {@linkcode listenThere} has told of. */
export async function accept(channel: Channel, number: number): Promise<void> {
  const taken = waiting.get(number);
  if (taken === undefined) return channel.reset(new Error("The connection is closed"));
  waiting.delete(number);
  await carry(taken.connection, channel);
  taken.end();
}

/** Resolves when the controller has ended the channel, or has given it up. */
async function endedByController(channel: Channel): Promise<void> {
  while (await channel.receive().catch((): undefined => undefined) !== undefined);
}

/** The same address with an absolute path. `~/` is the home folder. */
function absolute(address: SocketAddress): SocketAddress {
  if (!("path" in address)) return address;
  return { path: resolve(address.path.replace(/^~(?=\/|$)/, () => os.homedir())) };
}
