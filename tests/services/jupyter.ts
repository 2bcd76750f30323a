import { which } from "./command.ts";
import type { JupyterService, Unavailable } from "./services.ts";

/** Finds the program that executes notebooks. Deno brings the kernel. */
export function findJupyter(): JupyterService | Unavailable {
  const path = which("jupyter-execute");
  return path === undefined
    ? { available: false, reason: "no jupyter-execute: apt-get install python3-nbclient" }
    : { available: true, path };
}
