import { addressText } from "../../agent/sockets/socket_address.ts";
import { type ForwardAddresses, forwardAddresses } from "../arguments/forward_options.ts";
import type { Forward, ForwardOptions } from "../forward.ts";
import type { Opening } from "./forward_ways.ts";
import { type Link, withSession } from "./link.ts";
import type { Operation } from "./operation.ts";

/**
 * Prepares a `BaseTunnel.forward()`.
 *
 * @throws {TypeError} If an option is of the wrong type.
 * @throws {RangeError} If a port is not one.
 */
export function prepareForward(options: ForwardOptions): Operation<Forward> {
  const addresses = forwardAddresses(options, "from");
  const [from, to] = [addressText(addresses.from), addressText(addresses.to)];
  return prepare("forward", addresses, (host) => `Cannot forward ${from} to ${to} of ${host}`);
}

/**
 * Prepares a `BaseTunnel.reverse()`.
 *
 * @throws {TypeError} If an option is of the wrong type.
 * @throws {RangeError} If a port is not one.
 */
export function prepareReverse(options: ForwardOptions): Operation<Forward> {
  const addresses = forwardAddresses(options, "to");
  const [from, to] = [addressText(addresses.from), addressText(addresses.to)];
  return prepare("reverse", addresses, (host) => `Cannot forward ${from} of ${host} to ${to}`);
}

/** @param describe Gives how the text of an error begins. */
function prepare(
  way: Opening["way"],
  addresses: ForwardAddresses,
  describe: (host: string) => string,
): Operation<Forward> {
  const perform = (link: Link): Promise<Forward> => {
    const since = link.core.closings;
    return withSession(link, async (session) => {
      // Loaded late: most scripts open no socket, and start sooner without.
      const { openForward } = await import("./forward_ways.ts");
      const failureText = describe(link.host);
      return await openForward({ link, session, way, addresses, failureText, since });
    }, since);
  };
  return { ready: undefined, signal: undefined, perform };
}
