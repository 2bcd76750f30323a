import { findCompiler } from "./compiler.ts";
import { startDocker } from "./docker.ts";
import { placeDeno, placeNode, placeOldDeno } from "./interpreters.ts";
import { findJupyter } from "./jupyter.ts";
import { placeKubectl } from "./kubectl.ts";
import { findNodeset } from "./nodeset.ts";
import { findProgram } from "./program.ts";
import { startPodman } from "./podman.ts";
import { findRsync } from "./rsync.ts";
import { createLogins } from "./logins.ts";
import { findPosixShells } from "./posix_shells.ts";
import { createRunFolder, removeDeadRuns, removeRunFolder } from "./run_folder.ts";
import { noServices, type Services } from "./services.ts";
import { createShells } from "./shells.ts";
import { startSlurm } from "./slurm.ts";
import { startSSH } from "./ssh.ts";
import { findSudo } from "./sudo.ts";

/** The services of a run of the tests. Disposing of them leaves nothing behind. */
export interface RunningServices extends AsyncDisposable {
  readonly services: Services;
}

/**
 * Starts the services for a run of the tests, after clearing up after runs that were killed.
 *
 * @param signal Ends the starting early; a service that has not started by then is unavailable.
 * @param which Every service that this machine can have, only sshd and the interpreters, or only
 * those that need no starting.
 */
export async function startServices(
  signal: AbortSignal,
  which: "all" | "ssh" | "quick" = "all",
): Promise<RunningServices> {
  for (const dead of await removeDeadRuns()) console.log(`Removed what a dead run left: ${dead}`);
  const folder = createRunFolder();
  try {
    if (which === "ssh") return await startWithSSH(folder, signal);
    return which === "all" ? await startAll(folder, signal) : await startQuick(folder);
  } catch (error) {
    await removeRunFolder(folder);
    throw error;
  }
}

async function startAll(folder: string, signal: AbortSignal): Promise<RunningServices> {
  const placed = placeNode(folder, signal);
  const [
    deno,
    oldDeno,
    node,
    ssh,
    shells,
    posixShells,
    logins,
    docker,
    podman,
    slurm,
    kubectl,
    sudo,
    compiler,
  ] = await Promise.all([
    placeDeno(folder),
    placeOldDeno(folder, signal),
    placed,
    startSSH(folder, signal),
    createShells(folder, signal),
    findPosixShells(signal),
    createLogins(folder, signal),
    startDocker(folder, placed, signal),
    startPodman(folder, signal),
    startSlurm(folder, signal),
    placeKubectl(folder),
    findSudo(signal),
    findCompiler(folder, signal),
  ]);
  return {
    services: {
      folder,
      quick: false,
      deno,
      oldDeno,
      node,
      ssh: ssh.service,
      shells: ssh.service.available ? shells : ssh.service,
      posixShells,
      logins: ssh.service.available ? logins : ssh.service,
      docker,
      podman,
      slurm,
      kubectl,
      sudo,
      jupyter: findJupyter(),
      rsync: findRsync(),
      nodeset: findNodeset(),
      compiler,
      ansible: findProgram("ansible-inventory", "ansible-core"),
      tmux: findProgram("tmux", "tmux"),
    },
    async [Symbol.asyncDispose](): Promise<void> {
      ssh.stop();
      await removeRunFolder(folder);
    },
  };
}

async function startWithSSH(folder: string, signal: AbortSignal): Promise<RunningServices> {
  const [deno, node, ssh] = await Promise.all([
    placeDeno(folder),
    placeNode(folder, signal),
    startSSH(folder, signal),
  ]);
  const none = noServices(folder, "this task does not start it");
  return {
    services: { ...none, deno, node, ssh: ssh.service },
    async [Symbol.asyncDispose](): Promise<void> {
      ssh.stop();
      await removeRunFolder(folder);
    },
  };
}

async function startQuick(folder: string): Promise<RunningServices> {
  return {
    services: {
      ...noServices(folder, "deno task quick starts no services"),
      quick: true,
      deno: await placeDeno(folder),
      rsync: findRsync(),
      nodeset: findNodeset(),
      ansible: findProgram("ansible-inventory", "ansible-core"),
      tmux: findProgram("tmux", "tmux"),
    },
    [Symbol.asyncDispose]: () => removeRunFolder(folder),
  };
}
