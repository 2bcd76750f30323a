import type { Failure } from "../../agent/protocol/failure.ts";
import { isNatural } from "../../agent/protocol/is_natural.ts";
import { checkAccess } from "../../agent/sockets/check_access.ts";
import type { Connection } from "../../agent/sockets/connection.ts";
import { dial } from "../../agent/sockets/dial.ts";
import { MAX_CONNECTIONS } from "../../agent/sockets/limit.ts";
import { listen } from "../../agent/sockets/listen.ts";
import type { SocketAddress } from "../../agent/sockets/socket_address.ts";
import type { Channel, Message } from "../../agent/wire/channel.ts";
import { Flag } from "../../agent/wire/frame.ts";
import { decode } from "../../codec/decode.ts";
import { encode } from "../../codec/encode.ts";
import type { ForwardAddresses } from "../arguments/forward_options.ts";
import type { Forward } from "../forward.ts";
import { resetOnAbort } from "../session/abort_signal.ts";
import type { Session } from "../session/session.ts";
import { visible } from "../visible.ts";
import type { Link } from "./link.ts";
import { OpenForward } from "./open_forward.ts";

/** Told when a connection comes that is one too many. */
const TOO_MANY = `more than ${MAX_CONNECTIONS} connections at once`;

/** What opening a forward needs. */
export interface Opening {
  readonly link: Link;
  readonly session: Session;
  readonly way: "forward" | "reverse";
  readonly addresses: ForwardAddresses;
  /** How the text of an error begins. */
  readonly failureText: string;
  /** `core.closings` when the operation began. */
  readonly since: number;
}

/** What is known of a forward when the far end has been asked. */
interface Known extends Opening {
  /** How errors call it, such as `forward()`. */
  readonly name: string;
  /** The channel that ends with the forward. */
  readonly control: Channel;
}

/** Opens a forward on a session. */
export async function openForward(opening: Opening): Promise<Forward> {
  const { session, way, addresses } = opening;
  const control = way === "forward"
    ? session.openSockets("permit", addresses.to)
    : session.openSockets("listenThere", addresses.from);
  resetOnAbort(control, opening.link.signal);
  try {
    const known: Known = { ...opening, name: `${way}()`, control };
    const answer = await receiveAddress(known);
    return await (way === "forward" ? listenHere(known) : listenThere(known, answer));
  } catch (error) {
    control.reset(error);
    throw error;
  }
}

/** The address that the far end answers. */
async function receiveAddress(
  { link, session, name, failureText, control }: Known,
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
async function listenHere(opening: Known): Promise<OpenForward> {
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
  const stopListening = (): Promise<void> => listener.close();
  const forward = new OpenForward({ ...opening, to, addr: listener.address, stopListening });
  return forward;
}

/** Has the far end listen, and connects here. */
async function listenThere(opening: Known, addr: SocketAddress): Promise<OpenForward> {
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
async function here<T>({ failureText }: Known, work: () => T | Promise<T>): Promise<T> {
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
