import { rangeError, typeError } from "../misuse.ts";
import { resolve } from "node:path";
import type { SocketAddress } from "../../agent/sockets/socket_address.ts";
import type { ForwardOptions } from "../forward.ts";
import { checkKeys, checkPlain, checkText } from "./check.ts";
import { copyOptions } from "./copy_options.ts";
import { pathOf } from "./local_path.ts";
import { shown } from "./shown.ts";

/** The addresses of a forward. */
export interface ForwardAddresses {
  readonly to: SocketAddress;
  readonly from: SocketAddress;
}

/**
 * Checks and copies the options of a forward.
 *
 * @param here Which of the addresses is one of this machine: its path is made absolute.
 * @throws {TypeError} If an option is of the wrong type, or has an unknown name.
 * @throws {RangeError} If a port is not one.
 */
export function forwardAddresses(
  options: ForwardOptions,
  here: keyof ForwardAddresses,
): ForwardAddresses {
  checkPlain(options);
  const { to, from = {} } = copyOptions(options, ["to", "from"]);
  const addresses = { to: addressOf("to", to, 1), from: addressOf("from", from, 0) };
  const own = addresses[here];
  return "path" in own ? { ...addresses, [here]: { path: resolve(own.path) } } : addresses;
}

/** @param lowest The lowest port. With 0, it may be missing. */
function addressOf(key: string, value: unknown, lowest: 0 | 1): SocketAddress {
  const expected = "expected { port } or { path }";
  if (typeof value !== "object" || value === null) {
    throw typeError(`${key} is ${shown(value)}: ${expected}`);
  }
  const { hostname = "127.0.0.1", port = lowest === 0 ? 0 : undefined, path } = value as Record<
    string,
    unknown
  >;
  checkKeys(value, "hostname", "port", "path", "transport");
  // The address of one of Deno's listeners has it.
  const { transport } = value as Record<string, unknown>;
  const known = path === undefined ? "tcp" : "unix";
  if (transport !== undefined && transport !== known) {
    throw typeError(`${key}.transport is ${shown(transport)}: expected "${known}"`);
  }
  if (path !== undefined) {
    const { hostname, port } = value as Record<string, unknown>;
    if (hostname !== undefined || port !== undefined) {
      throw typeError(`${key} has a path and a port or hostname: ${expected}`);
    }
    return { path: pathOf(`${key}.path`, path as string | URL) };
  }
  checkText(`${key}.hostname`, hostname);
  if (typeof port !== "number") {
    throw typeError(`${key}.port is ${shown(port)}: expected a number, or { path }`);
  }
  if (!Number.isInteger(port) || port < lowest || port > 65535) {
    throw rangeError(`${key}.port is ${port}: expected a whole number, ${lowest} to 65535`);
  }
  return { hostname: hostname as string, port };
}
