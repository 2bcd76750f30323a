/**
 * Sockets by Deno's own functions. Its `node:net` fails writes to a TCP peer that has ended its
 * direction.
 *
 * @module
 */

import type { Connection } from "./connection.ts";
import type { SocketAddress } from "./socket_address.ts";

/** The most bytes that are read at once. */
const READ_SIZE = 64 * 1024;

/** Milliseconds to wait when a connection cannot be taken, such as for want of descriptors. */
const PAUSE = 100;

/** Connects to an address. */
export async function connectDeno(to: SocketAddress, signal: AbortSignal): Promise<Connection> {
  if ("path" in to) return new DenoConnection(await Deno.connect({ transport: "unix", ...to }));
  const connection = await Deno.connect({ ...to, signal });
  return new DenoConnection(tuned(connection));
}

/** Listens at an address, and gives the address with its port, and a function that ends it. */
export function listenDeno(
  from: SocketAddress,
  onConnection: (connection: Connection) => void,
): { readonly address: SocketAddress; close(): Promise<void> } {
  const isPath = "path" in from;
  const listener: Deno.Listener = isPath
    ? Deno.listen({ transport: "unix", ...from })
    : Deno.listen(from);
  let isOpen = true;
  const accept = async (): Promise<void> => {
    while (isOpen) {
      try {
        const connection = await listener.accept();
        onConnection(new DenoConnection(isPath ? connection : tuned(connection as Deno.TcpConn)));
      } catch {
        if (isOpen) await new Promise((resolve) => setTimeout(resolve, PAUSE));
      }
    }
  };
  const accepting = accept();
  const { hostname, port } = listener.addr as Deno.NetAddr;
  return {
    address: isPath ? from : { hostname, port },
    async close(): Promise<void> {
      isOpen = false;
      listener.close();
      // Until then, it still listens and has its file.
      await accepting;
    },
  };
}

/** Has a socket send small messages at once, and notice after some time that its peer is gone. */
function tuned(connection: Deno.TcpConn): Deno.TcpConn {
  connection.setNoDelay(true);
  connection.setKeepAlive(true);
  return connection;
}

class DenoConnection implements Connection {
  readonly #connection: Deno.Conn;
  readonly #buffer = new Uint8Array(READ_SIZE);
  #isClosed = false;

  constructor(connection: Deno.Conn) {
    this.#connection = connection;
  }

  async read(): Promise<Uint8Array | undefined> {
    const length = await this.#connection.read(this.#buffer);
    return length === null ? undefined : this.#buffer.slice(0, length);
  }

  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      at += await this.#connection.write(bytes.subarray(at));
    }
  }

  async end(): Promise<void> {
    await this.#connection.closeWrite();
  }

  breakOff(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#connection.close();
  }
}
