import { assertEquals } from "@std/assert";
import { PATIENCE } from "./_deadline.ts";
import { isDying, listProcesses, type Process } from "../services/processes.ts";

/** A text in the command of each process that leads to an agent. */
const LEADS_TO_AGENT = "IFS= read -r s";

/** An argument for `sleep` that no other process of this machine has. */
export function newMark(): string {
  return `1000.${crypto.getRandomValues(new Uint32Array(1))[0]}`;
}

/**
 * The processes around a `sleep` that an agent has started: the `sleep`, the agent, all that the
 * agent has started, and the shells and other programs that lead to the agent. Waits until they
 * run.
 *
 * @param mark The argument of `sleep`.
 */
export async function familyOf(mark: string): Promise<Process[]> {
  // A controller may have to start first, and to connect.
  const end = Date.now() + 3 * PATIENCE;
  for (;;) {
    if (Date.now() > end) throw new Error(`There is still no sleep ${mark}`);
    const all = listProcesses();
    const sleeping = all.find(({ command }) =>
      /^\S*sleep \S+$/.test(command) && command.endsWith(` ${mark}`)
    );
    if (sleeping !== undefined) return around(sleeping, all);
    await pause();
  }
}

/**
 * Waits until a process has a word in its command line. One that was just started has none for a
 * moment: whoever started it goes on before the kernel has set it.
 *
 * @param word The word.
 * @param but Commands with this word do not count.
 */
export async function untilSeen(word: string, but?: string): Promise<void> {
  await until(() => hasWord(word, but), `a process that has ${word}`);
}

/**
 * Waits until no process has a word in its command line.
 *
 * @param word The word.
 * @param but Commands with this word do not count.
 */
export async function untilUnseen(word: string, but?: string): Promise<void> {
  await until(() => !hasWord(word, but), `the end of all that has ${word}`);
}

/** Waits until the last of the processes is gone. */
export async function untilGone(processes: readonly Process[]): Promise<void> {
  for (const end = Date.now() + PATIENCE;;) {
    const left = leftOf(processes);
    if (left.length === 0) return;
    if (Date.now() > end) return assertEquals(left, [], `Still there after ${PATIENCE} ms`);
    await pause();
  }
}

/** Those of the processes that are neither gone nor about to be, whatever else happens. */
export function survivorsOf(processes: readonly Process[]): Process[] {
  return leftOf(processes).filter(({ pid }) => !isDying(pid));
}

/** The processes with a word in their command line that are not about to be gone. */
export function survivorsWith(word: string): Process[] {
  return listProcesses().filter(({ pid, command }) => command.includes(word) && !isDying(pid));
}

function leftOf(processes: readonly Process[]): Process[] {
  const idOf = ({ pid, started }: Process): string => `${pid} ${started}`;
  const wanted = new Set(processes.map(idOf));
  return listProcesses().filter((process) => wanted.has(idOf(process)));
}

function around(sleeping: Process, all: readonly Process[]): Process[] {
  const parentOf = (process: Process): Process | undefined =>
    all.find(({ pid }) => pid === process.parent);
  let top = parentOf(sleeping) ?? sleeping;
  for (let next = parentOf(top); next?.command.includes(LEADS_TO_AGENT); next = parentOf(next)) {
    top = next;
  }
  const found: Process[] = [];
  const add = (process: Process): void => {
    found.push(process);
    for (const child of all) if (child.parent === process.pid) add(child);
  };
  add(top);
  return found;
}

function hasWord(word: string, but?: string): boolean {
  return listProcesses().some(({ command }) =>
    command.includes(word) && (but === undefined || !command.includes(but))
  );
}

async function until(condition: () => boolean, what: string): Promise<void> {
  for (const end = Date.now() + PATIENCE; !condition();) {
    if (Date.now() > end) throw new Error(`Still waiting for ${what}`);
    await pause();
  }
}

/** The kernel does not report the end of a process that is not a child: poll. */
async function pause(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 20));
}
