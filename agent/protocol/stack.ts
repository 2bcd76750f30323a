/**
 * Matches the agent's own frames, which have the identifiers of its modules, and those that are
 * always between the agent and a function.
 */
const OWN = /chopsticks:\w+:\d|^\s+at (new )?AsyncLocalStorage\.run |\(node:internal\//;

/** Removes the lines that only say how the agent called the function. */
export function trimStack(stack: string): string {
  return stack.split("\n").filter((line) => !OWN.test(line)).join("\n");
}
