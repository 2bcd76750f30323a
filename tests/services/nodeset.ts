import { which } from "./command.ts";
import type { NodesetService, Unavailable } from "./services.ts";

/** Finds clustershell's nodeset, which tells what ranges of hosts stand for. */
export function findNodeset(): NodesetService | Unavailable {
  const path = which("nodeset");
  return path === undefined
    ? { available: false, reason: "install clustershell" }
    : { available: true, path };
}
