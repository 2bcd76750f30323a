import net from "node:net";
import type { Connection } from "./connection.ts";
import type { SocketAddress } from "./socket_address.ts";

/** Milliseconds of silence after which the system looks whether the peer is still there. */
const KEEP_ALIVE = 60_000;

/** Connects to an address. */
export function connectNode(to: SocketAddress, signal: AbortSignal): Promise<Connection> {
  return new Promise((resolve, reject) => {
    const socket = net.connect({
      ..."path" in to ? to : { host: to.hostname, port: to.port, autoSelectFamily: true },
      allowHalfOpen: true,
    });
    const connection = new NodeConnection(socket);
    signal.addEventListener("abort", () => connection.breakOff(), { once: true });
    socket.once("connect", () => resolve(connection));
    socket.once("error", reject);
    socket.once("close", () => reject(new Error("given up")));
  });
}

/** Listens at an address, and gives the address with its port, and a function that ends it. */
export function listenNode(
  from: SocketAddress,
  onConnection: (connection: Connection) => void,
): Promise<{ readonly address: SocketAddress; close(): Promise<void> }> {
  const server = net.createServer({ allowHalfOpen: true }, (socket) => {
    onConnection(new NodeConnection(socket));
  });
  return new Promise((resolve, reject) => {
    server.on("error", reject);
    server.once("listening", () => {
      const { address: hostname, port } = server.address() as net.AddressInfo;
      resolve({
        address: "path" in from ? from : { hostname, port },
        close(): Promise<void> {
          server.close();
          return Promise.resolve();
        },
      });
    });
    server.listen("path" in from ? from : { host: from.hostname, port: from.port });
  });
}

class NodeConnection implements Connection {
  readonly #socket: net.Socket;
  #failure: Error | undefined;
  #wake: (() => void) | undefined;

  constructor(socket: net.Socket) {
    this.#socket = socket;
    socket.setNoDelay(true).setKeepAlive(true, KEEP_ALIVE);
    const wake = (): void => this.#wake?.();
    socket.on("readable", wake).on("end", wake).on("close", wake);
    socket.on("error", (error) => this.#failure = error);
  }

  async read(): Promise<Uint8Array | undefined> {
    for (;;) {
      const bytes: Uint8Array | null = this.#socket.read();
      if (bytes !== null) return bytes;
      if (this.#socket.readableEnded) return undefined;
      if (this.#socket.destroyed) throw this.#failure ?? new Error("The socket is closed");
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }

  write(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#socket.write(bytes, (error) => error ? reject(error) : resolve());
    });
  }

  end(): Promise<void> {
    return new Promise((resolve) => this.#socket.end(resolve));
  }

  breakOff(): void {
    const socket = this.#socket;
    // Whoever has got and sent all is not told otherwise.
    const isWhole = socket.readableEnded && socket.writableFinished;
    const canReset = !isWhole && !socket.connecting && socket.remoteAddress !== undefined;
    // Node before 18.3 cannot reset.
    if (canReset && "resetAndDestroy" in socket) socket.resetAndDestroy();
    else socket.destroy();
  }
}
