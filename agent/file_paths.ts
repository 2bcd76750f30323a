/**
 * The part of an agent that lets code open files of the controller by path. It is not in the
 * agent's bundle, but is sent with the first file that code may open so, or if folders are served.
 *
 * @module
 */

import { extendDeno, extendFetch } from "./paths/deno_fs.ts";
import { nodeFs, realFs } from "./paths/node_fs.ts";
import { SentTree, type SentTreeOptions } from "./paths/sent_tree.ts";

/** What the agent gives to {@linkcode openPaths}. */
export interface PathsOptions extends SentTreeOptions {
  /** Has modules that are sent see other exports in a built-in module. */
  readonly replace: (id: string, exports: Record<string, unknown>) => void;
}

/** Has the functions that read files find those that are added to the tree, which this gives. */
export function openPaths(options: PathsOptions): SentTree {
  const tree = new SentTree(options);
  const real = realFs(tree);
  options.replace("real:node:fs", { ...real, default: real });
  const fs = nodeFs(tree, real);
  options.replace("node:fs", { ...fs, default: fs });
  options.replace("node:fs/promises", { ...fs.promises, default: fs.promises });
  // deno-lint-ignore no-explicit-any -- its functions have many forms each
  const { Deno: deno } = globalThis as { Deno?: Record<string, any> };
  if (deno !== undefined) extendDeno(deno, tree);
  extendFetch(tree);
  return tree;
}
