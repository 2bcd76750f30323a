import type { Child, ChildOptions } from "../../../tunnel/connection/child.ts";
import { startDenoChild } from "../../../tunnel/connection/deno_child.ts";

/** A `cat` that stands for the process of a tunnel, and gives back what is written to it. */
export interface Cat {
  readonly child: Child;
  /** Resolves when it has ended. A test may reject it. */
  readonly closed: PromiseWithResolvers<void>;
}

/** Starts one. */
export function startCat(
  { onOutput = () => {}, onDrain = () => {} }: Partial<ChildOptions> = {},
): Cat {
  const closed = Promise.withResolvers<void>();
  const child = startDenoChild({
    command: ["cat"],
    detached: true,
    onOutput,
    onStderr() {},
    onDrain,
    onSpawnError: closed.reject,
    onExit() {},
    onClose: closed.resolve,
  });
  return { child, closed };
}
