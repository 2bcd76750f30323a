import { command } from "../../services/command.ts";

/**
 * Runs a script of the folder `fixture` where it sees and reaches no process of this machine, and
 * gives what it prints. A bystander runs beside it; the script's end does not depend on it.
 *
 * @param script The script's name.
 * @param shell The program that is found as `sh`.
 * @param args Arguments for the script.
 */
export async function runAlone(
  script: string,
  shell: string,
  args: string[] = [],
): Promise<string> {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.symlink(shell, `${folder}/sh`);
    const { stdout, problem } = await command([
      ...["unshare", "--pid", "--fork", "--mount-proc", "--kill-child", Deno.execPath()],
      ...["run", "-A", "--no-check", import.meta.resolve(`./fixture/${script}`)],
      ...[Deno.readLinkSync("/proc/self/ns/pid"), `${folder}:${Deno.env.get("PATH")}`, ...args],
    ]);
    return stdout.trim() || problem;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
