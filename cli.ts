/**
 * The command line: runs commands and functions on many hosts, and moves files.
 *
 * ```sh
 * deno run -A cli.ts -w 'web[1-50]' -- uptime
 * deno run -A cli.ts --help
 * ```
 *
 * @module
 */
import { helpText } from "./cli/help.ts";
import { Misuse } from "./cli/misuse.ts";
import { readRequest } from "./cli/read_request.ts";

/**
 * Does what a command line says, and prints to stdout and stderr.
 *
 * @param args The command line, without the program.
 * @returns The exit code: 0; 1 if a host failed; 2 for misuse; 130 after Ctrl-C.
 *
 * @example
 * ```ts ignore
 * import { cli } from "@chopsticks/chopsticks/cli";
 *
 * const code = await cli(["-w", "a,b", "--local", "--no-stdin", "--", "uptime"]);
 * console.log(code); // 0
 * ```
 */
export async function cli(args: readonly string[]): Promise<number> {
  try {
    const request = await readRequest(args);
    if (request === "help") {
      console.log(helpText());
      return 0;
    }
    // Only now: the help has not to wait for it.
    const { runRequest } = await import("./cli/run_request.ts");
    return await runRequest(request);
  } catch (error) {
    if (!(error instanceof Misuse)) throw error;
    console.error(error.message);
    console.error("See --help");
    return 2;
  }
}

// stdin may be open still, and nobody is going to read it.
if (import.meta.main) Deno.exit(await cli(Deno.args));
