import type { Child, ChildOptions } from "./child.ts";
import { startDenoChild } from "./deno_child.ts";
import { startNodeChild } from "./node_child.ts";

/**
 * Starts a process.
 *
 * On Deno, only the pipes of its own `Deno.Command` are closed when the isolate ends that they
 * belong to: a Worker that is terminated, or a script that `deno run --watch` starts anew.
 */
export function startChild(options: ChildOptions): Child {
  return typeof Deno === "undefined" ? startNodeChild(options) : startDenoChild(options);
}
