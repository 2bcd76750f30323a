import type { Forward, ForwardAddress, ForwardOptions, ForwardSource } from "./forward.ts";
import { prepareForward, prepareReverse } from "./operation/forward.ts";
import { linkFrom } from "./operation/link.ts";

/** The methods of a tunnel that carry connections of sockets. */
export abstract class Forwarding {
  /** The name of the far end. */
  abstract readonly host: string;

  /**
   * Listens here, and carries each connection to an address that the far end reaches. Its bytes go
   * both ways at the pace of the slower reader, and each direction ends by itself. At most 500
   * connections are open at once. If the far end cannot connect, that connection alone is broken
   * off, and `stderr` is told why.
   *
   * Rejects with an `Error` if it cannot listen, and with a {@linkcode RemoteError} if an agent
   * with limited `permissions` may not connect; the text says which permission it needs.
   *
   * @param options Where to, and where to listen.
   * @returns The forward. It ends with the connection, and does not come back with a new one.
   *
   * @example A database that only the far end reaches
   * ```ts ignore
   * import { Tunnel } from "@chopsticks/chopsticks";
   *
   * await using tun = new Tunnel("bastion.example.com");
   * await using db = await tun.forward({ to: { hostname: "db1", port: 5432 } });
   * console.log(`psql -h 127.0.0.1 -p ${db.addr.port}`);
   * await db.closed;
   * ```
   */
  async forward<From extends ForwardSource = { readonly port?: number }>(
    options: ForwardOptions<From>,
  ): Promise<Forward<ForwardAddress<From>>> {
    return await prepareForward(options).perform(
      linkFrom(this, Forwarding.prototype.forward),
    ) as Forward<ForwardAddress<From>>;
  }

  /**
   * Listens at the far end, and carries each connection to an address here; otherwise like
   * {@linkcode Forwarding.prototype.forward | forward}.
   *
   * @param options Where to, and where to listen there.
   * @returns The forward.
   *
   * @example
   * ```ts
   * import { Local } from "@chopsticks/chopsticks";
   *
   * await using server = Deno.serve({ port: 0, onListen() {} }, () => new Response("Hello\n"));
   * await using tun = new Local();
   * await using there = await tun.reverse({ to: { port: server.addr.port } });
   * const url = `http://127.0.0.1:${there.addr.port}`;
   * console.log(await tun.call(async () => await (await fetch(url)).text()));
   * ```
   */
  async reverse<From extends ForwardSource = { readonly port?: number }>(
    options: ForwardOptions<From>,
  ): Promise<Forward<ForwardAddress<From>>> {
    return await prepareReverse(options).perform(
      linkFrom(this, Forwarding.prototype.reverse),
    ) as Forward<ForwardAddress<From>>;
  }
}
