import { decodeFailure, type Failure } from "../../agent/protocol/failure.ts";
import type * as Files from "../../agent/file_service.ts";
import type * as Sockets from "../../agent/socket_service.ts";
import {
  type FunctionPlace,
  type FunctionReference,
  Request,
} from "../../agent/protocol/request.ts";
import { bringsPart, sendParts } from "../../agent/protocol/parts.ts";
import { type Channel, ChannelReset, type Message } from "../../agent/wire/channel.ts";
import { Flag } from "../../agent/wire/frame.ts";
import { ProtocolError } from "../../agent/wire/protocol_error.ts";
import { DecodeError } from "../../codec/decode_error.ts";
import { encode } from "../../codec/encode.ts";
import type { CallImage } from "../closure/call_image.ts";
import type { AgentConnection } from "../connection/agent_connection.ts";
import { agentHost } from "../../agent/agent_host.ts";
import type { IncludedFiles } from "../modules/included_files.ts";
import type { ServedFolders } from "../modules/served_folders.ts";
import { newWithoutOwnFrames } from "../own_frames.ts";
import { RemoteError } from "../remote_error.ts";
import { showError } from "../visible.ts";
import { resetOnAbort } from "./abort_signal.ts";
import { Attachments, type ReceivedParts } from "./attachments.ts";
import { type Decoding, decodingOf } from "./decoding.ts";
import { FileShipment } from "./file_shipment.ts";
import { explainMissingFile } from "./missing_file.ts";
import { explainMissingPatch } from "./missing_patch.ts";
import { isPlainCall } from "./plain_call.ts";
import { Requests, type RequestsOptions } from "./requests.ts";
import { Shipment } from "./shipment.ts";
import { presentCarrier } from "./trace_context.ts";

/** Why the channel of a call is given up when the answer is there. Shared, as calls are many. */
const OVER = new Error("The call is over");

/** The memory that an array of bytes takes beside its bytes. */
const PART_COST = 130;

/** Options for {@linkcode Session}, all of which a tunnel sets. */
export interface SessionOptions {
  readonly host: string;
  /** The folders whose files the far end may ask for. */
  readonly serve: ServedFolders;
  /** The files that are sent along. */
  readonly include: IncludedFiles;
  /** Tells the user about something that the far end did. */
  readonly report: (line: string) => void;
  /** How much memory a value of the far end may take, in bytes. */
  readonly maxResult: number;
}

/** Calls over one connection. */
export class Session {
  readonly connection: AgentConnection;
  /** How to decode what the far end sends. */
  readonly decoding: Decoding;
  /** Tells the user about something that the far end did. */
  readonly report: (line: string) => void;
  readonly #host: string;
  readonly #shipment: Shipment;
  readonly #attachments: Attachments;
  readonly #requestsOptions: RequestsOptions;
  /** Most agents ask for nothing. */
  #requests: Requests | undefined;
  readonly #functions = new Map<FunctionPlace, number>();
  /**
   * Whether calls go through the agent's part for traces. That takes turns of its event loop, so
   * one call cannot rely on what an earlier one has told, and calls do not go another way again.
   */
  #hasTraces = false;
  /** Whether no call has been made: the agent then begins with plain values. */
  #isFirst = true;

  constructor(options: SessionOptions, connection: AgentConnection) {
    const { host, serve, include, report, maxResult } = options;
    const decoding = decodingOf(maxResult);
    this.connection = connection;
    this.decoding = decoding;
    this.report = report;
    this.#host = host;
    // An agent serves what its own controller serves.
    const isServing = (agentHost()?.serve ?? serve.urls).length > 0;
    const files = new FileShipment({ include, isServing, report });
    this.#shipment = new Shipment(connection.multiplexer, files, connection.isLocal);
    const broken = (text: string, cause?: unknown): Error => this.broken(text, cause);
    this.#attachments = new Attachments({
      multiplexer: connection.multiplexer,
      hold: () => {
        connection.hold();
        return () => connection.release();
      },
      decoding,
      fail: (failure) => this.#errorOf("A stream", failure),
      broken,
    });
    this.#requestsOptions = {
      serve,
      report,
      decoding,
      shipment: this.#shipment,
      files,
      attachments: this.#attachments,
      broken,
    };
  }

  /** Whether modules and all that they import have been sent. */
  hasModules(modules: readonly string[]): boolean {
    return this.#shipment.hasGraphs(modules);
  }

  /**
   * Sends what the agent does not have yet of modules and all that they import. Rejects with a
   * `TypeError` if something cannot be sent.
   */
  async sendModules(modules: readonly string[]): Promise<void> {
    await this.#shipment.sendGraphs(modules);
  }

  /**
   * Makes a call, whose modules have been sent. Rejects with what the far end threw as a
   * `RemoteError`, with the signal's reason, or with the reason why the connection ended.
   *
   * @param name How a failure calls it, such as `report()`.
   */
  async call(name: string, image: CallImage, signal: AbortSignal | undefined): Promise<unknown> {
    const { place, code, body } = image;
    const carrier = presentCarrier();
    if (carrier !== undefined) this.#hasTraces = true;
    this.#sendValues(image);
    const attachments = image.attachments.length === 0
      ? undefined
      : this.#attachments.send(image.attachments, signal);
    const reference = place === undefined ? null : this.#referTo(place);
    const codeId = code === undefined ? null : this.#shipment.sendCode(code);
    const request = [Request.CALL, this.#shipment.batches, reference, codeId];
    const header = encode(
      attachments === undefined ? request : [...request, attachments.numbers],
    );
    const channel = this.#hasTraces
      ? this.#openService(this.#shipment.sendService("traces"), "call", [carrier ?? {}, header])
      : this.connection.multiplexer.open(header);
    if (body === undefined) channel.end();
    else {
      sendParts(channel, image.parts);
      channel.send(body, Flag.END);
    }
    resetOnAbort(channel, signal);
    try {
      const message = await channel.receive();
      return bringsPart(message)
        ? await this.#readParts(name, channel, message, signal)
        : this.#read(name, message, signal);
    } catch (error) {
      attachments?.fail(error);
      if (error instanceof ChannelReset) throw this.broken("The agent gave a call up", error);
      throw error;
    } finally {
      // An agent that would send more than its answer must not keep the channel open.
      channel.reset(OVER);
      attachments?.end();
    }
  }

  /** Sends the agent's part for values, unless this is the first call and may do without. */
  #sendValues(image: CallImage): void {
    const isFirst = this.#isFirst;
    this.#isFirst = false;
    if (this.#shipment.hasValues || isFirst && this.#shipment.isTame && isPlainCall(image)) return;
    this.#shipment.sendValues();
  }

  /** Opens a channel that a function of the agent's part for files serves. */
  openFiles(name: keyof typeof Files, ...args: unknown[]): Channel {
    return this.#openService(this.#shipment.sendService("files"), name, args);
  }

  /** Opens a channel that a function of the agent's part for sockets serves. */
  openSockets(name: keyof typeof Sockets, ...args: unknown[]): Channel {
    return this.#openService(this.#shipment.sendService("sockets"), name, args);
  }

  #openService(module: string, name: string, args: readonly unknown[]): Channel {
    return this.connection.multiplexer.open(
      encode([Request.SERVICE, this.#shipment.batches, module, name, ...args]),
    );
  }

  /** Answers a request of the agent. */
  handleChannel(channel: Channel, header: Uint8Array): void {
    // A callback may have closed the tunnel when a long header had come.
    if (this.connection.multiplexer.ended !== undefined) return;
    this.#requests ??= new Requests(this.#requestsOptions);
    this.#requests.handle(channel, header);
  }

  /**
   * The error for a failure that the far end told of, or for one that cannot be read.
   *
   * @param name How the failed operation is called.
   * @param text Gives the message, if it is not the usual one.
   */
  failure(name: string, bytes: Uint8Array, text?: (failure: Failure) => string): Error {
    let failure;
    try {
      failure = decodeFailure(bytes, this.decoding);
    } catch (cause) {
      return this.broken(`The far end sent a failure of ${name} that cannot be read`, cause);
    }
    return this.#errorOf(name, failure, text?.(failure));
  }

  #errorOf(name: string, failure: Failure, text?: string): RemoteError {
    const explained = explainMissingFile(explainMissingPatch(failure));
    return newWithoutOwnFrames(new RemoteError(this.#host, name, explained, text));
  }

  /**
   * Closes the connection, because the far end broke the protocol, and gives the error for that.
   */
  broken(text: string, cause?: unknown): Error {
    const { ended } = this.connection.multiplexer;
    // Messages that were cut short by the end of the connection are not the far end's fault.
    if (ended !== undefined) return ended;
    // It may have been made of what the far end sent.
    if (cause instanceof Error) showError(cause);
    const isTooLarge = cause instanceof DecodeError && cause.exceeds === "maxCost";
    const remedy = isTooLarge ? "; raise the option maxResult if it is to be this large" : "";
    const why = cause instanceof Error ? `: ${cause.message}${remedy}` : "";
    const error = newWithoutOwnFrames(new ProtocolError(`${text}${why}`, { cause }));
    this.connection.multiplexer.end(error);
    return error;
  }

  /** A reference to a function there: its place the first time, and then only its number. */
  #referTo(place: FunctionPlace): FunctionReference {
    const known = this.#functions.get(place);
    if (known !== undefined && !this.#hasTraces) return known;
    const id = known ?? this.#functions.size;
    this.#functions.set(place, id);
    // A path with symbols in it goes by a handle.
    return [id, place.module, ...place.path as readonly string[]];
  }

  /** Reads a result whose large arrays come ahead of it. */
  async #readParts(
    name: string,
    channel: Channel,
    first: Message,
    signal: AbortSignal | undefined,
  ): Promise<unknown> {
    const { maxCost } = this.decoding;
    const parts: Uint8Array[] = [];
    let size = 0;
    let message: Message | undefined = first;
    for (; bringsPart(message); message = await channel.receive()) {
      parts.push(message.bytes);
      size += message.bytes.length + PART_COST;
      if (size <= maxCost) continue;
      const cause = new DecodeError(
        `it takes more than ${maxCost} bytes of memory`,
        0,
        false,
        "maxCost",
      );
      throw this.broken(`The result of ${name} cannot be read`, cause);
    }
    return this.#read(name, message, signal, { parts, size });
  }

  #read(
    name: string,
    message: Message | undefined,
    signal: AbortSignal | undefined,
    received?: ReceivedParts,
  ): unknown {
    if (message === undefined) throw this.broken("The agent ended a call without a result");
    if (message.flags & Flag.FAILURE) throw this.failure(name, message.bytes);
    try {
      return this.#attachments.decode(message.bytes, signal, undefined, received);
    } catch (cause) {
      throw this.broken(`The result of ${name} cannot be read`, cause);
    }
  }
}
