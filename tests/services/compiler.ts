import { command, lastLine } from "./command.ts";
import type { CompilerService, Unavailable } from "./services.ts";

/** The start of the one reason for a skipped test that CI admits: it is not in our hands. */
export const NO_COMPILER = "deno compile cannot get its runtime";

/**
 * Finds out whether `deno compile` works. It downloads a runtime for the programs that it makes,
 * from a server that is not reachable everywhere.
 *
 * @param folder The run's folder.
 */
export async function findCompiler(
  folder: string,
  signal: AbortSignal,
): Promise<CompilerService | Unavailable> {
  const own = `${folder}/compiler`;
  await Deno.mkdir(own);
  await Deno.writeTextFile(`${own}/empty.ts`, "");
  const { success, stderr } = await command(
    [Deno.execPath(), "compile", "--no-config", "--no-check", "-o", "empty", "empty.ts"],
    { cwd: own, signal, env: { NO_COLOR: "1" } },
  );
  await Deno.remove(own, { recursive: true });
  if (success) return { available: true };
  const cause = stderr.split("\n").find((line) => /^\s+\d+: .*error/.test(line)) ?? stderr;
  return { available: false, reason: `${NO_COMPILER}: ${lastLine(cause).split(": ").at(-1)}` };
}
