/**
 * A tunnel could not be opened, since it would be within too many other tunnels. The limit is
 * `settings.depthLimit`.
 *
 * @example
 * ```ts
 * import { DepthLimitError } from "@chopsticks/chopsticks";
 *
 * const error = new DepthLimitError(2, ["web1", "localhost", "localhost"]);
 * console.log(error.message); // Depth limit of 2 exceeded at web1 -> localhost -> localhost
 * ```
 */
export class DepthLimitError extends Error {
  /** The name of the class. */
  override name = "DepthLimitError";

  /**
   * Names the hosts on the way to the tunnel.
   *
   * @param limit How many hosts may be on the way.
   * @param path The hosts on the way, the tunnel's own included.
   */
  constructor(limit: number, path: readonly string[]) {
    super(`Depth limit of ${limit} exceeded at ${path.join(" -> ")}`);
  }
}
