import { listProcesses } from "./processes.ts";
import { startDaemon } from "./command.ts";

/**
 * Starts a command as the first process of namespaces for processes and mounts of its own, with
 * empty folders for what programs keep in places that nobody can choose. All in it ends with it.
 * It takes care of orphans: the first process of a sandbox may let them lie about for seconds, and
 * podman and Slurm wait for their end.
 *
 * @param script What the shell starts. It should start something in the background.
 * @param args Its arguments. One must have the run's folder in it.
 * @param log A file for all its output.
 * @returns The process to enter, for `nsenter`.
 */
export async function startNamespace(
  script: string,
  args: readonly string[],
  log: string,
): Promise<number> {
  const mounts = "for d in /run /dev/shm /var/lib/containers;do [ ! -d $d ]||" +
    "mount -t tmpfs tmpfs $d||exit;done;";
  const { pid } = startDaemon([
    ...["unshare", "--pid", "--mount", "--fork", "--mount-proc", "--kill-child"],
    ...["--propagation", "private", "sh", "-c", `${mounts}${script}\nwait`, "sh"],
    ...args,
  ], log);
  for (;;) {
    const all = listProcesses();
    const child = all.find(({ parent }) => parent === pid);
    if (child !== undefined) return child.pid;
    if (!all.some((process) => process.pid === pid)) {
      throw new Error((await Deno.readTextFile(log)).trim());
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
