import type { FunctionUnit } from "./protocol/handle.ts";
import type { ModuleRecord } from "./protocol/module_record.ts";
import type { SentFile, ServedEntry } from "./protocol/sent_file.ts";

/** The agent, as the library sees it when it is used at the far end. */
export interface AgentHost {
  /** The hosts on the way from the first controller to here. */
  readonly path: readonly string[];
  /** The most hosts that may be on the way. */
  readonly depthLimit: number;
  /** The URLs of the folders whose files may be asked for. */
  readonly serve: readonly string[];
  /** The URL of the script that runs at the first controller, if it is known. */
  readonly main?: string;
  /** Asks the controller for such a file; `undefined` if it does not exist. */
  file(url: string): Promise<Uint8Array | undefined>;
  /** Asks the controller what such a file or folder is; `undefined` if it does not exist. */
  look(url: string): Promise<ServedEntry | undefined>;
  /** Gives the files that were sent to be opened by path. */
  files(): readonly SentFile[];
  /** Gives a module that has been sent. */
  record(id: string): ModuleRecord | undefined;
  /** Gives the namespace of a module that has been loaded. */
  namespace(id: string): Record<string, unknown> | undefined;
  /** Gives the code that was taken from the script `url` and has been sent. */
  units(url: string): readonly FunctionUnit[];
  /** Asks the controller for a module, like `import()`. Resolves to its id. */
  ask(specifier: string, referrer: string, type: string | undefined): Promise<string>;
  /** Gives the signal of the call that the running code belongs to, if it belongs to one. */
  callSignal(): AbortSignal | undefined;
  /** Answers a request of the controller, for a part of the agent; missing in a worker. */
  handleChannel?(channel: unknown, header: Uint8Array): void;
}

// The agent and the library are different programs, although they share this file.
const KEY = Symbol.for("chopsticks.agent");

/** Gives the agent that this code runs in; `undefined` at the first controller. */
export function agentHost(): AgentHost | undefined {
  return (globalThis as unknown as Record<symbol, AgentHost | undefined>)[KEY];
}

/** Makes the agent known to the library. */
export function setAgentHost(host: AgentHost): void {
  Object.defineProperty(globalThis, KEY, { value: host });
}

/**
 * Marks functions that run at the controller. When sent on to further hosts, they still run there.
 */
export const CALLBACK: unique symbol = Symbol.for("chopsticks.callback") as never;
