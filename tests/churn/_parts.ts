import { listProcesses, type Process } from "../services/processes.ts";
import type { Target } from "./_plan.ts";

/** The variable that marks the processes of a moment. */
export const MARK = "CHOPSTICKS_CHURN";

/** Whom to look at. */
export interface Roots {
  /** The value of {@linkcode MARK} in this moment. */
  readonly mark: string;
  /** The controller and sshd. */
  readonly pids: readonly number[];
  /** Those that have been found before, as pid and start: they may have lost their parents. */
  readonly known?: ReadonlySet<string>;
}

/**
 * The processes of a moment: those that descend from the roots, those that are marked, and those
 * around these. The roots are not among them.
 */
export function partsOf({ mark, pids, known }: Roots): Process[] {
  const all = listProcesses();
  const byPid = new Map(all.map((process) => [process.pid, process]));
  const children = Map.groupBy(all, ({ parent }) => parent);
  const found = new Set<Process>();
  const add = (process: Process): void => {
    if (found.has(process) || pids.includes(process.pid)) return;
    found.add(process);
    for (const child of children.get(process.pid) ?? []) add(child);
  };
  for (const process of all) if (known?.has(idOf(process))) add(process);
  for (const pid of pids) for (const child of children.get(pid) ?? []) add(child);
  for (const process of all) {
    if (process.pid === Deno.pid || !isMarked(process.pid, mark)) continue;
    // The shells that an agent has come from outlive neither it nor the moment.
    let top = process;
    for (;;) {
      const above = byPid.get(top.parent);
      if (above === undefined || !PATTERNS.shell!.test(above.command)) break;
      top = above;
    }
    add(top);
  }
  return [...found];
}

/** What tells a process from others that have its number at another time. */
export function idOf({ pid, started }: Process): string {
  return `${pid} ${started}`;
}

function isMarked(pid: number, mark: string): boolean {
  try {
    return Deno.readTextFileSync(`/proc/${pid}/environ`).includes(`${MARK}=${mark}`);
  } catch {
    return false; // It ended meanwhile.
  }
}

/** By what a part is known. */
const PATTERNS: Readonly<Partial<Record<Target, RegExp>>> = {
  agent: /^\S*(deno|node) .*data:text\/javascript/,
  shell: /^\S*\bsh -c IFS=/,
  relay: /^cat$/,
  signs: /^\S*\bsh -c trap "kill -9 0" PIPE/,
  reaper: /^\S*\bsh -c f\(\) \{/,
  ssh: /^\S*\bssh /,
  session: /^sshd(-session)?: /,
};

/** The processes that are a part of the way to the agent. */
export function targetsAmong(parts: readonly Process[], target: Target): Process[] {
  const pattern = PATTERNS[target];
  return pattern === undefined ? [] : parts.filter(({ command }) => pattern.test(command));
}
