/** A running process. */
export interface Process {
  readonly pid: number;
  readonly parent: number;
  /** Start time in ticks of the kernel, unique together with the pid. 0 if unknown. */
  readonly started: number;
  readonly command: string;
}

/** All running processes, without zombies. */
export function listProcesses(): Process[] {
  try {
    return [...Deno.readDirSync("/proc")]
      .filter(({ name }) => /^\d+$/.test(name))
      .flatMap(({ name }) => readProcess(name) ?? []);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return listWithPs();
  }
}

/** `PF_EXITING` in the flags of a process. */
const EXITING = 0x4;

/** `SIGKILL` in a set of signals. */
const KILLED = 1n << 8n;

/**
 * Whether nothing can keep a process from ending any more: it has ended, is about to, or was sent
 * SIGKILL. A busy machine may take its time for what is left of that. Without `/proc` nobody knows.
 */
export function isDying(pid: number): boolean {
  try {
    const status = Deno.readTextFileSync(`/proc/${pid}/status`);
    for (const [, pending] of status.matchAll(/^(?:Sig|Shd)Pnd:\s*([0-9a-f]+)$/gm)) {
      if (BigInt(`0x${pending}`) & KILLED) return true;
    }
    const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
    const [state, , , , , , flags] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return /[ZX]/.test(state!) || (Number(flags) & EXITING) !== 0;
  } catch (error) {
    return Deno.build.os === "linux" || !(error instanceof Deno.errors.NotFound);
  }
}

/**
 * The processes of a run: those with the run's folder in their command line, and their descendants.
 * The name of the folder is unique, and every service has a path inside it among its arguments.
 * This process and its ancestors are never among them.
 *
 * @param folder The run's folder.
 */
export function processesOf(folder: string): Process[] {
  const all = listProcesses();
  const spared = new Set<number>();
  for (let pid: number | undefined = Deno.pid; pid && !spared.has(pid);) {
    spared.add(pid);
    pid = all.find((process) => process.pid === pid)?.parent;
  }
  const found = new Set<Process>();
  const add = (process: Process): void => {
    if (spared.has(process.pid) || found.has(process)) return;
    found.add(process);
    for (const child of all) if (child.parent === process.pid) add(child);
  };
  const name = new RegExp(`${RegExp.escape(folder)}(?![\\w-])`);
  for (const process of all) if (name.test(process.command)) add(process);
  return [...found];
}

/**
 * Kills the processes of a run. They need no time to clear up: the folder of the run is removed
 * next.
 *
 * @param folder The run's folder.
 * @throws {Error} If some are still there after half a minute.
 */
export async function endProcessesOf(folder: string): Promise<void> {
  const deadline = Date.now() + 30_000;
  for (let left = processesOf(folder); left.length > 0; left = processesOf(folder)) {
    if (Date.now() > deadline) {
      throw new Error(`Cannot end ${left.map(({ pid, command }) => `${pid} (${command})`)}`);
    }
    for (const { pid } of left) {
      try {
        Deno.kill(pid, "SIGKILL");
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound || error instanceof TypeError)) throw error;
      }
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function readProcess(pid: string): Process | undefined {
  try {
    const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
    // The second field is the name of the program in parentheses. It may contain anything.
    const [state, parent, ...rest] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (state === "Z" || state === "X") return undefined;
    const command = Deno.readTextFileSync(`/proc/${pid}/cmdline`).replaceAll("\0", " ").trim();
    return { pid: Number(pid), parent: Number(parent), started: Number(rest[17]), command };
  } catch {
    return undefined; // It has ended meanwhile.
  }
}

function listWithPs(): Process[] {
  const { stdout } = new Deno.Command("ps", {
    args: ["-A", "-ww", "-o", "pid=,ppid=,stat=,command="],
    stdin: "null",
  }).outputSync();
  return new TextDecoder().decode(stdout).split("\n").flatMap((line) => {
    const [, pid, parent, state, command = ""] = line.match(/^\s*(\d+)\s+(\d+)\s+(\S+)\s*(.*)/) ??
      [];
    if (state === undefined || state.startsWith("Z")) return [];
    return [{ pid: Number(pid), parent: Number(parent), started: 0, command }];
  });
}
