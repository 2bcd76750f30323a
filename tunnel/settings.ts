import { agentHost } from "../agent/agent_host.ts";
import { shown } from "./arguments/shown.ts";
import { rangeError } from "./misuse.ts";

/** Settings of the library. */
export interface Settings {
  /**
   * How many tunnels may be opened within one another. With 2, a function at the far end may open a
   * tunnel, but a function at the far end of that one may not. The limit stops a function that
   * opens a tunnel and calls itself through it. A tunnel that connects takes the present limit
   * along. Any value but an integer of at least 1 is a `RangeError`.
   *
   * @default {2}
   */
  depthLimit: number;
}

let depthLimit = checkDepthLimit(agentHost()?.depthLimit ?? 2);

/**
 * Settings of the library, which may be changed.
 *
 * @example
 * ```ts
 * import { settings } from "@chopsticks/chopsticks";
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

/** Returns `limit` if it is one. `NaN`, for example, would stop nothing: no depth is greater. */
function checkDepthLimit(limit: unknown): number {
  if (Number.isInteger(limit) && limit as number > 0) return limit as number;
  throw rangeError(`depthLimit is ${shown(limit)}: expected an integer, at least 1`);
}
