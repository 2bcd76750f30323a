import { command } from "./command.ts";
import { forgetSudo, sudoersFile } from "./logins.ts";
import { endProcessesOf, listProcesses } from "./processes.ts";
import { services } from "./services.ts";

/*
 * A run keeps everything it makes in one folder, whose name has the runner's pid and start time. So
 * the next run can tell the folder of a killed runner from that of a running one. Clearing up needs
 * no list of what was started, so the same code clears up after this run and after killed ones.
 */

const PREFIX = "chopsticks-tests-";

/**
 * Makes the folder of this run, with `temp` in it for the temporary files of the tests.
 *
 * @returns Its absolute path; every user can read it.
 */
export function createRunFolder(): string {
  const started = listProcesses().find(({ pid }) => pid === Deno.pid)?.started ?? 0;
  const folder = `${temporaryFolder()}/${PREFIX}${Deno.pid}-${started}`;
  Deno.mkdirSync(folder);
  Deno.chmodSync(folder, 0o755);
  Deno.mkdirSync(`${folder}/temp`);
  Deno.chmodSync(`${folder}/temp`, 0o1777);
  return folder;
}

/**
 * Ends and removes everything that belongs to a run: processes, users, control groups, and the
 * folder. Repeating it is harmless.
 *
 * @param folder What {@linkcode createRunFolder} gave.
 */
export async function removeRunFolder(folder: string): Promise<void> {
  await endProcessesOf(folder);
  await removeUsers(folder);
  await Deno.remove(sudoersFile(folder)).catch(() => {});
  removeControlGroups(folder.slice(folder.lastIndexOf("/") + 1));
  await Deno.remove(folder, { recursive: true }).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
}

/**
 * Clears up after runs that were killed.
 *
 * @returns The folders that were removed.
 */
export async function removeDeadRuns(): Promise<string[]> {
  const alive = new Set(listProcesses().map(({ pid, started }) => `${PREFIX}${pid}-${started}`));
  const removed: string[] = [];
  for (const { name } of Deno.readDirSync(temporaryFolder())) {
    if (!/^chopsticks-tests-\d+-\d+$/.test(name) || alive.has(name)) continue;
    const folder = `${temporaryFolder()}/${name}`;
    // Another run may clear up at the same time.
    const uid = await Deno.stat(folder).then(({ uid }) => uid, () => undefined);
    if (uid !== Deno.uid()) continue;
    await removeRunFolder(folder);
    removed.push(folder);
  }
  return removed;
}

/** The users whose homes are in the folder of a run. */
export function usersOf(folder: string): string[] {
  return Deno.readTextFileSync("/etc/passwd").split("\n").flatMap((line) => {
    const [name = "", , , , , home = ""] = line.split(":");
    return home.startsWith(`${folder}/`) ? [name] : [];
  });
}

async function removeUsers(folder: string): Promise<void> {
  for (const user of usersOf(folder)) {
    await forgetSudo(user);
    // Another program may hold the lock of /etc/passwd for a moment.
    for (let attempt = 1;; attempt++) {
      const { success, problem } = await command(["userdel", "--force", user]);
      if (success || !usersOf(folder).includes(user)) break;
      if (attempt === 50) throw new Error(`Cannot remove the user ${user}: ${problem}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

// Version 1 has a hierarchy for each controller, version 2 has only one.
function removeControlGroups(name: string): void {
  const root = "/sys/fs/cgroup";
  for (const folder of [root, ...subfolders(root)]) removeControlGroup(`${folder}/${name}`);
}

function removeControlGroup(folder: string): void {
  for (const child of subfolders(folder)) removeControlGroup(child);
  try {
    Deno.removeSync(folder);
  } catch {
    // It does not exist, or the kernel still uses it. An empty group costs nothing.
  }
}

function subfolders(folder: string): string[] {
  try {
    return [...Deno.readDirSync(folder)]
      .filter(({ isDirectory }) => isDirectory)
      .map(({ name }) => `${folder}/${name}`);
  } catch {
    return [];
  }
}

/**
 * A run that a test starts puts its folder beside that of the outer run, not inside it: the path of
 * a socket must be short.
 */
function temporaryFolder(): string {
  const { folder } = services;
  if (folder !== "") return folder.slice(0, folder.lastIndexOf("/"));
  return (Deno.env.get("TMPDIR") ?? "/tmp").replace(/\/+$/, "");
}
