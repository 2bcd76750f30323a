import type { SocketAddress, TcpAddress, UnixAddress } from "../agent/sockets/socket_address.ts";

/** Where a forward carries connections to. */
export type ForwardTarget =
  | {
    /**
     * A name or an IP address, as the side that connects sees it.
     *
     * @default {"127.0.0.1"}
     */
    readonly hostname?: string | undefined;
    /** 1 to 65535. */
    readonly port: number;
    readonly path?: undefined;
  }
  | UnixSocket;

/** Where a forward listens. */
export type ForwardSource =
  | {
    /**
     * A name or an IP address of the side that listens. `"0.0.0.0"` lets other machines connect.
     *
     * @default {"127.0.0.1"}
     */
    readonly hostname?: string | undefined;
    /**
     * 0 to 65535; 0 takes any port that is free.
     *
     * @default {0}
     */
    readonly port?: number | undefined;
    readonly path?: undefined;
  }
  | UnixSocket;

/** The socket file of a Unix socket. */
export interface UnixSocket {
  /** Its path or `file:` URL. A relative path starts in the folder of the process there. */
  readonly path: string | URL;
}

/** Options for `forward()` and `reverse()`. */
export interface ForwardOptions<From extends ForwardSource = ForwardSource> {
  /** Where connections are carried to. Nothing has to listen there yet. */
  readonly to: ForwardTarget;
  /**
   * Where to listen for connections. A socket file is made for this user alone (0600) and removed
   * at the end; one that a dead process has left is replaced.
   *
   * @default {any free port of 127.0.0.1}
   */
  readonly from?: From | undefined;
}

/** Where a forward listens that was asked to listen at `From`. */
export type ForwardAddress<From extends ForwardSource> = From extends UnixSocket ? UnixAddress
  : TcpAddress;

/**
 * Connections that are carried through a tunnel, as `forward()` and `reverse()` open them. It keeps
 * the script alive until it is closed, as a listener does.
 */
export interface Forward<Address extends SocketAddress = SocketAddress> extends AsyncDisposable {
  /** Where it listens: with the port that was taken, or with an absolute path. */
  readonly addr: Address;
  /** How many connections are open. */
  readonly connections: number;
  /**
   * Resolves when it is closed: by {@linkcode Forward.close | close}, or with its tunnel. Rejects
   * with what else ended it: a `ConnectionError` if the connection was lost, or the reason of the
   * signal of `tunnel.with()`. Nobody has to look at it.
   */
  readonly closed: Promise<void>;
  /**
   * Listens no more, breaks off the connections that are open, and resolves when all is closed at
   * both ends. Harmless when it is closed.
   */
  close(): Promise<void>;
}
