import type { Channel, Message } from "../wire/channel.ts";
import { Flag } from "../wire/frame.ts";
import type { Connection } from "./connection.ts";

/** Why a channel is given up when nothing can come of it any more. */
const CLOSED = new Error("The connection is closed");

/** So many bytes may wait for a channel, before its connection is read no further. */
const HIGH_WATER = 256 * 1024;

/**
 * Carries bytes between a connection and a channel until both directions have ended, or one side is
 * broken off: then the other one is, too. A direction that has ended leaves the other one open.
 *
 * Neither end keeps more than the channel's window: bytes that the connection has not taken yet get
 * no credit.
 *
 * @returns The failure that came in place of the other end's bytes, if it was one.
 */
export async function carry(
  connection: Connection,
  channel: Channel,
): Promise<Message | undefined> {
  channel.onFailure(() => connection.breakOff());
  const sending = send(connection, channel);
  sending.catch((error) => channel.reset(error));
  try {
    const message = await receive(connection, channel);
    if (message === undefined) await sending;
    else channel.reset(CLOSED);
    return message;
  } catch (error) {
    // Whoever it was that broke it off.
    channel.reset(error);
    return undefined;
  } finally {
    connection.breakOff();
  }
}

async function send(connection: Connection, channel: Channel): Promise<void> {
  for (let bytes; (bytes = await connection.read()) !== undefined;) {
    channel.send(bytes, Flag.RAW);
    if (channel.unsent > HIGH_WATER) await channel.drained();
  }
  channel.end();
  await channel.drained();
}

async function receive(connection: Connection, channel: Channel): Promise<Message | undefined> {
  let written = Promise.resolve();
  channel.takeBytes((bytes) => {
    // They may be overwritten.
    const own = new Uint8Array(bytes);
    written = written.then(() => connection.write(own)).then(() => channel.credit(own.length));
    written.catch((error) => channel.reset(error));
  });
  // All else but the end comes through the function above.
  const message = await channel.receive();
  if (message !== undefined) return message;
  await written;
  await connection.end();
  return undefined;
}
