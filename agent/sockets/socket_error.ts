import { addressText, type SocketAddress } from "./socket_address.ts";

/** Why a socket cannot listen or connect, in words, by the system's code. */
const REASONS: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EADDRINUSE: "the address is in use",
  EADDRNOTAVAIL: "no such address on this machine",
  EAI_AGAIN: "the name cannot be resolved now",
  ECONNREFUSED: "connection refused",
  ECONNRESET: "connection reset",
  EHOSTUNREACH: "no route to the host",
  EINVAL: "not a valid address here",
  EMFILE: "too many open files",
  ENAMETOOLONG: "the path is too long for a socket",
  ENETUNREACH: "no route to the network",
  ENOENT: "no such file or folder",
  ENOTDIR: "a part of the path is not a folder",
  ENOTFOUND: "the name cannot be resolved",
  ENOTSOCK: "it is not a socket",
  EPERM: "not permitted",
  EROFS: "the file system is read-only",
  ETIMEDOUT: "no answer",
};

/** An error that names the address and the reason, with a `code` like the system's. */
export function socketError(address: SocketAddress, code: string, reason?: string): Error {
  const why = reason ?? REASONS[code];
  // Of no class of its own, since it has to travel.
  const text = why === undefined ? code : `${why} (${code})`;
  const error = Object.assign(new Error(`${addressText(address)}: ${text}`), { code });
  described.add(error);
  return error;
}

/** The errors that name their address. */
const described = new WeakSet<Error>();

/** Describes an error of the system. One that has no code, or no known one, keeps its own text. */
export function describeSocketError(error: unknown, address: SocketAddress): Error {
  if (described.has(error as Error)) return error as Error;
  const { code, message } = error as NodeJS.ErrnoException;
  if (typeof code !== "string") return new Error(`${addressText(address)}: ${message}`);
  return socketError(address, code, REASONS[code] ?? message);
}
