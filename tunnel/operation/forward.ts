import type { Failure } from "../../agent/protocol/failure.ts";
import { isNatural } from "../../agent/protocol/is_natural.ts";
import { checkAccess } from "../../agent/sockets/check_access.ts";
import type { Connection } from "../../agent/sockets/connection.ts";
import { dial } from "../../agent/sockets/dial.ts";
import { MAX_CONNECTIONS } from "../../agent/sockets/limit.ts";
import { listen } from "../../agent/sockets/listen.ts";
import { addressText, type SocketAddress } from "../../agent/sockets/socket_address.ts";
import type { Channel, Message } from "../../agent/wire/channel.ts";
import { Flag } from "../../agent/wire/frame.ts";
import { decode } from "../../codec/decode.ts";
import { encode } from "../../codec/encode.ts";
import { type ForwardAddresses, forwardAddresses } from "../arguments/forward_options.ts";
import type { Forward, ForwardOptions } from "../forward.ts";
import { resetOnAbort } from "../session/abort_signal.ts";
import type { Session } from "../session/session.ts";
import { visible } from "../visible.ts";
import { type Link, withSession } from "./link.ts";
import { OpenForward } from "./open_forward.ts";
import type { Operation } from "./operation.ts";

/** Told when a connection comes that is one too many. */
const TOO_MANY = `more than ${MAX_CONNECTIONS} connections at once`;

/** What opening a forward needs. */
interface Opening {
  readonly link: Link;
  readonly session: Session;
  /** How errors call it, such as `forward()`. */
  readonly name: string;
  /** How the text of an error begins. */
  readonly failureText: string;
  readonly addresses: ForwardAddresses;
  /** `core.closings` when the operation began. */
  readonly since: number;
  /** The channel that ends with the forward. */
  readonly control: Channel;
}

/** How one of the two directions is opened. */
interface Direction {
  readonly name: string;
  /** How the text of an error begins. */
  describe(host: string): string;
  openControl(session: Session): Channel;
  /** @param answer The far end's address. */
  open(opening: Opening, answer: SocketAddress): OpenForward | Promise<OpenForward>;
}

/**
 * Prepares a `BaseTunnel.forward()`.
 *
 * @throws {TypeError} If an option is of the wrong type.
 * @throws {RangeError} If a port is not one.
 */
export function prepareForward(options: ForwardOptions): Operation<Forward> {
  const addresses = forwardAddresses(options, "from");
  const [from, to] = [addressText(addresses.from), addressText(addresses.to)];
  return prepare(addresses, {
    name: "forward()",
    describe: (host) => `Cannot forward ${from} to ${to} of ${host}`,
    openControl: (session) => session.openSockets("permit", addresses.to),
    open: listenHere,
  });
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
  return prepare(addresses, {
    name: "reverse()",
    describe: (host) => `Cannot forward ${from} of ${host} to ${to}`,
    openControl: (session) => session.openSockets("listenThere", addresses.from),
    open: listenThere,
  });
}

function prepare(addresses: ForwardAddresses, direction: Direction): Operation<Forward> {
  const { name, describe, openControl, open } = direction;
  const perform = (link: Link): Promise<Forward> => {
    const since = link.core.closings;
    return withSession(link, async (session) => {
      const control = openControl(session);
      const failureText = describe(link.host);
      const opening = { link, session, name, failureText, addresses, since, control };
      resetOnAbort(control, link.signal);
      try {
        return await open(opening, await receiveAddress(opening));
      } catch (error) {
        control.reset(error);
        throw error;
      }
    }, since);
  };
  return { ready: undefined, signal: undefined, perform };
}

/** The address that the far end answers. */
async function receiveAddress(
  { link, session, name, failureText, control }: Opening,
): Promise<SocketAddress> {
  const answer = await control.receive();
  if (answer !== undefined && answer.flags & Flag.FAILURE) {
    const text = ({ message }: Failure): string =>
      visible(`${failureText}: on ${link.host}, ${message}`);
    throw session.failure(name, answer.bytes, text);
  }
  const address = answer && decoded(session, answer);
  if (isAddress(address)) return address;
  throw session.broken(`The far end broke the protocol of ${name}`);
}

/** Listens here, and has the far end connect. */
async function listenHere(opening: Opening): Promise<OpenForward> {
  const { session, addresses: { from, to } } = opening;
  const onConnection = (connection: Connection): void => {
    if (forward.connections < MAX_CONNECTIONS) {
      return forward.carry(connection, session.openSockets("connect", to));
    }
    connection.breakOff();
    forward.report(TOO_MANY);
  };
  const listener = await here(opening, () => {
    checkAccess(from, false);
    return listen(from, onConnection);
  });
  const stopListening = (): void => listener.close();
  const forward = new OpenForward({ ...opening, to, addr: listener.address, stopListening });
  return forward;
}

/** Has the far end listen, and connects here. */
async function listenThere(opening: Opening, addr: SocketAddress): Promise<OpenForward> {
  const { session, control, name, addresses: { to } } = opening;
  await here(opening, () => checkAccess(to, false));
  const onMessage = async (message: Message): Promise<void> => {
    const number = decoded(session, message);
    if (!isNatural(number)) throw session.broken(`The far end broke the protocol of ${name}`);
    if (number === 0) return forward.report(TOO_MANY);
    // The far end counts them, too, but it is not trusted.
    await forward.untilRoom();
    const channel = session.openSockets("accept", number);
    forward.carry(dial(to, channel), channel);
    // A far end that does not read is not served on.
    control.send(encode(number));
    await control.drained();
  };
  const forward = new OpenForward({ ...opening, to, addr, onMessage });
  return forward;
}

/** Does something with a socket here, and says in an error that it was here. */
async function here<T>({ failureText }: Opening, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw new Error(`${failureText}: here, ${(cause as Error).message}`, { cause });
  }
}

function decoded(session: Session, { bytes }: Message): unknown {
  try {
    return decode(bytes, session.decoding);
  } catch {
    return undefined;
  }
}

function isAddress(value: unknown): value is SocketAddress {
  const { path, hostname, port } = (value ?? {}) as Record<string, unknown>;
  return typeof path === "string" || typeof hostname === "string" && isNatural(port);
}
