import { Buffer } from "node:buffer";
import fs from "node:fs";
import net from "node:net";
import { dirname } from "node:path";
import process from "node:process";
import type { Connection } from "./connection.ts";
import { listenDeno } from "./deno_sockets.ts";
import { listenNode } from "./node_sockets.ts";
import type { SocketAddress, UnixAddress } from "./socket_address.ts";
import { describeSocketError, socketError } from "./socket_error.ts";

/**
 * The longest path of a socket, in bytes. Node would cut a longer one, and listen at another path.
 */
const MAX_PATH = process.platform === "linux" ? 107 : 103;

/** A socket that listens. */
export interface Listener {
  /** Where it listens; the port is never 0. */
  readonly address: SocketAddress;
  /**
   * Takes no more connections; those that there are stay open. A socket file is removed at once.
   * The address can be used again when this resolves.
   */
  close(): Promise<void>;
}

type OnConnection = (connection: Connection) => void;

/**
 * Listens at an address. A socket file can be used by this user alone. A file that a dead process
 * has left behind is replaced.
 */
export async function listen(from: SocketAddress, onConnection: OnConnection): Promise<Listener> {
  try {
    if (!("path" in from)) return await open(from, onConnection);
    if (Buffer.byteLength(from.path) > MAX_PATH) throw socketError(from, "ENAMETOOLONG");
    return await listenPrivately(from, onConnection);
  } catch (error) {
    throw describeListenError(error, from);
  }
}

async function listenPrivately(from: UnixAddress, onConnection: OnConnection): Promise<Listener> {
  let listener;
  try {
    listener = await openPrivately(from, onConnection);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE" || !await isLeft(from)) throw error;
    fs.rmSync(from.path, { force: true });
    listener = await openPrivately(from, onConnection);
  }
  const { address, close } = listener;
  const remove = (): void => fs.rmSync(from.path, { force: true });
  // The file of a script that calls exit() must not stay.
  process.on("exit", remove);
  return {
    address,
    async close(): Promise<void> {
      process.off("exit", remove);
      const closed = close();
      // Not by Deno alone, which removes it later: this process may be about to end.
      remove();
      await closed;
    },
  };
}

/** Makes the socket file with the mode 0600. */
async function openPrivately(from: UnixAddress, onConnection: OnConnection): Promise<Listener> {
  const before = setUmask(0o177);
  let opening;
  try {
    // The file is made before the first wait.
    opening = open(from, onConnection);
  } finally {
    if (before !== undefined) setUmask(before);
  }
  const listener = await opening;
  // A worker of Node cannot set the umask.
  if (before === undefined) fs.chmodSync(from.path, 0o600);
  return listener;
}

async function open(from: SocketAddress, onConnection: OnConnection): Promise<Listener> {
  return await (typeof Deno === "undefined" ? listenNode : listenDeno)(from, onConnection);
}

/** Sets the umask, and gives the one before; `undefined` if this process must not. */
function setUmask(mask: number): number | undefined {
  try {
    return process.umask(mask);
  } catch {
    return undefined;
  }
}

/** Whether nobody listens at a socket file. */
function isLeft({ path }: UnixAddress): Promise<boolean> {
  if (!fs.lstatSync(path, { throwIfNoEntry: false })?.isSocket()) return Promise.resolve(false);
  return new Promise((resolve) => {
    const socket = net.connect({ path });
    socket.once("connect", () => {
      socket.destroy();
      resolve(false);
    });
    socket.once("error", ({ code }: NodeJS.ErrnoException) => resolve(code === "ECONNREFUSED"));
  });
}

function describeListenError(error: unknown, from: SocketAddress): Error {
  // Node reports a missing folder as a missing permission.
  const isMissing = "path" in from && (error as NodeJS.ErrnoException).code === "EACCES" &&
    !fs.existsSync(dirname(from.path));
  return isMissing ? socketError(from, "ENOENT") : describeSocketError(error, from);
}
