import { decode } from "../../codec/decode.ts";
import { encode } from "../../codec/encode.ts";
import { decodeFailure, encodeFailure, type Failure } from "../protocol/failure.ts";
import type { Handle } from "../protocol/handle.ts";
import { partOf, Parts } from "../protocol/parts.ts";
import type { Channel } from "../wire/channel.ts";
import type { Multiplexer } from "../wire/multiplexer.ts";
import { Attachments } from "./attachments.ts";
import { type LoadedCode, setVariables } from "./loaded_code.ts";
import { define, type Property, reviverOf } from "./reviver.ts";
import { TRUSTED } from "./trusted.ts";

/**
 * The function of a call, if it goes by value, and the arguments, which are read once: when the
 * function is called.
 */
export type Received = readonly [fn: unknown, args: unknown[]];

/** The things that the values of a call with code refer to. */
interface CallContext {
  readonly code: LoadedCode;
  /** The numbers of the channels of its streams and signals. */
  readonly attachments: readonly number[];
  /** What came ahead of the values. */
  readonly parts: readonly Uint8Array[];
}

/** Encodes and decodes the values of an agent that are not plain, and failures. */
export class Values {
  readonly encode: typeof encode = encode;
  readonly decode: typeof decode = decode;
  readonly encodeFailure: typeof encodeFailure = encodeFailure;
  readonly #attachments: Attachments;

  /**
   * @param multiplexer Gives the connection to the controller.
   * @param incoming The channels of streams and signals that no value has referred to yet.
   */
  constructor(multiplexer: () => Multiplexer, incoming: Map<number, Channel>) {
    this.#attachments = new Attachments(multiplexer, incoming);
  }

  /**
   * Decodes what the controller has sent, which may be of any size; see `Agent`.
   *
   * @param parts What came ahead of it.
   */
  read(bytes: Uint8Array, parts: readonly Uint8Array[] = []): unknown {
    const revive = (data: unknown): unknown => partOf(data as Handle, parts);
    return decode(bytes, { ...TRUSTED, revive });
  }

  /** Decodes a failure at the controller. */
  decodeFailure(bytes: Uint8Array): Failure {
    return decodeFailure(bytes, TRUSTED);
  }

  /** Decodes the values of a call with code. */
  receive(bytes: Uint8Array, { code, attachments, parts }: CallContext): Received {
    const waiting: (() => void)[] = [];
    const onBegun = (listener: () => void): void => void waiting.push(listener);
    const revive = reviverOf(
      code,
      (data) =>
        partOf(data as Handle, parts) ?? this.#attachments.revive(data, attachments, onBegun),
    );
    const [fn, args, captured, ...properties] = decode(bytes, { ...TRUSTED, revive }) as [
      unknown,
      unknown[],
      unknown[][],
      ...Property[],
    ];
    setVariables(code, captured);
    properties.forEach(define);
    return [fn, waiting.length === 0 ? args : seenByCall(args, waiting)];
  }

  /** Sends the result of a call; `onGivenUp` is called when its last stream is given up. */
  sendResult(channel: Channel, result: unknown, onGivenUp: (reason: unknown) => void): void {
    this.#attachments.sendLast(channel, result, "result", onGivenUp, new Parts());
  }
}

/**
 * Arguments that tell listeners when the function is called. (To have the agent tell them would be
 * 60 bytes more to connect.)
 */
function seenByCall(args: unknown[], listeners: readonly (() => void)[]): unknown[] {
  const { length } = args;
  const list = {
    ...args,
    get length() {
      listeners.forEach((listener) => listener());
      return length;
    },
  };
  return list as unknown as unknown[];
}
