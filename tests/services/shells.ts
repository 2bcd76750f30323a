import { which } from "./command.ts";
import { createUser } from "./create_user.ts";
import type { ShellsService, Unavailable } from "./services.ts";

/** How many bytes the shell of `noisy` prints before anything else, without a newline. */
export const NOISE = 1_048_576;

const ALIASES = ["fish", "csh", "noisy", "bash", "plain"] as const;

/**
 * The users of a run by their aliases. The names contain the runner's pid, so that runs can
 * overlap.
 *
 * @param runFolder The run's folder.
 */
export function shellUsers(runFolder: string): Record<typeof ALIASES[number], string> {
  const pid = runFolder.match(/-(\d+)-\d+$/)?.[1];
  const users = ALIASES.map((alias) => [alias, `chop${alias}${pid}`]);
  return Object.fromEntries(users);
}

/**
 * Makes users of this machine with unusual login shells. Their homes are in the run's folder, by
 * which they are found when the run is removed.
 *
 * @param runFolder The run's folder.
 */
export async function createShells(
  runFolder: string,
  signal: AbortSignal,
): Promise<ShellsService | Unavailable> {
  const missing = (reason: string): Unavailable => ({
    available: false,
    reason: `no users with other login shells: ${reason}`,
  });
  if (Deno.uid() !== 0) return missing("only root can make users");
  const fish = which("fish");
  if (fish === undefined) return missing("install fish");
  const csh = which("tcsh");
  if (csh === undefined) return missing("install tcsh");
  const bash = which("bash");
  if (bash === undefined) return missing("install bash");

  await Deno.mkdir(`${runFolder}/home`, { recursive: true });
  await Deno.chmod(`${runFolder}/home`, 0o755);
  const noisy = `${runFolder}/home/noisy_shell`;
  await Deno.writeTextFile(
    noisy,
    `#!/bin/sh\nhead -c ${NOISE} /dev/zero | tr '\\0' '#'\nexec /bin/sh "$@"\n`,
  );
  await Deno.chmod(noisy, 0o755);

  const shells = { fish, csh, noisy, bash, plain: "/bin/sh" };
  const users = shellUsers(runFolder);
  for (const alias of ALIASES) {
    const problem = await createUser(
      { name: users[alias], shell: shells[alias], home: `${runFolder}/home/${alias}` },
      signal,
    );
    if (problem !== "") return missing(problem);
  }
  await Deno.writeTextFile(`${runFolder}/home/bash/.bashrc`, "echo noise from .bashrc\n");
  return { available: true, aliases: ALIASES };
}
