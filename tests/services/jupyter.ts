import { which } from "./command.ts";
import type { JupyterService, Unavailable } from "./services.ts";

/** Finds what executes notebooks. The kernel is Deno's own. */
export function findJupyter(): JupyterService | Unavailable {
  const path = which("jupyter-execute");
  return path === undefined
    ? { available: false, reason: "no jupyter-execute: apt-get install python3-nbclient" }
    : { available: true, path };
}
