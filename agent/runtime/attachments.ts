import { encode } from "../../codec/encode.ts";
import { CALLBACK } from "../agent_host.ts";
import type { Channel } from "../wire/channel.ts";
import { decodeFailure, type Failure } from "../protocol/failure.ts";
import { Flag } from "../wire/frame.ts";
import { HandleKind, reviveValue } from "../protocol/handle.ts";
import type { Parts } from "../protocol/parts.ts";
import type { Multiplexer } from "../wire/multiplexer.ts";
import { Request } from "../protocol/request.ts";
import { sendLast } from "../protocol/send_value.ts";
import { decodeValue } from "../protocol/value.ts";
import { receiveStream } from "../protocol/value_stream.ts";
import { limitStream } from "./stream_limits.ts";
import { TRUSTED } from "./trusted.ts";

/**
 * The agent's half of the attachments, which go on beside values: streams, signals and callbacks.
 */
export class Attachments {
  readonly #multiplexer: () => Multiplexer;
  readonly #incoming: Map<number, Channel>;
  /**
   * Callbacks that nobody here can call any more. A garbage collection finds many, and the
   * controller is told of them at once.
   */
  #released: number[] = [];
  readonly #unreachable = new FinalizationRegistry<number>((callback) => {
    if (this.#released.push(callback) === 1) queueMicrotask(() => this.#sendReleased());
  });

  /**
   * @param multiplexer Gives the connection to the controller.
   * @param incoming The channels of streams and signals that no value has referred to yet.
   */
  constructor(multiplexer: () => Multiplexer, incoming: Map<number, Channel>) {
    this.#multiplexer = multiplexer;
    this.#incoming = incoming;
  }

  /**
   * Makes the value of a handle. The handles in the values of a call refer to its attachments, and
   * those in the result of a callback to channels.
   *
   * @param onBegun Takes what has to be called when the function of the call is called.
   */
  revive(
    data: unknown,
    attachments?: readonly number[],
    onBegun?: (listener: () => void) => void,
  ): unknown {
    const [kind, first, second, ...limits] = data as unknown[];
    switch (kind) {
      case HandleKind.STREAM: {
        const channel = this.#take(attachments?.[first as number] ?? first as number);
        const stream = receiveStream(channel, second as number, {
          decoding: TRUSTED,
          fail: thrownBy,
          broken: (cause) => cause,
        });
        const [isRepeatable, ...members] = limits;
        return limitStream(stream, isRepeatable, members);
      }
      case HandleKind.SIGNAL:
        return this.#signal(this.#take(attachments![first as number]!), onBegun!);
      case HandleKind.ABORTED:
        return AbortSignal.abort(first);
      case HandleKind.CALLBACK:
        return this.#callback(attachments![first as number]!);
      default:
        return reviveValue(data);
    }
  }

  /** Sends `value` as the last message of `channel`; see {@linkcode sendLast}. */
  sendLast(
    channel: Channel,
    value: unknown,
    name: string,
    onGivenUp?: (reason: unknown) => void,
    parts?: Parts,
  ): void {
    const open = (): Channel => this.#multiplexer().open(encode([Request.STREAM]));
    sendLast(channel, value, name, open, onGivenUp, parts);
  }

  #sendReleased(): void {
    this.#multiplexer().open(encode([Request.RELEASE, ...this.#released])).end();
    this.#released = [];
  }

  #take(id: number): Channel {
    const channel = this.#incoming.get(id);
    if (channel === undefined) throw new TypeError("The controller gave a stream or a signal up");
    this.#incoming.delete(id);
    return channel;
  }

  #signal(channel: Channel, onBegun: (listener: () => void) => void): AbortSignal {
    const controller = new AbortController();
    // A function that is called here, too, has time to listen before the signal can abort.
    const begun = new Promise<void>(onBegun);
    channel.receive().then(async (message) => {
      channel.end();
      await begun;
      if (message !== undefined) {
        controller.abort(decodeValue(message.bytes, TRUSTED));
      }
    }, (error) => controller.abort(error));
    return controller.signal;
  }

  #callback(id: number): (...args: unknown[]) => Promise<unknown> {
    const call = async (...args: unknown[]): Promise<unknown> => {
      const channel = this.#multiplexer().open(encode([Request.CALLBACK, id]));
      try {
        this.sendLast(channel, args, "arguments");
      } catch (error) {
        channel.reset(error);
        throw error;
      }
      const message = await channel.receive();
      if (message === undefined) throw new TypeError("The controller gave no answer");
      if (message.flags & Flag.FAILURE) throw thrownBy(decodeFailure(message.bytes, TRUSTED));
      const revive = (data: unknown): unknown => this.revive(data);
      return decodeValue(message.bytes, { ...TRUSTED, revive });
    };
    Object.defineProperty(call, CALLBACK, { value: true });
    this.#unreachable.register(call, id);
    return call;
  }
}

/** Gives the value to throw here for a failure at the controller. */
function thrownBy(failure: Failure): unknown {
  if ("thrown" in failure) return failure.thrown;
  const error = new Error(failure.message);
  error.name = failure.name;
  return error;
}
