import { startDocker } from "./docker.ts";
import { placeDeno, placeNode, placeOldDeno } from "./interpreters.ts";
import { findJupyter } from "./jupyter.ts";
import { findRsync } from "./rsync.ts";
import { createRunFolder, removeDeadRuns, removeRunFolder } from "./run_folder.ts";
import type { Services } from "./services.ts";
import { createShells } from "./shells.ts";
import { startSSH } from "./ssh.ts";
import { findSudo } from "./sudo.ts";

/** Everything that was started for a run of the tests. Disposing of it leaves nothing behind. */
export interface RunningServices extends AsyncDisposable {
  readonly services: Services;
}

/**
 * Starts every service that this machine can have, side by side, after clearing up what runs that
 * were killed have left.
 *
 * @param signal Ends the starting early; what has not started by then is unavailable.
 */
export async function startServices(signal: AbortSignal): Promise<RunningServices> {
  for (const dead of await removeDeadRuns()) console.log(`Removed what a dead run left: ${dead}`);
  const folder = createRunFolder();
  try {
    const placed = placeNode(folder, signal);
    const [deno, oldDeno, node, ssh, shells, docker, sudo] = await Promise.all([
      placeDeno(folder),
      placeOldDeno(folder, signal),
      placed,
      startSSH(folder, signal),
      createShells(folder, signal),
      startDocker(folder, placed, signal),
      findSudo(signal),
    ]);
    return {
      services: {
        folder,
        deno,
        oldDeno,
        node,
        ssh: ssh.service,
        shells: ssh.service.available ? shells : ssh.service,
        docker,
        sudo,
        jupyter: findJupyter(),
        rsync: findRsync(),
      },
      async [Symbol.asyncDispose](): Promise<void> {
        ssh.stop();
        await removeRunFolder(folder);
      },
    };
  } catch (error) {
    await removeRunFolder(folder);
    throw error;
  }
}
