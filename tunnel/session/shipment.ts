import { Buffer } from "node:buffer";
import { brotliDecompressSync } from "node:zlib";
import { COMMONJS_BUNDLE } from "../../agent/_commonjs_bundle.ts";
import { FILES_BUNDLE } from "../../agent/_files_bundle.ts";
import { MODULES_BUNDLE } from "../../agent/_modules_bundle.ts";
import { PATHS_BUNDLE } from "../../agent/_paths_bundle.ts";
import { SOCKETS_BUNDLE } from "../../agent/_sockets_bundle.ts";
import { TRACES_BUNDLE } from "../../agent/_traces_bundle.ts";
import { VALUES_BUNDLE } from "../../agent/_values_bundle.ts";
import { WORKERS_BUNDLE } from "../../agent/_workers_bundle.ts";
import type { Code } from "../../agent/protocol/handle.ts";
import {
  COMMONJS_MODULE,
  LOADER_MODULE,
  type ModuleRecord,
  PATHS_MODULE,
  VALUES_MODULE,
  WORKERS_MODULE,
} from "../../agent/protocol/module_record.ts";
import { type Batch, Request } from "../../agent/protocol/request.ts";
import { scriptOf } from "../../agent/protocol/script_unit.ts";
import type { SentFile } from "../../agent/protocol/sent_file.ts";
import type { Channel } from "../../agent/wire/channel.ts";
import { Flag } from "../../agent/wire/frame.ts";
import type { Multiplexer } from "../../agent/wire/multiplexer.ts";
import { encode } from "../../codec/encode.ts";
import { AskedModules } from "../modules/asked_modules.ts";
import { moduleGraph } from "../modules/module_graph.ts";
import type { SentSource } from "../source/lower_using.ts";
import { deflated } from "./deflated.ts";
import type { FileShipment } from "./file_shipment.ts";
import { isPlain, isTame } from "./plain_call.ts";

/** The parts of the agent that serve channels. */
const SERVICES: Readonly<Record<"files" | "sockets" | "traces", ModuleRecord>> = {
  /** It works on files. */
  files: { id: "chopsticks:files", kind: "js", source: FILES_BUNDLE, imports: {} },
  /** It forwards sockets. */
  sockets: { id: "chopsticks:sockets", kind: "js", source: SOCKETS_BUNDLE, imports: {} },
  /** It continues traces. */
  traces: { id: "chopsticks:traces", kind: "js", source: TRACES_BUNDLE, imports: {} },
};

/**
 * The encoded batch of the part of the agent for values that are not plain, for an agent here and
 * for any other.
 */
const valuesBatches: { local?: Uint8Array; remote?: Uint8Array } = {};

function valuesBatch(isLocal: boolean): Uint8Array {
  const made = (): Uint8Array => {
    const compressed = Buffer.from(VALUES_BUNDLE, "base64");
    const source = isLocal ? brotliDecompressSync(compressed).toString() : compressed;
    return encode([[{ id: VALUES_MODULE, kind: "js", source, imports: {} }], []]);
  };
  return valuesBatches[isLocal ? "local" : "remote"] ??= made();
}

/** The part of the agent that loads modules. */
const LOADER: ModuleRecord = {
  id: LOADER_MODULE,
  kind: "js",
  source: MODULES_BUNDLE,
  imports: {},
};

/** The part of the agent that lets code open files of the controller by path. */
const PATHS: ModuleRecord = { id: PATHS_MODULE, kind: "js", source: PATHS_BUNDLE, imports: {} };

/** The part of the agent that runs CommonJS modules. */
const COMMONJS: ModuleRecord = {
  id: COMMONJS_MODULE,
  kind: "js",
  source: COMMONJS_BUNDLE,
  imports: {},
};

/** The part of the agent that starts workers of modules that were sent. */
const WORKERS: ModuleRecord = {
  id: WORKERS_MODULE,
  kind: "js",
  source: WORKERS_BUNDLE,
  imports: {},
};

/** The text of code that may start a worker or a Node process of a module. */
const STARTS =
  /\bnew\s+(?:\w+\.)?Worker\b|\bworker_threads\b|\bchild_process\b[^]*\bfork\b|\bfork\b[^]*\bchild_process\b/;

/** The other parts of the agent. */
const PARTS: ReadonlySet<ModuleRecord> = new Set([
  ...Object.values(SERVICES),
  ...[LOADER, PATHS, COMMONJS, WORKERS],
]);

/** The encoded batches that are only parts of the agent, by their ids. */
const partBatches = new Map<string, Uint8Array>();

/** Encodes a batch. Parts of the agent are the same for a thousand hosts. */
function encoded(batch: Batch): Uint8Array {
  const [records, codes, files] = batch;
  if (codes.length > 0 || files !== undefined || !records.every((one) => PARTS.has(one))) {
    return encode(batch);
  }
  const key = records.map(({ id }) => id).join(" ");
  const bytes = partBatches.get(key) ?? encode(batch);
  partBatches.set(key, bytes);
  return bytes;
}

/** A batch of fewer bytes is sent as it is: Deno takes longer to load `node:zlib`. */
const MIN_COMPRESSED = 1024;

/** About how many bytes of files are in one batch. */
const FILES_IN_BATCH = 4 * 2 ** 20;

/** The code that the agent of one connection has been sent. */
interface SentCodes {
  /** The numbers of the code, by what it is. */
  readonly ids: Map<string, number>;
  /** The same numbers, by the objects that have it. */
  readonly known: WeakMap<Code, number>;
  /** The scripts that the code was cut from. */
  readonly scripts: Set<string>;
}

/** The modules and the code that the agent of one connection has been sent, each of them once. */
export class Shipment {
  readonly #multiplexer: Multiplexer;
  readonly #files: FileShipment;
  readonly #isLocal: boolean;
  readonly #modules = new Set<string>();
  /** The CommonJS modules that have been sent with their exports, for those who import them. */
  #exporting: Set<string> | undefined;
  /** The modules whose imports, and the imports of those, have all been sent too. */
  #graphs: Set<string> | undefined;
  #codes: SentCodes | undefined;
  readonly #asked = new AskedModules();
  #channel: Channel | undefined;
  #batches = 0;
  #isTame = true;
  /** The sources of batches that may have `using` declarations, until an agent asks for them. */
  #lowerable: Map<number, readonly SentSource[]> | undefined;

  /** @param isLocal Whether the agent is on this machine, so that nothing need be compressed. */
  constructor(multiplexer: Multiplexer, files: FileShipment, isLocal: boolean) {
    this.#multiplexer = multiplexer;
    this.#files = files;
    this.#isLocal = isLocal;
  }

  /** How many batches have been sent: the agent needs so many for what refers to them. */
  get batches(): number {
    return this.#batches;
  }

  /** Whether a module has been sent. */
  hasModule(id: string): boolean {
    return this.#modules.has(id);
  }

  /** Whether code has been sent that was cut from a script. */
  hasScript(url: string): boolean {
    return this.#codes?.scripts.has(url) === true;
  }

  /** Whether modules and all that they import have been sent. */
  hasGraphs(modules: readonly string[]): boolean {
    return this.#files.hasBegun && modules.every((id) => this.#hasGraph(id));
  }

  /**
   * Sends what the agent does not have yet of modules and all that they import. Rejects with a
   * `TypeError` if something cannot be sent.
   */
  async sendGraphs(modules: readonly string[]): Promise<void> {
    const files = this.#files.begin();
    if (files !== undefined) this.#sendFiles(files);
    for (const id of modules) {
      if (!this.#hasGraph(id)) this.#sendGraph(await moduleGraph(id));
    }
  }

  /**
   * Sends what the agent does not have yet of a module that it asks for, and of all that this
   * imports. Rejects with a `TypeError` if something cannot be sent.
   */
  async sendAsked(id: string): Promise<void> {
    if (!this.#hasGraph(id)) this.#sendGraph(await this.#asked.graph(id));
  }

  #hasGraph(id: string): boolean {
    return this.#graphs?.has(id) === true;
  }

  /** Resolves when all that was sent has been written to the pipe. */
  async drained(): Promise<void> {
    await this.#channel?.drained();
  }

  /** Sends code, unless it has been sent, and gives its number. */
  sendCode(code: Code): number {
    const sent = this.#codes ??= { ids: new Map(), known: new WeakMap(), scripts: new Set() };
    const id = sent.known.get(code) ?? this.#sendNewCode(code, sent);
    sent.known.set(code, id);
    return id;
  }

  #sendNewCode(code: Code, { ids, scripts }: SentCodes): number {
    const key = new TextDecoder("latin1").decode(encode(code));
    const known = ids.get(key);
    if (known !== undefined) return known;
    const id = ids.size;
    ids.set(key, id);
    for (const { url } of code.units) scripts.add(url);
    const files = code.units.flatMap(({ source, url }) => this.#files.takeSought(source, url));
    if (files.length > 0) this.#sendFiles(files);
    this.#sendParts(code.units, code.loads);
    this.#send([[], [code]]);
    return id;
  }

  /** Whether no module that was sent leads to values that are not plain. */
  get isTame(): boolean {
    return this.#isTame;
  }

  /** Whether the agent's part for values that are not plain has been sent. */
  get hasValues(): boolean {
    return this.#modules.has(VALUES_MODULE);
  }

  /** Sends the agent's part for values that are not plain, unless it has been sent. */
  sendValues(): void {
    if (this.hasValues) return;
    this.#modules.add(VALUES_MODULE);
    this.#write(valuesBatch(this.#isLocal), Flag.RAW);
  }

  /** Sends a part of the agent that serves channels, unless it has been sent, and gives its id. */
  sendService(name: keyof typeof SERVICES): string {
    this.sendValues();
    const service = SERVICES[name];
    if (!this.#modules.has(service.id)) {
      this.#modules.add(service.id);
      this.#send([[service], []]);
    }
    return service.id;
  }

  /**
   * The sources of a batch that may have `using` declarations; `undefined` if it has none, or if
   * they were taken before. An agent may ask once for each batch, which bounds the work that it can
   * cause.
   */
  takeLowerable(batch: unknown): readonly SentSource[] | undefined {
    const sources = this.#lowerable?.get(batch as number);
    this.#lowerable?.delete(batch as number);
    return sources;
  }

  #sendGraph(graph: ReadonlyMap<string, ModuleRecord>): void {
    const missing = [...graph.values()].filter((record) => !this.#has(record));
    for (const { id, kind, exports } of graph.values()) {
      // The user may mend it before the next call.
      if (kind === "broken") continue;
      this.#modules.add(id);
      if (exports !== undefined) (this.#exporting ??= new Set()).add(id);
      (this.#graphs ??= new Set()).add(id);
    }
    if (!this.hasValues) this.#isTame &&= missing.every(isTame);
    const files = this.#files.take(missing);
    if (files.length > 0) this.#sendFiles(files);
    this.#sendParts(missing);
    if (missing.length > 0) this.#send([missing, []]);
  }

  #has({ id, exports }: ModuleRecord): boolean {
    return this.#modules.has(id) && (exports === undefined || this.#exporting?.has(id) === true);
  }

  /** Sends the agent's parts that sources may need, or code loads, unless they have been sent. */
  #sendParts(sources: readonly SentSource[], loads: readonly string[] = []): void {
    const parts = [COMMONJS, WORKERS].filter(({ id }) =>
      !this.#modules.has(id) &&
      (loads.includes(id) || sources.some((source) => needsPart(source, id)))
    );
    if (parts.length === 0) return;
    for (const { id } of parts) this.#modules.add(id);
    this.#send([parts, []]);
  }

  /** Sends files, and before the first of them the agent's part for them. */
  #sendFiles(files: readonly SentFile[]): void {
    const isFirst = !this.#modules.has(PATHS.id);
    this.#modules.add(PATHS.id);
    let part: SentFile[] = [];
    let size = 0;
    const parts = [part];
    for (const file of files) {
      if (size > FILES_IN_BATCH) {
        parts.push(part = []);
        size = 0;
      }
      part.push(file);
      size += file[3]?.length ?? 0;
    }
    for (const [index, one] of parts.entries()) {
      this.#send([isFirst && index === 0 ? [PATHS] : [], [], one]);
    }
  }

  /** Adds the part that loads modules to what needs it first. */
  #withLoader(batch: Batch): Batch {
    if (this.#modules.has(LOADER.id) || !needsLoader(batch)) return batch;
    this.#modules.add(LOADER.id);
    const [records, ...others] = batch;
    return [[...records, LOADER], ...others];
  }

  #send(sent: Batch): void {
    const batch = this.#withLoader(sent);
    const bytes = encoded(batch);
    if (!this.hasValues && !isPlain(bytes)) this.sendValues();
    const [records, codes] = batch;
    const sources = [...records, ...codes.flatMap(({ units }) => units)];
    if (sources.some(mayUse)) (this.#lowerable ??= new Map()).set(this.#batches, sources);
    if (this.#isLocal || bytes.length < MIN_COMPRESSED) this.#write(bytes, Flag.RAW);
    else this.#write(deflated(bytes));
  }

  #write(bytes: Uint8Array, flags = 0): void {
    this.#channel ??= this.#multiplexer.open(encode([Request.BATCHES]));
    this.#channel.send(bytes, flags);
    this.#batches++;
  }
}

/** Whether a batch needs the part of the agent that loads modules. */
function needsLoader([records, codes]: Batch): boolean {
  return records.length > 0 || codes.some(({ loads, namespaces = [], units }) =>
    // Only the loader gives the one namespace that all modules see.
    namespaces.length > 0 || !loads.every((id) => id.startsWith("node:")) ||
    !units.every(scriptOf)
  );
}

/** Whether a source may need a part of the agent. */
function needsPart({ kind = "js", source }: SentSource, part: string): boolean {
  if (part === COMMONJS_MODULE && (kind === "cjs" || kind === "broken")) return true;
  if (!kind.endsWith("js")) return false;
  if (part === WORKERS_MODULE) return STARTS.test(source as string);
  return (source as string).includes("createRequire");
}

/** Whether there may be `using` declarations in a source. */
export function mayUse({ kind = "js", source }: SentSource): boolean {
  return kind.endsWith("js") && (source as string).includes("using");
}
