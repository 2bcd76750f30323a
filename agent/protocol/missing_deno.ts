import { runtimeName } from "./runtime_name.ts";

const TEXT = /^((?:ReferenceError: )?Deno is not defined)(?=\n|$)/;

/**
 * A text of an error, such as its message or its stack. What an error says that knows no `Deno` is
 * completed: the agent is not one of Deno.
 */
export function missingDeno(error: unknown, text: string): string {
  if (runtimeName().startsWith("Deno") || !(error instanceof ReferenceError)) return text;
  return text.replace(
    TEXT,
    `$1: this agent is ${runtimeName()}; ask for runtime: "deno", or use node: modules`,
  );
}
