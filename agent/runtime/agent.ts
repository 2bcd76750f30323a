import "./disposal_globals.ts"; // first, since other modules use these globals when they load
import { decodePlain, encodePlain, NOT_PLAIN } from "../../codec/plain.ts";
import type { CheckGlobals } from "./broken_globals.ts";
import { type Channel, ChannelReset, type Message } from "../wire/channel.ts";
import { prepareCall, runCall, RunningCall, runningCall, runOutside } from "./running_call.ts";
import { CodeRunner } from "./code_runner.ts";
import { type Deferred, deferred } from "../wire/deferred.ts";
import { find, lacks } from "./find.ts";
import { Flag } from "../wire/frame.ts";
import type { Code } from "../protocol/handle.ts";
import type { ControllerInfo } from "../protocol/hello.ts";
import { inflate, inflatedText } from "./inflate.ts";
import { loadCode, revivePlain, setVariables } from "./loaded_code.ts";
import { LOADER_MODULE, VALUES_MODULE } from "../protocol/module_record.ts";
import { setMainModule } from "./main_module.ts";
import { nodeProcess } from "./node_process.ts";
import { bringsPart } from "../protocol/parts.ts";
import { loadPart } from "./parts.ts";
import type { Multiplexer } from "../wire/multiplexer.ts";
import { type Batch, type FunctionReference, Request } from "../protocol/request.ts";
import { soon } from "./soon.ts";
import { SourcePositions } from "./source_positions.ts";
import type { Received, Values } from "./values.ts";
import { Watch } from "./watch.ts";

/** A function and its `this`: the object that it was found in, but no namespace and no global. */
interface Callable {
  readonly call: (...args: unknown[]) => unknown;
  readonly self: unknown;
}

/** Options for {@linkcode Agent}. */
export interface AgentOptions {
  /** Gives the connection to the controller, once there is one. */
  readonly multiplexer: () => Multiplexer;
  /** Ends the agent if a function has broken what it needs. */
  readonly checkGlobals: CheckGlobals;
  /** Ends the agent unless the connection is over: something has failed that calls wait for. */
  readonly onBroken: (error: unknown) => void;
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
  /** How many channels are open as long as the connection. The others are for what runs here. */
  lasting = 0;
  readonly #multiplexer: () => Multiplexer;
  readonly #checkGlobals: CheckGlobals;
  /** To check takes a fifth of a small call: it is done once for all calls that end together. */
  readonly #checkSoon: () => void;
  readonly #onBroken: (error: unknown) => void;
  readonly #watch: Watch;
  readonly #positions = new SourcePositions();
  readonly #runner = new CodeRunner(this.#positions);
  #controller: ControllerInfo | undefined;
  /** The channels of the controller's streams and signals that no value has referred to yet. */
  readonly #incoming = new Map<number, Channel>();
  /** Arrives when it is first needed, or sooner. */
  #values: Values | undefined;
  #awaitedValues: Deferred<Values> | undefined;
  readonly #functions = new Map<number, Promise<Callable>>();
  readonly #codes: Code[] = [];
  readonly #exit = (id: number, message: string): void => {
    const channel = this.#multiplexer().find(id);
    if (channel !== undefined) this.#fail(channel, exitError(message));
  };
  #batches = 0;
  #mayHaveRun = false;
  #awaited: { readonly batches: number; resolve(): void }[] = [];

  constructor({ multiplexer, checkGlobals, onBroken }: AgentOptions) {
    this.#checkGlobals = checkGlobals;
    this.#checkSoon = soon(checkGlobals);
    this.#onBroken = onBroken;
    this.#watch = new Watch(checkGlobals);
    this.#positions.install();
    this.#multiplexer = multiplexer;
  }

  /** Whether code of the controller may have run. */
  get mayHaveRun(): boolean {
    return this.#mayHaveRun;
  }

  /** Takes what the controller has said of itself. */
  introduce(controller: ControllerInfo): void {
    this.#controller = controller;
    if (controller.main !== undefined) setMainModule(controller.main);
  }

  /**
   * Makes a request without a message. Resolves to the answer, and rejects if that is a failure.
   */
  async #ask(header: unknown[]): Promise<Message | undefined> {
    const channel = this.#multiplexer().open(encodePlain(header));
    channel.end();
    const message = await channel.receive();
    if (message !== undefined && message.flags & Flag.FAILURE) {
      const { message: text, code } = (await this.#needValues()).decodeFailure(message.bytes);
      throw Object.assign(new TypeError(text), code && { code });
    }
    return message;
  }

  /** Answers a request on the channel that it came with. */
  handleChannel(channel: Channel, header: Uint8Array): void {
    runOutside(() => this.#handle(channel, header));
  }

  #handle(channel: Channel, header: Uint8Array): void {
    let request: unknown;
    try {
      request = this.#values === undefined ? decodePlain(header) : this.#values.read(header);
    } catch (error) {
      if (error !== NOT_PLAIN) throw error;
      const copy = new Uint8Array(header); // the header may be overwritten
      return void this.#needValues().then(() => this.handleChannel(channel, copy));
    }
    const [kind, ...rest] = request as [number, ...unknown[]];
    switch (kind) {
      case Request.BATCHES:
        return void this.#receiveBatches(channel).catch(this.#onBroken);
      case Request.CALL:
        this.#noteCode();
        return void this.#call(channel, rest as CallHeader);
      case Request.SERVICE:
        this.#noteCode();
        return void this.#serve(channel, ...rest as ServiceHeader);
      case Request.STREAM:
      case Request.SIGNAL:
        this.#incoming.set(channel.id, channel);
        return channel.onFailure(() => this.#incoming.delete(channel.id));
      default:
        return this.#fail(channel, new TypeError(`This agent knows no request ${kind}`));
    }
  }

  /** Some code will run, but not while the bytes that have come are still being handled. */
  #noteCode(): void {
    if (!this.#mayHaveRun) queueMicrotask(() => this.#mayHaveRun = true);
  }

  async #receiveBatches(channel: Channel): Promise<void> {
    this.lasting++;
    for (let message; (message = await channel.receive()) !== undefined;) {
      const bytes = await inflate(message);
      // What comes before the part for values can be read without it.
      const batch = (this.#values?.read(bytes) ?? decodePlain(bytes)) as Batch;
      const [records, codes] = batch;
      const last = records.at(-1);
      if (last?.id === VALUES_MODULE) {
        await this.#loadValues(last.source as string | Uint8Array);
      } else {
        if (last?.id === LOADER_MODULE) await this.#loadModules(last.source as string);
        await this.#runner.modules?.receive(batch, this.#batches);
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

  /** Loads the part for values that are not plain. */
  async #loadValues(source: string | Uint8Array): Promise<void> {
    const { Values } = loadPart<typeof import("./values.ts")>(await inflatedText(source), {
      ChannelReset,
    });
    this.#values = new Values(this.#multiplexer, this.#incoming);
    this.#checkGlobals(true, this.#values);
    this.#runner.modules?.provide(this.#values);
    this.#awaitedValues?.resolve(this.#values);
  }

  /** Gives the part for values that are not plain, which it asks for unless it is here. */
  #needValues(): Promise<Values> {
    if (this.#awaitedValues === undefined) {
      this.#awaitedValues = deferred();
      if (this.#values !== undefined) this.#awaitedValues.resolve(this.#values);
      else this.#multiplexer().open(encodePlain([Request.VALUES])).end();
    }
    return this.#awaitedValues.promise;
  }

  /**
   * Does something with values, at once unless they are not plain (then `plain` throws `NOT_PLAIN`)
   * and the part for others has not come.
   */
  #withValues<T>(plain: () => T, odd: (values: Values) => T): T | Promise<T> {
    if (this.#values !== undefined) return odd(this.#values);
    try {
      return plain();
    } catch (error) {
      if (error !== NOT_PLAIN) throw error;
      return this.#needValues().then(odd);
    }
  }

  /** Loads the part that loads modules. */
  async #loadModules(source: string): Promise<void> {
    nodeProcess(); // before `node:vm` makes it
    const { SentModules } = loadPart<typeof import("./sent_modules.ts")>(source, {
      decodePlain,
      runningCall,
    });
    this.#runner.modules = new SentModules((await import("node:vm")).default, {
      controller: this.#controller!,
      positions: this.#positions,
      ask: (header) => this.#ask(header),
      untilBatch: (batches) => this.#untilBatch(batches),
      codes: () => this.#codes,
      handleChannel: (channel, header) => this.handleChannel(channel, header),
    });
    if (this.#values !== undefined) this.#runner.modules.provide(this.#values);
  }

  #untilBatch(batches: number): Promise<void> | undefined {
    if (batches <= this.#batches) return undefined;
    return new Promise((resolve) => this.#awaited.push({ batches, resolve }));
  }

  async #call(channel: Channel, header: CallHeader): Promise<void> {
    try {
      const [batches, reference, code] = header;
      const finding = reference === null ? undefined : this.#find(batches, reference);
      const parts: Uint8Array[] = [];
      let message = await channel.receive();
      for (; bringsPart(message); message = await channel.receive()) parts.push(message.bytes);
      const [found, args] = await (code === null
        ? this.#readArguments(message, parts)
        : this.#readValues(message, parts, header));
      const { call, self } = finding === undefined
        ? { call: found, self: undefined } as Callable
        : await finding;
      const running = new RunningCall(channel, this.#exit);
      const preparing = prepareCall(this.#runner.modules !== undefined);
      if (preparing !== undefined) {
        await preparing;
      }
      await runCall(running, async () => {
        const returned = call.apply(self, args);
        // Its code may go on.
        if ("then" in Object(returned)) {
          this.#watch.begin();
        }
        const result = await returned;
        this.#checkSoon();
        const sending = this.#withValues(
          () =>
            channel.send(encodePlain(result), Flag.END),
          (values) => values.sendResult(channel, result, running.giveUp.bind(running)),
        );
        this.#watch.end();
        if (sending !== undefined) await sending;
      });
    } catch (error) {
      this.#checkGlobals();
      this.#runner.modules?.explain(error);
      this.#fail(channel, error);
      this.#watch.end();
    }
  }

  async #serve(
    channel: Channel,
    ...[batches, module, name, ...args]: ServiceHeader
  ): Promise<void> {
    try {
      await this.#untilBatch(batches);
      await ((await this.#runner.import(module))[name] as Service)(channel, ...args);
    } catch (error) {
      this.#fail(channel, error);
    }
  }

  #readArguments(message: Message | undefined, parts: Uint8Array[]): Received | Promise<Received> {
    if (message === undefined) return [undefined, []];
    const { bytes } = message;
    return this.#withValues<Received>(
      () => [undefined, decodePlain(bytes) as unknown[]],
      (values) => [undefined, values.read(bytes, parts) as unknown[]],
    );
  }

  /** Reads the function, if it is sent by value, and the arguments of a call with code. */
  async #readValues(
    message: Message | undefined,
    parts: readonly Uint8Array[],
    [batches, , id, attachments = []]: CallHeader,
  ): Promise<Received> {
    await this.#untilBatch(batches);
    if (message === undefined) throw new TypeError("The call has no values");
    const { bytes } = message;
    const code = await loadCode(this.#codes[id!]!, this.#runner);
    return await this.#withValues(() => {
      const [fn, args, captured, ...properties] = decodePlain(
        bytes,
        (data) => revivePlain(code, data),
      ) as [unknown, unknown[], unknown[][], ...unknown[]];
      if (properties.length > 0) throw NOT_PLAIN;
      setVariables(code, captured);
      return [fn, args];
    }, (values) => values.receive(bytes, { code, attachments, parts }));
  }

  #fail(channel: Channel, error: unknown): void {
    const fail = ({ encodeFailure }: Values): void => {
      try {
        channel.send(encodeFailure(error), Flag.FAILURE | Flag.END);
      } catch (cause) {
        this.#onBroken(cause);
      }
    };
    if (this.#values !== undefined) fail(this.#values);
    else void this.#needValues().then(fail);
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
    const root = module === null ? globalThis : await this.#runner.import(module);
    const found = find(root, path);
    if (found === undefined) throw lacks(module, path);
    const { value, parent } = found;
    const self = path.length > 1 ? parent : undefined;
    if (typeof value === "function") return { call: value as Callable["call"], self };
    throw new TypeError(
      `${path.join(".")} ${module === null ? "" : `of ${module} `}is not a function`,
    );
  }
}

function exitError(message: string): Error {
  const error = new Error(message);
  error.name = "Exit";
  return error;
}
