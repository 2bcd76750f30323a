import { agentHost } from "../agent/agent_host.ts";

/** Settings of the library. */
export interface Settings {
  /**
   * How many tunnels may be opened from within one another: with 2, a function at the far end may open one, but
   * what runs there may not. It stops a function that opens a tunnel and calls itself through it. The limit in
   * force when a tunnel connects goes along with it.
   *
   * @default 2
   */
  depthLimit: number;
}

/**
 * Settings of the library, which may be changed.
 *
 * @example
 * ```ts
 * import { settings } from "../mod.ts";
 *
 * settings.depthLimit = 3;
 * ```
 */
export const settings: Settings = { depthLimit: agentHost()?.depthLimit ?? 2 };
