import type { Channel } from "../wire/channel.ts";
import type { Connection } from "./connection.ts";
import { connectDeno } from "./deno_sockets.ts";
import { connectNode } from "./node_sockets.ts";
import type { SocketAddress } from "./socket_address.ts";
import { describeSocketError } from "./socket_error.ts";

/**
 * Connects to an address.
 *
 * @param channel When it fails, the connection is not wanted any more.
 */
export async function dial(to: SocketAddress, channel: Channel): Promise<Connection> {
  const unwanted = new AbortController();
  channel.onFailure(() => unwanted.abort());
  try {
    const connect = typeof Deno === "undefined" ? connectNode : connectDeno;
    return await connect(to, unwanted.signal);
  } catch (error) {
    throw describeSocketError(error, to);
  }
}
