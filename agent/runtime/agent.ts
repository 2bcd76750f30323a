import "./disposal_globals.ts"; // first, since other modules use these globals when they load
import { inflateRawSync } from "node:zlib";
import { decode } from "../../codec/decode.ts";
import { encode } from "../../codec/encode.ts";
import { setAgentHost } from "../agent_host.ts";
import { explainAddon } from "./addons.ts";
import { Attachments } from "./attachments.ts";
import type { Channel, Message } from "../wire/channel.ts";
import { runCall, RunningCall, runningCall } from "./running_call.ts";
import { decodeFailure, encodeFailure } from "../protocol/failure.ts";
import { Flag } from "../wire/frame.ts";
import type { Code, FunctionUnit } from "../protocol/handle.ts";
import type { ControllerInfo } from "../protocol/hello.ts";
import { lacksUsing } from "./lacks_using.ts";
import { type AskForModule, Loader } from "./loader.ts";
import { type ModuleRecord, PATHS_MODULE, WORKERS_MODULE } from "../protocol/module_record.ts";
import { setMainModule } from "./main_module.ts";
import type { Multiplexer } from "../wire/multiplexer.ts";
import { type Batch, type FunctionReference, Request } from "../protocol/request.ts";
import { define, find, lacks, loadCode, type Property } from "./reviver.ts";
import type { SentFile, ServedEntry } from "../protocol/sent_file.ts";
import { SourcePositions } from "./source_positions.ts";
import { TRUSTED } from "./trusted.ts";

/** A function and its `this`, which is the object that it was found in. */
interface Callable {
  readonly call: (...args: unknown[]) => unknown;
  readonly self: unknown;
}

/** The elements behind the kind in the header of a CALL; see request.ts. */
type CallHeader = [
  batches: number,
  reference: FunctionReference | null,
  code: number | null,
  attachments?: number[],
];

/** The elements behind the kind in the header of a SERVICE; see request.ts. */
type ServiceHeader = [batches: number, module: string, name: string, ...args: unknown[]];

/** The files that may be opened by path. */
interface SentFiles {
  readonly files: readonly SentFile[];
  add(files: readonly SentFile[]): void;
}

/** A function that serves a channel. */
type Service = (channel: Channel, ...args: unknown[]) => Promise<void>;

/**
 * Serves the controller's requests.
 *
 * An agent trusts its controller: the headers, batches and handles that it receives are used
 * without checks, here and in the files that this one imports, so casts give them their types. The
 * controller may run anything here anyway. The other direction is different: a controller never
 * trusts an agent, and checks all that comes from one.
 */
export class Agent {
  readonly #multiplexer: () => Multiplexer;
  readonly #checkGlobals: () => void;
  readonly #loader: Loader;
  readonly #attachments: Attachments;
  readonly #functions = new Map<number, Promise<Callable>>();
  readonly #codes: Code[] = [];
  #openFiles: ((paths: object) => SentFiles) | undefined;
  #files: SentFiles | undefined;
  #batches = 0;
  #awaited: { readonly batches: number; resolve(): void }[] = [];
  readonly #askForModule: AskForModule = async (...request) => {
    const message = await this.#ask([Request.IMPORT, ...request]);
    if (message === undefined) throw new TypeError(`Cannot import ${request[0]}: no answer`);
    const [id, batches] = decode(message.bytes, TRUSTED) as [string, number];
    await this.#untilBatch(batches);
    return id;
  };

  readonly #replace: Loader["replace"] = (...args) => this.#loader.replace(...args);

  /**
   * @param multiplexer Gives the connection to the controller, once there is one.
   * @param checkGlobals Ends the agent if a function has broken what it needs.
   */
  constructor(multiplexer: () => Multiplexer, checkGlobals: () => void) {
    this.#checkGlobals = checkGlobals;
    this.#attachments = new Attachments(multiplexer);
    const positions = new SourcePositions();
    positions.install();
    this.#multiplexer = multiplexer;
    this.#loader = new Loader(this.#askForModule, positions);
    this.#loader.provide("chopsticks:codec", { decode, encode });
    this.#loader.provide("chopsticks:failure", { encodeFailure });
  }

  /** Makes the agent known to the library, which may run here too. */
  introduce(controller: ControllerInfo): void {
    const file = async (url: string, look = false): Promise<Uint8Array | undefined> =>
      (await this.#ask([Request.FILE, url, look]))?.bytes;
    const look = async (url: string): Promise<ServedEntry | undefined> => {
      const bytes = await file(url, true);
      return bytes && decode(bytes, TRUSTED) as ServedEntry;
    };
    const { serve, main } = controller;
    if (main !== undefined) setMainModule(main);
    this.#openFiles = (paths) =>
      (paths as { openPaths(options: object): SentFiles }).openPaths({
        ...{ serve, file, look },
        replace: this.#replace,
      });
    setAgentHost({
      ...controller,
      file,
      look,
      files: () => this.#files?.files ?? [],
      record: (id) => this.#loader.record(id),
      namespace: (id) => this.#loader.loaded(id),
      units: (url) => this.#codes.flatMap(({ units }) => units.filter((unit) => unit.url === url)),
      ask: this.#askForModule,
      callSignal: () => runningCall()?.signal,
      handleChannel: (channel, header) => this.handleChannel(channel as Channel, header),
    });
  }

  /**
   * Makes a request without a message. Resolves to the answer, and rejects if that is a failure.
   */
  async #ask(header: unknown[]): Promise<Message | undefined> {
    const channel = this.#multiplexer().open(encode(header));
    channel.end();
    const message = await channel.receive();
    if (message !== undefined && message.flags & Flag.FAILURE) {
      throw new TypeError(decodeFailure(message.bytes, TRUSTED).message);
    }
    return message;
  }

  /** Answers a request on the channel that it came with. */
  handleChannel(channel: Channel, header: Uint8Array): void {
    const [kind, ...rest] = decode(header, TRUSTED) as [number, ...unknown[]];
    switch (kind) {
      case Request.BATCHES:
        // It only fails when the connection is over.
        return void this.#receiveBatches(channel).catch(() => {});
      case Request.CALL:
        return void this.#call(channel, ...rest as CallHeader);
      case Request.SERVICE:
        return void this.#serve(channel, ...rest as ServiceHeader);
      case Request.STREAM:
      case Request.SIGNAL:
        return this.#attachments.add(channel);
      default:
        return this.#fail(channel, new TypeError(`This agent knows no request ${kind}`));
    }
  }

  async #receiveBatches(channel: Channel): Promise<void> {
    for (let batch; (batch = await channel.receive()) !== undefined;) {
      const [records, codes, files] = decode(inflateRawSync(batch.bytes), TRUSTED) as Batch;
      await this.#lower([...records, ...codes.flatMap(({ units }) => units)]);
      await this.#loader.define(records);
      if (records.some(({ id }) => id === WORKERS_MODULE)) {
        const { openWorkers } = await this.#loader.import(WORKERS_MODULE);
        (openWorkers as (replace: unknown) => void)(this.#replace);
      }
      if (files !== undefined) {
        this.#files ??= this.#openFiles!(await this.#loader.import(PATHS_MODULE));
        this.#files.add(files);
      }
      this.#codes.push(...codes);
      this.#batches++;
      this.#awaited = this.#awaited.filter((waiting) => {
        if (waiting.batches > this.#batches) return true;
        waiting.resolve();
        return false;
      });
    }
  }

  /** Has the controller rewrite the parts of a batch for which this engine lacks the syntax. */
  async #lower(sources: (ModuleRecord | FunctionUnit)[]): Promise<void> {
    if (!sources.some(lacksUsing)) return;
    const answer = await this.#ask([Request.LOWER, this.#batches]);
    const lowered = decode(inflateRawSync(answer!.bytes), TRUSTED) as [number, string][];
    for (const [index, source] of lowered) {
      Object.assign(sources[index]!, { source });
    }
  }

  #untilBatch(batches: number): Promise<void> | undefined {
    if (batches <= this.#batches) return undefined;
    return new Promise((resolve) => this.#awaited.push({ batches, resolve }));
  }

  async #call(
    channel: Channel,
    ...[batches, reference, code, attachments = []]: CallHeader
  ): Promise<void> {
    try {
      const finding = reference === null ? undefined : this.#find(batches, reference);
      const [found, args] = code === null
        ? [undefined, await receiveArguments(channel)]
        : await this.#receiveValues(channel, batches, code, attachments);
      const { call, self } = finding === undefined
        ? { call: found, self: undefined } as Callable
        : await finding;
      const running = new RunningCall(channel, (text) => this.#fail(channel, exitError(text)));
      await runCall(running, async () => {
        const result = await call.apply(self, args);
        this.#checkGlobals();
        const giveUp = running.giveUp.bind(running);
        this.#attachments.sendLast(channel, result, "result", giveUp);
      });
    } catch (error) {
      this.#checkGlobals();
      explainAddon(error);
      this.#fail(channel, error);
    }
  }

  async #serve(
    channel: Channel,
    ...[batches, module, name, ...args]: ServiceHeader
  ): Promise<void> {
    try {
      await this.#untilBatch(batches);
      await ((await this.#loader.import(module))[name] as Service)(channel, ...args);
    } catch (error) {
      this.#fail(channel, error);
    }
  }

  /** Receives the function, if it is sent by value, and the arguments of a call with code. */
  async #receiveValues(
    channel: Channel,
    batches: number,
    id: number,
    attachments: readonly number[],
  ): Promise<[unknown, unknown[]]> {
    await this.#untilBatch(batches);
    const message = await channel.receive();
    if (message === undefined) throw new TypeError("The call has no values");
    const reviveOther = (data: unknown): unknown => this.#attachments.revive(data, attachments);
    const { revive, setVariables } = await loadCode(this.#codes[id]!, this.#loader, reviveOther);
    const [fn, args, captured, ...properties] = decode(message.bytes, { ...TRUSTED, revive }) as [
      unknown,
      unknown[],
      unknown[][],
      ...Property[],
    ];
    setVariables(captured);
    properties.forEach(define);
    return [fn, args];
  }

  #fail(channel: Channel, error: unknown): void {
    channel.send(encodeFailure(error), Flag.FAILURE | Flag.END);
  }

  #find(batches: number, reference: FunctionReference): Promise<Callable> {
    if (typeof reference === "number") return this.#functions.get(reference)!;
    const [id, module, ...path] = reference;
    const found = this.#load(batches, module, path);
    // The calls of the function, which await this promise, report the failure.
    found.catch(() => {});
    this.#functions.set(id, found);
    return found;
  }

  async #load(batches: number, module: string | null, path: string[]): Promise<Callable> {
    await this.#untilBatch(batches);
    const root = module === null ? globalThis : await this.#loader.import(module);
    const found = find(root, path);
    if (found === undefined) throw lacks(module, path);
    const { value, parent } = found;
    if (typeof value === "function") return { call: value as Callable["call"], self: parent };
    throw new TypeError(
      `${path.join(".")} ${module === null ? "" : `of ${module} `}is not a function`,
    );
  }
}

async function receiveArguments(channel: Channel): Promise<unknown[]> {
  const message = await channel.receive();
  return message === undefined ? [] : decode(message.bytes, TRUSTED) as unknown[];
}

function exitError(message: string): Error {
  const error = new Error(message);
  error.name = "Exit";
  return error;
}
