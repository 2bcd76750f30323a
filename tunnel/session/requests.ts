/**
 * The requests that an agent may send to the controller. This is the security surface: the agent
 * may be hostile, and it gets nothing here but
 *
 * - a module by its specifier (IMPORT), if the module is in the graph of something that was sent,
 *   or in a folder that is served; and only on behalf of a module or script that was sent;
 * - the bytes of a file (FILE), if it is in a folder that is served, or in a package whose files
 *   the agent was told of; or the size, time and names of a file or a folder that is served;
 * - the bytes of Deno (FILE, too), which is public, to bring it to hosts behind the far end;
 * - other code in place of `using` declarations (LOWER), once for each batch that was sent;
 * - a channel for a stream of its own (STREAM), which counts only once a value refers to it;
 * - its own part for values that are not plain (VALUES), once;
 * - a call of a function that was wrapped by `callback()` and sent to this agent (CALLBACK), until
 *   the agent lets go of it (RELEASE).
 *
 * A request for a module or a file that it may not have is refused and reported. Any other request
 * ends the connection.
 *
 * @module
 */

import { isList } from "../../agent/protocol/is_list.ts";
import { urlOf } from "../../agent/protocol/module_record.ts";
import { Request } from "../../agent/protocol/request.ts";
import type { Channel } from "../../agent/wire/channel.ts";
import { Flag } from "../../agent/wire/frame.ts";
import { decode } from "../../codec/decode.ts";
import { encode } from "../../codec/encode.ts";
import { modulesHere } from "../modules/modules_here.ts";
import type { ServedFolders } from "../modules/served_folders.ts";
import { PART_SIZE, RuntimeRequests } from "../provision/relayed.ts";
import type { SentSource } from "../source/lower_using.ts";
import { visible } from "../visible.ts";
import type { Attachments } from "./attachments.ts";
import type { Decoding } from "./decoding.ts";
import type { FileShipment } from "./file_shipment.ts";
import { deflated } from "./deflated.ts";
import { type QueuedAnswer, RequestQueue } from "./request_queue.ts";
import { mayUse, type Shipment } from "./shipment.ts";

/** So many refusals are reported one by one: each is a line that somebody has to read. */
const MAX_REPORTS = 100;

/** A text of the far end is repeated to it, and reported, up to so many characters. */
const MAX_REPEATED = 1000;

/** What a header is made of: nothing in it has to be looked into or takes long to make. */
const HEADER = {
  maxDepth: 1,
  reviseSource: (): never => {
    throw new TypeError("It has a regular expression");
  },
} as const;

/** How long an answer is taken to be while that is not known, in bytes. */
const UNKNOWN_SIZE = 2 * 1024 ** 2;

/** Options for {@linkcode Requests}, all of which a session sets. */
export interface RequestsOptions {
  /** The folders whose files the far end may ask for. */
  readonly serve: ServedFolders;
  /** Tells the user about something that the far end did. */
  readonly report: (line: string) => void;
  /** How to decode what the far end sends. */
  readonly decoding: Decoding;
  readonly shipment: Shipment;
  /** The files that were sent, or that the agent was told of. */
  readonly files: FileShipment;
  readonly attachments: Attachments;
  /**
   * Closes the connection, because the far end broke the protocol, and gives the error for that.
   */
  readonly broken: (text: string, cause?: unknown) => Error;
}

/** Answers the requests of the agent of one connection. */
export class Requests {
  readonly #options: RequestsOptions;
  readonly #queue: RequestQueue;
  readonly #runtimes = new RuntimeRequests();
  #sending: Promise<void> = Promise.resolve();
  #reports = 0;

  constructor(options: RequestsOptions) {
    this.#options = options;
    this.#queue = new RequestQueue(options.broken);
  }

  /** Answers a request, which is the header of a channel that the agent opened. */
  handle(channel: Channel, header: Uint8Array): void {
    const { attachments, broken, decoding, shipment } = this.#options;
    let request: unknown;
    try {
      request = decode(header, { ...decoding, ...HEADER });
    } catch (cause) {
      throw broken("The far end sent a request that cannot be read", cause);
    }
    const [kind, ...rest] = isList(request, header.length) ? request : [];
    switch (kind) {
      case Request.IMPORT:
        return this.#handleImport(channel, rest);
      case Request.FILE:
        return this.#handleFile(channel, urlIn(rest[0]), rest[1] === true);
      case Request.LOWER:
        return this.#handleLower(channel, rest[0]);
      case Request.STREAM:
        return attachments.add(channel);
      case Request.CALLBACK:
        return attachments.callbacks.handle(channel, rest[0]);
      case Request.RELEASE:
        attachments.callbacks.release(rest);
        return channel.end();
      case Request.VALUES:
        shipment.sendValues();
        return channel.end();
      default:
        throw this.#unknown();
    }
  }

  #handleImport(channel: Channel, [specifier, referrer, type]: unknown[]): void {
    const format = typeof type === "string" ? type : undefined;
    if (typeof specifier !== "string" || typeof referrer !== "string" || type !== format) {
      throw this.#unknown();
    }
    this.#queue.add({
      channel,
      texts: [specifier, referrer, format ?? ""],
      size: () => 0,
      answer: async () => ({
        bytes: encode(await this.#import(specifier, referrer, format)),
        flags: 0,
      }),
    });
  }

  /** The id of a module that the agent asks for, and how many batches it must have for it. */
  async #import(
    specifier: string,
    referrer: string,
    type: string | undefined,
  ): Promise<[id: string, batches: number]> {
    const { shipment } = this.#options;
    // Nothing is resolved from a place of the agent's choice: the referrer must have been sent.
    const known = shipment.hasModule(referrer) || shipment.hasScript(referrer);
    const id = known ? await modulesHere.resolveDynamic(specifier, referrer, type) : undefined;
    if (id !== undefined && id.startsWith("node:")) return [id, shipment.batches];
    if (id === undefined || !this.#mayHave(id)) {
      // The answer must not tell whether there is such a file.
      throw this.#refuse(
        `Cannot import ${JSON.stringify(repeated(specifier))} from ${repeated(referrer)}`,
      );
    }
    await this.#send(id);
    return [id, shipment.batches];
  }

  /** Sends a module, when those that were asked for before have left this process. */
  async #send(id: string): Promise<void> {
    const { shipment } = this.#options;
    const sent = this.#sending.then(async () => {
      await shipment.sendAsked(id);
      await shipment.drained();
    });
    this.#sending = sent.catch(() => {});
    await sent;
  }

  /**
   * Whether the agent may have a module.
   *
   * @throws {TypeError} If it may, but there is no such module.
   */
  #mayHave(id: string): boolean {
    // A module that came from this agent's own controller is one that could be given away.
    if (this.#options.shipment.hasModule(id) || modulesHere.hasReceived(id)) return true;
    const found = this.#options.serve.find(urlOf(id));
    if (found === "missing") {
      const error = new TypeError(`Cannot import ${repeated(id)}: there is no such file`);
      throw Object.assign(error, { code: "ERR_MODULE_NOT_FOUND" });
    }
    return found === "served";
  }

  #handleFile(channel: Channel, url: string, isLook: boolean): void {
    if (RuntimeRequests.isFor(url)) return this.#handleRuntime(channel, url);
    this.#queue.add({
      channel,
      texts: [url],
      size: () => isLook || !isFileUrl(url) ? 0 : this.#sizeOf(url),
      answer: async (): Promise<QueuedAnswer | undefined> => {
        const bytes = await (isLook ? this.#look(url) : this.#readFile(url));
        return bytes && { bytes, flags: Flag.RAW };
      },
    });
  }

  #handleRuntime(channel: Channel, url: string): void {
    this.#queue.add({
      channel,
      texts: [url],
      size: () => PART_SIZE,
      answer: async () => ({ bytes: await this.#runtimes.answer(url), flags: Flag.RAW }),
    });
  }

  /** How many bytes a file has, about; 0 if the far end may not have it. */
  #sizeOf(url: string): number {
    const { serve, files } = this.#options;
    return files.sizeOf(url) ?? modulesHere.servedSize(url, serve) ?? UNKNOWN_SIZE;
  }

  /** A file in a folder that is served; `undefined` if there is no such file. */
  async #readFile(url: string): Promise<Uint8Array | undefined> {
    const { serve, files } = this.#options;
    if (!isFileUrl(url)) throw this.#refuse(`Cannot read ${repeated(url)}`);
    const file = await files.read(url) ?? await modulesHere.servedFile(url, serve);
    if (file === "refused") throw this.#refuse(`Cannot read ${repeated(url)}`);
    return file === "missing" ? undefined : file;
  }

  /** What a file or a folder is that is served; `undefined` if it does not exist. */
  async #look(url: string): Promise<Uint8Array | undefined> {
    const { serve } = this.#options;
    const found = isFileUrl(url) ? await modulesHere.servedEntry(url, serve) : "refused";
    if (found === "refused") throw this.#refuse(`Cannot look at ${repeated(url)}`);
    return found === "missing" ? undefined : encode(found);
  }

  #handleLower(channel: Channel, batch: unknown): void {
    const sources = this.#options.shipment.takeLowerable(batch);
    if (sources === undefined) throw this.#unknown();
    this.#lower(sources).then((lowered) => channel.send(deflated(encode(lowered)), Flag.END));
  }

  /** The replacements for sources that have `using` declarations, by the indices of the sources. */
  async #lower(
    sources: readonly SentSource[],
  ): Promise<(readonly [index: number, source: SentSource["source"]])[]> {
    try {
      // Loaded late, because few agents are without the syntax.
      const { lowerUsing } = await import("../source/lower_using.ts");
      return sources.flatMap((one, index) => {
        const lowered = mayUse(one) ? lowerUsing(one) : one.source;
        return lowered === one.source ? [] : [[index, lowered] as const];
      });
    } catch (error) {
      // The agent waits for an answer. Its engine will tell it what is wrong with the code.
      this.#options.report(`Cannot replace \`using\` declarations: ${(error as Error).message}`);
      return [];
    }
  }

  /** Reports that the far end may not have something, and gives the error that tells it so. */
  #refuse(text: string): TypeError {
    const error = new TypeError(
      `${text}: it is not among the modules that were sent, nor in a folder that is served; ` +
        "name its folder in the option `serve`",
    );
    this.#reports++;
    if (this.#reports <= MAX_REPORTS) {
      this.#options.report(`Refused: ${visible(error.message)}`);
    } else if (this.#reports === MAX_REPORTS + 1) {
      this.#options.report(`Refused: more than ${MAX_REPORTS} requests; no more are reported`);
    }
    return error;
  }

  #unknown(): Error {
    return this.#options.broken("The far end sent a request that a controller does not take");
  }
}

/** A URL in a request. Anything else may take much memory while it waits, and is refused. */
function urlIn(value: unknown): string {
  return typeof value === "string" ? value : `a URL that is of type ${typeof value}`;
}

function isFileUrl(url: string): boolean {
  return url.startsWith("file:");
}

/** Shows what the far end said, which may be of any length. */
function repeated(value: string): string {
  return value.length <= MAX_REPEATED ? value : `${value.slice(0, MAX_REPEATED)}…`;
}
