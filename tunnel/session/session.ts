import { deflateRawSync } from "node:zlib";
import { type Channel, ChannelReset, type Message } from "../../agent/wire/channel.ts";
import { FILES_BUNDLE } from "../../agent/_files_bundle.ts";
import { decodeFailure, encodeFailure, type Failure } from "../../agent/protocol/failure.ts";
import type * as Files from "../../agent/file_service.ts";
import { Flag } from "../../agent/wire/frame.ts";
import type { Code } from "../../agent/protocol/handle.ts";
import { type ModuleRecord, urlOf } from "../../agent/protocol/module_record.ts";
import { ProtocolError } from "../../agent/wire/protocol_error.ts";
import {
  type Batch,
  type FunctionPlace,
  type FunctionReference,
  Request,
} from "../../agent/protocol/request.ts";
import { decode } from "../../codec/decode.ts";
import { encode } from "../../codec/encode.ts";
import type { AgentConnection } from "../connection/agent_connection.ts";
import { Attachments } from "./attachments.ts";
import type { CallImage } from "../closure/call_image.ts";
import type { SentSource } from "../source/lower_using.ts";
import { moduleGraph } from "../modules/module_graph.ts";
import { modulesHere } from "../modules/modules_here.ts";
import type { ServedFolders } from "../modules/served_folders.ts";
import { visible } from "../visible.ts";
import { RemoteError } from "../remote_error.ts";

/** Why the channel of a call that has its answer is given up. One for all: each call comes by here. */
const OVER = new Error("The call is over");

/** The part of the agent that works on files. */
const FILES: ModuleRecord = {
  id: "chopsticks:files",
  kind: "js",
  source: FILES_BUNDLE,
  imports: {},
};

/** What a {@linkcode Session} needs to know of its tunnel. */
export interface SessionOptions {
  readonly host: string;
  /** Of which folders the far end may ask for files. */
  readonly serve: ServedFolders;
  /** Tells the user of something that the far end did. */
  readonly report: (line: string) => void;
}

/** Calls over one connection, and what its agent has been sent already. */
export class Session {
  readonly connection: AgentConnection;
  readonly #options: SessionOptions;
  readonly #attachments: Attachments;
  readonly #functions = new Map<FunctionPlace, number>();
  /** Modules that have been sent. */
  readonly #modules = new Set<string>();
  /** Those of them of which all that they import has been sent, too. */
  readonly #graphs = new Set<string>();
  /** The numbers of code that has been sent. */
  readonly #codes = new Map<string, number>();
  /** The scripts that it was cut from. */
  readonly #codeUrls = new Set<string>();
  #batchChannel: Channel | undefined;
  #batches = 0;
  /** What is in the batches that may have `using` declarations, until an agent without that syntax asks. */
  readonly #lowerable = new Map<number, readonly SentSource[]>();

  constructor(options: SessionOptions, connection: AgentConnection) {
    this.#options = options;
    this.connection = connection;
    this.#attachments = new Attachments({
      multiplexer: connection.multiplexer,
      hold: () => {
        connection.hold();
        return () => connection.release();
      },
      fail: (failure) => new RemoteError(options.host, "A stream", failure),
      broken: (text, cause) => this.broken(text, cause),
    });
  }

  /**
   * Sends what of the graphs of `modules` the agent does not have.
   *
   * @throws {TypeError} If one of them cannot be sent.
   */
  async sendModules(modules: readonly string[]): Promise<void> {
    for (const id of modules) {
      if (this.#graphs.has(id)) continue;
      const graph = await moduleGraph(id);
      const missing = [...graph.values()].filter((record) => !this.#modules.has(record.id));
      for (const { id } of graph.values()) {
        this.#modules.add(id);
        this.#graphs.add(id);
      }
      if (missing.length === 0) continue;
      this.#sendBatch([missing, []]);
    }
  }

  #sendBatch(batch: Batch): void {
    this.#batchChannel ??= this.connection.multiplexer.open(encode([Request.BATCHES]));
    this.#batchChannel.send(deflateRawSync(encode(batch)));
    const [records, codes] = batch;
    const sources = [...records, ...codes.flatMap(({ units }) => units)];
    if (sources.some(mayUse)) this.#lowerable.set(this.#batches, sources);
    this.#batches++;
  }

  /** Whether all of a call's modules have been sent. */
  hasModules(modules: readonly string[]): boolean {
    return modules.every((id) => this.#graphs.has(id));
  }

  /**
   * Makes a call, whose modules have been sent. `operation` is how a failure calls it. Rejects with
   * what the far end threw as a `RemoteError`, with the signal's reason, or with why the connection ended.
   */
  async call(
    operation: string,
    image: CallImage,
    signal: AbortSignal | undefined,
  ): Promise<unknown> {
    const { place, code, body } = image;
    const attachments = this.#attachments.send(image.attachments, signal);
    const reference = place === undefined ? null : this.#referTo(place);
    const codeId = code === undefined ? null : this.#sendCode(code);
    const channel = this.connection.multiplexer.open(
      encode([Request.CALL, this.#batches, reference, codeId, attachments.numbers]),
    );
    if (body === undefined) channel.end();
    else channel.send(body, Flag.END);
    const onAbort = (): void => channel.reset(signal!.reason);
    signal?.addEventListener("abort", onAbort, { once: true });
    try {
      const message = await channel.receive();
      return this.#read(operation, message, signal);
    } catch (error) {
      attachments.fail(error);
      if (error instanceof ChannelReset) this.#broken("The agent gave a call up", error);
      throw error;
    } finally {
      signal?.removeEventListener("abort", onAbort);
      // An agent that would send more than its answer does not keep the channel open by it.
      channel.reset(OVER);
      attachments.end();
    }
  }

  /** Opens a channel that a function of the agent's files module serves; the module is sent when it is first needed. */
  openFiles(name: keyof typeof Files, ...args: unknown[]): Channel {
    if (!this.#modules.has(FILES.id)) {
      this.#modules.add(FILES.id);
      this.#sendBatch([[FILES], []]);
    }
    return this.connection.multiplexer.open(
      encode([Request.SERVICE, this.#batches, FILES.id, name, ...args]),
    );
  }

  /** The error for a failure that the far end told of, or for one that cannot be read. `text` is its message. */
  failure(operation: string, bytes: Uint8Array, text?: (failure: Failure) => string): Error {
    let failure;
    try {
      failure = decodeFailure(bytes);
    } catch (cause) {
      return this.broken(`A failure of ${operation} that cannot be read`, cause);
    }
    return new RemoteError(this.#options.host, operation, failure, text?.(failure));
  }

  /** Answers a request of the agent. */
  handleChannel(channel: Channel, header: Uint8Array): void {
    let request: unknown;
    try {
      request = decode(header);
    } catch (cause) {
      this.#broken("A request that cannot be read", cause);
    }
    const [kind, ...rest] = Array.isArray(request) ? request : [];
    switch (kind) {
      case Request.IMPORT:
        return this.#handleImport(channel, rest);
      case Request.FILE:
        return void this.#sendFile(channel, rest[0]);
      case Request.LOWER:
        return this.#handleLower(channel, rest);
      case Request.STREAM:
        return this.#attachments.add(channel);
      case Request.CALLBACK:
        return void this.#attachments.callBack(channel, rest[0]);
      case Request.RELEASE:
        this.#attachments.releaseCallbacks(rest);
        return channel.end();
      default:
        this.#broken("A request that a controller does not take");
    }
  }

  #handleImport(channel: Channel, [specifier, referrer, type]: unknown[]): void {
    if (
      typeof specifier !== "string" || typeof referrer !== "string" ||
      !(type === undefined || typeof type === "string")
    ) this.#broken("A request that a controller does not take");
    this.#import(specifier, referrer, type).then(
      (answer) => channel.send(encode(answer), Flag.END),
      (error) => channel.send(encodeFailure(error), Flag.FAILURE | Flag.END),
    );
  }

  /** The id of a module that the agent asks for, and how many batches it has to have for it. */
  async #import(
    specifier: string,
    referrer: string,
    type: string | undefined,
  ): Promise<[string, number]> {
    // Only what was sent can ask, so nothing is resolved from a place of the agent's choice.
    const known = this.#modules.has(referrer) || this.#codeUrls.has(referrer);
    const id = known ? await modulesHere.resolveDynamic(specifier, referrer, type) : undefined;
    if (id !== undefined && id.startsWith("node:")) return [id, this.#batches];
    if (id === undefined || !this.#mayHave(id)) {
      // Whether there is such a file is not for the far end to know, unless it may have it.
      throw this.#refusal(`Cannot import ${JSON.stringify(specifier)} from ${referrer}`);
    }
    await this.sendModules([id]);
    return [id, this.#batches];
  }

  /** Reports what the far end may not have, and gives the error that tells it so. */
  #refusal(text: string): TypeError {
    const error = new TypeError(
      `${text}: it is not among the modules that were sent, nor in a folder that is served`,
    );
    this.#options.report(`Refused: ${visible(error.message.slice(0, 1000))}`);
    return error;
  }

  /** Throws if it may, but there is no such module. */
  #mayHave(id: string): boolean {
    // What came through this agent's own controller was that one's to give.
    if (this.#modules.has(id) || modulesHere.hasReceived(id)) return true;
    const found = this.#options.serve.find(urlOf(id));
    if (found === "missing") throw new TypeError(`Cannot import ${id}: there is no such file`);
    return found === "served";
  }

  #handleLower(channel: Channel, [batch]: unknown[]): void {
    const sources = this.#lowerable.get(batch as number);
    if (sources === undefined) this.#broken("A request that a controller does not take");
    // It is asked for once, which bounds the work that an agent can cause.
    this.#lowerable.delete(batch as number);
    this.#lower(sources).then((lowered) => channel.send(deflateRawSync(encode(lowered)), Flag.END));
  }

  /** What to run instead of those of the sources that have `using` declarations, with their indices. */
  async #lower(
    sources: readonly SentSource[],
  ): Promise<(readonly [number, SentSource["source"]])[]> {
    try {
      // Only a controller of old agents needs it.
      const { lowerUsing } = await import("../source/lower_using.ts");
      return sources.flatMap((one, index) => {
        const lowered = mayUse(one) ? lowerUsing(one) : one.source;
        return lowered === one.source ? [] : [[index, lowered] as const];
      });
    } catch (error) {
      // The agent waits for an answer; what is wrong, it hears from its engine.
      this.#options.report(`Cannot replace \`using\` declarations: ${(error as Error).message}`);
      return [];
    }
  }

  async #sendFile(channel: Channel, url: unknown): Promise<void> {
    try {
      const bytes = await this.#readFile(url);
      if (bytes === undefined) channel.end();
      else channel.send(bytes, Flag.RAW | Flag.END);
    } catch (error) {
      channel.send(encodeFailure(error), Flag.FAILURE | Flag.END);
    }
  }

  /** A file that is served; `undefined` if there is none. */
  async #readFile(url: unknown): Promise<Uint8Array | undefined> {
    const isFile = typeof url === "string" && url.startsWith("file:");
    const file = isFile ? await modulesHere.servedFile(url, this.#options.serve) : "refused";
    if (file === "refused") throw this.#refusal(`Cannot read ${url}`);
    return file === "missing" ? undefined : file;
  }

  /** Sends code that has not been sent yet, and gives its number. */
  #sendCode(code: Code): number {
    const key = new TextDecoder("latin1").decode(encode(code));
    const known = this.#codes.get(key);
    if (known !== undefined) return known;
    const id = this.#codes.size;
    this.#codes.set(key, id);
    for (const { url } of code.units) this.#codeUrls.add(url);
    this.#sendBatch([[], [code]]);
    return id;
  }

  #referTo(place: FunctionPlace): FunctionReference {
    const known = this.#functions.get(place);
    if (known !== undefined) return known;
    const id = this.#functions.size;
    this.#functions.set(place, id);
    return [id, place.module, ...place.path];
  }

  #read(operation: string, message: Message | undefined, signal: AbortSignal | undefined): unknown {
    if (message === undefined) this.#broken("The agent ended a call without a result");
    if (message.flags & Flag.FAILURE) throw this.failure(operation, message.bytes);
    let value;
    try {
      value = this.#attachments.decode(message.bytes, signal);
    } catch (cause) {
      this.#broken(`The result of ${operation} cannot be read`, cause);
    }
    return value;
  }

  /** The far end does not keep to the protocol: there is nothing to expect of it any more. */
  #broken(text: string, cause?: unknown): never {
    throw this.broken(text, cause);
  }

  /** Closes the connection, whose far end does not keep to the protocol, and gives the error for that. */
  broken(text: string, cause: unknown): Error {
    const { ended } = this.connection.multiplexer;
    // What was on its way when the connection ended is not the far end's fault.
    if (ended !== undefined) return ended;
    const why = cause instanceof Error ? `: ${cause.message}` : "";
    const error = new ProtocolError(`${text}${why}`, { cause });
    this.connection.multiplexer.end(error);
    return error;
  }
}

/** Whether there may be `using` declarations in it. */
function mayUse({ kind = "js", source }: SentSource): boolean {
  return kind.endsWith("js") && (source as string).includes("using");
}
