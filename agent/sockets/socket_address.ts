/** The address of a TCP socket. */
export interface TcpAddress {
  /** A name or an IP address. */
  readonly hostname: string;
  /** 1 to 65535. */
  readonly port: number;
}

/** The address of a Unix socket. */
export interface UnixAddress {
  /** The path of the socket's file. */
  readonly path: string;
}

/** The address of a socket. */
export type SocketAddress = TcpAddress | UnixAddress;

/** An address as text: a path, or `hostname:port`. */
export function addressText(address: SocketAddress): string {
  if ("path" in address) return address.path;
  const { hostname, port } = address;
  return `${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`;
}
