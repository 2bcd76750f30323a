/**
 * A tunnel was to be opened from too many tunnels within one another. `settings.depthLimit` is the limit.
 *
 * @example
 * ```ts
 * import { DepthLimitError } from "../mod.ts";
 *
 * const error = new DepthLimitError(2, ["web1", "localhost", "localhost"]);
 * console.log(error.message); // Depth limit of 2 exceeded at web1 -> localhost -> localhost
 * ```
 */
export class DepthLimitError extends Error {
  /** The name of the class. */
  override name = "DepthLimitError";

  /**
   * Names the way to the tunnel.
   *
   * @param limit How many hosts there may be on the way.
   * @param path The hosts on the way, the tunnel's own included.
   */
  constructor(limit: number, path: readonly string[]) {
    super(`Depth limit of ${limit} exceeded at ${path.join(" -> ")}`);
  }
}
