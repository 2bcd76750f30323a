import { runtimeName } from "./runtime_name.ts";

const NO_DENO = /^((?:ReferenceError: )?Deno is not defined)(?=\n|$)/;

const NO_FETCH = /^((?:TypeError: )?fetch failed)(?=\n|$)/;

/**
 * A text of an error, such as its message or its stack. What an error says that knows no `Deno`, or
 * of a `fetch()` that opens no file, is completed: the agent is not one of Deno.
 */
export function missingDeno(error: unknown, text: string): string {
  if (runtimeName().startsWith("Deno")) return text;
  if (isUnfetched(error)) {
    const more = `fetch() of ${runtimeName()} opens no file: URL`;
    return text.replace(
      NO_FETCH,
      `$1: ${more}; ask for runtime: "deno", or send the file along by the option include`,
    );
  }
  if (!(error instanceof ReferenceError)) return text;
  return text.replace(
    NO_DENO,
    `$1: this agent is ${runtimeName()}; ask for runtime: "deno", or use node: modules`,
  );
}

/** Whether `fetch()` of Node failed as it does for a `file:` URL. */
function isUnfetched(error: unknown): boolean {
  if (!(error instanceof TypeError)) return false;
  const { cause } = error;
  return cause instanceof Error && cause.message === "not implemented... yet...";
}
