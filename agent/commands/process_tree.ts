import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import process from "node:process";

/** For how many ms the programs may clean up after they have been asked to end. */
const GRACE = 2_000;

/** After how many ms it is looked whether they have ended. */
const INTERVAL = 30;

/** A process. Its start tells it from a later one with the same number. */
interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly start: string;
}

/**
 * Ends the process `root` and all that it has started. They are asked to with SIGTERM, and killed
 * if they are still there {@linkcode GRACE} later. Resolves when they are gone.
 *
 * Programs whose parent has ended before are not found, as those of `nohup … &` in a script that is
 * over: they have left the command.
 */
export async function endTree(root: number): Promise<void> {
  const deadline = Date.now() + GRACE;
  let known: Process[] = [];
  while (true) {
    const all = await processes() ?? aloneIfAlive(root);
    const before = new Set(known.map(keyOf));
    // Whoever has lost its parent is known from an earlier look.
    known = familyOf(all, (one) => before.size === 0 ? one.pid === root : before.has(keyOf(one)));
    if (known.length === 0) return;
    const late = Date.now() >= deadline;
    for (const one of known) {
      if (late) send(one.pid, "SIGKILL");
      else if (!before.has(keyOf(one))) {
        send(one.pid, "SIGTERM");
        // A stopped program ends when it goes on.
        send(one.pid, "SIGCONT");
      }
    }
    if (late) return;
    await new Promise((resolve) => setTimeout(resolve, INTERVAL));
  }
}

/** The processes that `isRoot` is true of, and all that they have started. */
function familyOf(all: readonly Process[], isRoot: (one: Process) => boolean): Process[] {
  const family = all.filter(isRoot);
  const found = new Set(family);
  for (const { pid } of family) { // it grows meanwhile
    for (const one of all) {
      if (one.parent !== pid || found.has(one)) continue;
      found.add(one);
      family.push(one);
    }
  }
  return family;
}

function keyOf({ pid, start }: Process): string {
  return `${pid} ${start}`;
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended, or belongs to another user since it has changed that, as `sudo` does.
  }
}

/** All processes that have not ended; `undefined` where this runtime may not see them. */
async function processes(): Promise<Process[] | undefined> {
  try {
    return readdirSync("/proc").filter((name) => /^\d+$/.test(name)).flatMap(readProcess);
  } catch {
    // There is no such folder, or Deno may not read it.
  }
  return await new Promise((resolve) => {
    const options = ["-A", "-o", "pid=,ppid=,stat=,lstart="];
    try {
      execFile("ps", options, (error, stdout) => resolve(error ? undefined : parsePs(stdout)));
    } catch {
      resolve(undefined); // Deno may not run it
    }
  });
}

/** Reads `/proc/PID/stat` (proc_pid_stat(5)): its name may hold spaces and parentheses. */
function readProcess(name: string): Process[] {
  try {
    const text = readFileSync(`/proc/${name}/stat`, "latin1");
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    if (fields[0] === "Z" || fields[0] === "X") return [];
    return [{ pid: Number(name), parent: Number(fields[1]), start: fields[19]! }];
  } catch {
    return []; // it has ended
  }
}

function parsePs(text: string): Process[] {
  return [...text.matchAll(/^ *(\d+) +(\d+) +([^ ]+) +(.*)$/gm)]
    .filter(([, , , state]) => !state!.startsWith("Z"))
    .map(([, pid, parent, , start]) => ({
      pid: Number(pid),
      parent: Number(parent),
      start: start!,
    }));
}

function aloneIfAlive(pid: number): Process[] {
  try {
    process.kill(pid, 0);
    return [{ pid, parent: 0, start: "" }];
  } catch {
    return [];
  }
}
