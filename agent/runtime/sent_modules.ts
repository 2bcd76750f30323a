import type vm from "node:vm";
import { decodePlain } from "../../codec/plain.ts";
import { setAgentHost } from "../agent_host.ts";
import type { Channel, Message } from "../wire/channel.ts";
import type { Code, FunctionUnit, UnitContext } from "../protocol/handle.ts";
import type { ControllerInfo } from "../protocol/hello.ts";
import { type ModuleRecord, PATHS_MODULE, WORKERS_MODULE } from "../protocol/module_record.ts";
import { type Batch, Request } from "../protocol/request.ts";
import type { SentFile, ServedEntry } from "../protocol/sent_file.ts";
import { explainAddon } from "./addons.ts";
import { inflate } from "./inflate.ts";
import { lacksUsing } from "./lacks_using.ts";
import { type AskForModule, Loader, type Namespace } from "./loader.ts";
import { runningCall } from "./running_call.ts";
import type { SourcePositions } from "./source_positions.ts";

/** The agent, as far as its modules need it. */
export interface ModulesHost {
  /** What the controller has said of itself. */
  readonly controller: ControllerInfo;
  readonly positions: SourcePositions;
  /** Makes a request, and resolves to the answer, or rejects if that is a failure. */
  ask(header: unknown[]): Promise<Message | undefined>;
  /** Resolves when so many batches have arrived. */
  untilBatch(batches: number): Promise<void> | undefined;
  /** Gives the code that has been sent. */
  codes(): readonly Code[];
  /** Answers a request of the controller. */
  handleChannel(channel: Channel, header: Uint8Array): void;
}

/** The files that may be opened by path. */
interface SentFiles {
  readonly files: readonly SentFile[];
  add(files: readonly SentFile[]): void;
}

/** What the parts of an agent that are modules take from the part for values. */
type ProvidedName = "decode" | "encode" | "encodeFailure";

/** The modules that the controller has sent, and the files that code opens by path. */
export class SentModules {
  readonly #vm: typeof vm;
  readonly #host: ModulesHost;
  readonly #loader: Loader;
  #files: SentFiles | undefined;
  readonly #ask: AskForModule = async (...request) => {
    const message = await this.#host.ask([Request.IMPORT, ...request]);
    if (message === undefined) throw new TypeError(`Cannot import ${request[0]}: no answer`);
    const [id, batches] = decodePlain(message.bytes) as [string, number];
    await this.#host.untilBatch(batches);
    return id;
  };
  readonly #file = async (url: string, look = false): Promise<Uint8Array | undefined> =>
    (await this.#host.ask([Request.FILE, url, look]))?.bytes;
  readonly #look = async (url: string): Promise<ServedEntry | undefined> => {
    const bytes = await this.#file(url, true);
    return bytes && decodePlain(bytes) as ServedEntry;
  };
  readonly #replace: Loader["replace"] = (...args) => this.#loader.replace(...args);

  /** Makes the agent known to the library, which may run here too. */
  constructor(machine: typeof vm, host: ModulesHost) {
    this.#vm = machine;
    this.#host = host;
    this.#loader = new Loader(machine, this.#ask, host.positions);
    setAgentHost({
      ...host.controller,
      file: this.#file,
      look: this.#look,
      files: () => this.#files?.files ?? [],
      record: (id) => this.#loader.record(id),
      namespace: (id) => this.#loader.loaded(id),
      units: (url) => host.codes().flatMap(({ units }) => units.filter((unit) => unit.url === url)),
      ask: this.#ask,
      callSignal: () => runningCall()?.signal,
      handleChannel: (channel, header) => host.handleChannel(channel as Channel, header),
    });
  }

  /** Gives the parts of the agent that are modules what they have in common with it. */
  provide({ decode, encode, encodeFailure }: Record<ProvidedName, unknown>): void {
    this.#loader.provide("chopsticks:codec", { decode, encode });
    this.#loader.provide("chopsticks:failure", { encodeFailure });
  }

  /** Takes in a batch. `index` is its number, from 0. */
  async receive([records, codes, files]: Batch, index: number): Promise<void> {
    await this.#lower([...records, ...codes.flatMap(({ units }) => units)], index);
    await this.#loader.define(records);
    if (records.some(({ id }) => id === WORKERS_MODULE)) {
      const { openWorkers } = await this.#loader.import(WORKERS_MODULE);
      (openWorkers as (replace: unknown) => void)(this.#replace);
    }
    if (files === undefined) return;
    this.#files ??= await this.#openFiles();
    this.#files.add(files);
  }

  /** Gives the namespace of a module, which is loaded first if it was not yet. */
  async import(id: string): Promise<Namespace> {
    return await this.#loader.import(id);
  }

  /** Makes the functions of a unit, with variables of their own. */
  async run(unit: FunctionUnit): Promise<UnitContext> {
    return await this.#loader.run(unit);
  }

  /** Adds the reason to an error of a package that has asked for a native addon. */
  explain(error: unknown): void {
    explainAddon(error);
  }

  async #openFiles(): Promise<SentFiles> {
    const { openPaths } = await this.#loader.import(PATHS_MODULE);
    return (openPaths as (options: object) => SentFiles)({
      serve: this.#host.controller.serve,
      file: this.#file,
      look: this.#look,
      replace: this.#replace,
    });
  }

  /** Has the controller rewrite the parts of a batch for which this engine lacks the syntax. */
  async #lower(sources: (ModuleRecord | FunctionUnit)[], index: number): Promise<void> {
    if (!sources.some((source) => lacksUsing(source, this.#vm))) return;
    const answer = await this.#host.ask([Request.LOWER, index]);
    const lowered = decodePlain(await inflate(answer!)) as [number, string][];
    for (const [index, source] of lowered) {
      Object.assign(sources[index]!, { source });
    }
  }
}
