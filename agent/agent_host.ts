import type { FunctionUnit } from "./protocol/handle.ts";
import type { ModuleRecord } from "./protocol/module_record.ts";

/**
 * What an agent offers to the library when that is used at the far end: the modules that came
 * through the pipe, and where this is.
 */
export interface AgentHost {
  /** The hosts on the way from the first controller to here. */
  readonly path: readonly string[];
  /** How many hosts there may be on the way. */
  readonly depthLimit: number;
  /** URLs of the folders whose files may be asked for. */
  readonly serve: readonly string[];
  /** Asks the controller for such a file; `undefined` if there is none. */
  file(url: string): Promise<Uint8Array | undefined>;
  /** A module that has been sent. */
  record(id: string): ModuleRecord | undefined;
  /** The namespace of a module that has been loaded. */
  namespace(id: string): Record<string, unknown> | undefined;
  /** Code that was cut from the script `url` and has been run. */
  units(url: string): readonly FunctionUnit[];
  /** Asks the controller for a module, as an `import()` does. Resolves to its id. */
  ask(specifier: string, referrer: string, type: string | undefined): Promise<string>;
}

// The agent and the library are different programs, although they share this file.
const KEY = Symbol.for("chopsticks.agent");

/** The agent that this code runs in; `undefined` at the first controller. */
export function agentHost(): AgentHost | undefined {
  return (globalThis as unknown as Record<symbol, AgentHost | undefined>)[KEY];
}

/** Makes the agent known to the library. */
export function setAgentHost(host: AgentHost): void {
  Object.defineProperty(globalThis, KEY, { value: host });
}

/** Marks functions that run at the controller, so that they are called back there from further hosts too. */
export const CALLBACK: unique symbol = Symbol.for("chopsticks.callback") as never;
