import { agentHost } from "../../agent/agent_host.ts";
import { DepthLimitError } from "../depth_limit_error.ts";
import { settings } from "../settings.ts";

/**
 * Checks whether a tunnel from this process to `host` may be opened.
 *
 * @returns The hosts on the way from the first controller to `host`, and how many there may be.
 * @throws {DepthLimitError} If there are more.
 */
export function checkDepth(
  host: string,
): { readonly path: readonly string[]; readonly depthLimit: number } {
  const { depthLimit } = settings;
  const path = [...agentHost()?.path ?? [], host];
  if (path.length > depthLimit) throw new DepthLimitError(depthLimit, path);
  return { path, depthLimit };
}
