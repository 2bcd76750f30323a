/** A direction in which bytes are lost. */
export type Lost = "there" | "back";

/** Hands on TCP connections to another port, until it loses what goes one way, or both. */
export class TCPRelay implements AsyncDisposable {
  readonly #listener: Deno.TcpListener;
  readonly #target: number;
  readonly #connections = new Set<Connection>();
  readonly #accepting: Promise<void>;

  /** Listens on loopback, for connections to the port `target`. */
  constructor(target: number) {
    this.#target = target;
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.#accepting = this.#accept().catch(() => {});
  }

  /** Where it listens. */
  get port(): number {
    return this.#listener.addr.port;
  }

  async #accept(): Promise<void> {
    for await (const near of this.#listener) {
      const far = await Deno.connect({ hostname: "127.0.0.1", port: this.#target });
      const connection = new Connection(near, far);
      this.#connections.add(connection);
      connection.ended.then(() => this.#connections.delete(connection));
    }
  }

  /** From now on, the connections that are open lose what goes these ways, and do not tell. */
  lose(ways: readonly Lost[]): void {
    for (const connection of this.#connections) for (const way of ways) connection.lost.add(way);
  }

  /** Closes the connections that are open. */
  async cut(): Promise<void> {
    const open = [...this.#connections];
    for (const connection of open) connection.close();
    await Promise.all(open.map(({ ended }) => ended));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    await this.#accepting;
    await this.cut();
  }
}

class Connection {
  readonly lost: Set<Lost> = new Set();
  readonly ended: Promise<unknown>;
  readonly #near: Deno.TcpConn;
  readonly #far: Deno.TcpConn;

  constructor(near: Deno.TcpConn, far: Deno.TcpConn) {
    this.#near = near;
    this.#far = far;
    this.ended = Promise.all([this.#move(near, far, "there"), this.#move(far, near, "back")])
      .then(() => this.close());
  }

  async #move(from: Deno.TcpConn, to: Deno.TcpConn, way: Lost): Promise<void> {
    const buffer = new Uint8Array(64 * 1024);
    try {
      for (;;) {
        const count = await from.read(buffer);
        // The end is lost like all else.
        if (this.lost.has(way)) {
          if (count === null) return;
          continue;
        }
        if (count === null) return await to.closeWrite();
        for (let at = 0; at < count;) at += await to.write(buffer.subarray(at, count));
      }
    } catch {
      // One of the two was closed, so the other cannot go on.
      if (this.lost.size === 0) this.close();
    }
  }

  close(): void {
    for (const end of [this.#near, this.#far]) {
      try {
        end.close();
      } catch {
        // It is closed.
      }
    }
  }
}
