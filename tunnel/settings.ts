import { agentHost } from "../agent/agent_host.ts";
import { shown } from "./arguments/shown.ts";

/** Settings of the library. */
export interface Settings {
  /**
   * How many tunnels may be opened from within one another: with 2, a function at the far end may open one, but
   * what runs there may not. It stops a function that opens a tunnel and calls itself through it. The limit in
   * force when a tunnel connects goes along with it. What is no integer, or less than 1, is a `RangeError`.
   *
   * @default 2
   */
  depthLimit: number;
}

let depthLimit = checkDepthLimit(agentHost()?.depthLimit ?? 2);

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
export const settings: Settings = {
  get depthLimit() {
    return depthLimit;
  },
  set depthLimit(limit) {
    depthLimit = checkDepthLimit(limit);
  },
};

/** Gives a limit once it is known to be one: nothing is deeper than `NaN`, and nothing would stop. */
function checkDepthLimit(limit: unknown): number {
  if (Number.isInteger(limit) && limit as number > 0) return limit as number;
  throw new RangeError(`depthLimit is ${shown(limit)}: expected an integer, at least 1`);
}
