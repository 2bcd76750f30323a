import { command } from "../services/command.ts";

/**
 * Runs a command to its end.
 *
 * @returns Its standard output.
 * @throws {Error} If it fails.
 */
export async function run(argv: readonly string[]): Promise<string> {
  const { success, stdout, problem } = await command(argv);
  if (!success) throw new Error(problem);
  return stdout;
}

/** Removes a file or a folder, if it exists. */
export async function remove(path: string): Promise<void> {
  await Deno.remove(path, { recursive: true }).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
}
