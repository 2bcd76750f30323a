import { createHash, randomBytes } from "node:crypto";
import fs from "node:fs";
import os from "node:os";
import { join } from "node:path";
import process from "node:process";

/** What the names of files that are not complete begin with. */
const PREFIX = ".chopsticks-";

/** `<prefix><machine>-<process id>-<random>` */
const PATTERN = /^\.chopsticks-([0-9a-f]{8})-([0-9]+)-[0-9a-f]{16}$/;

/** Nobody works this long on a file without writing to it: a day, in milliseconds. */
const ABANDONED = 24 * 60 * 60 * 1000;

/** The folders that were looked through already. */
const swept = new Set<string>();

let machine: string | undefined;

/** A name for a file in `folder` that is not complete yet. It says whose it is, so that {@linkcode sweep} knows. */
export function temporaryPath(folder: string): string {
  return join(folder, `${PREFIX}${machineId()}-${process.pid}-${randomBytes(8).toString("hex")}`);
}

/** Whether a name is one of {@linkcode temporaryPath}. */
export function isTemporaryName(name: string): boolean {
  return PATTERN.test(name);
}

/**
 * Removes files that were never completed, because the process that wrote them was killed. Once for each folder:
 * it is not the place of anybody who is alive.
 */
export async function sweep(folder: string): Promise<void> {
  if (swept.has(folder)) return;
  swept.add(folder);
  for (const name of await fs.promises.readdir(folder).catch(() => [])) {
    if (!isTemporaryName(name)) continue;
    try {
      const path = join(folder, name);
      if (isAbandoned(name, fs.lstatSync(path).mtimeMs)) fs.rmSync(path, { force: true });
    } catch {
      // Not this user's, or gone meanwhile.
    }
  }
}

function isAbandoned(name: string, modified: number): boolean {
  const [, owner, pid] = PATTERN.exec(name)!;
  if (owner !== machineId()) return Date.now() - modified > ABANDONED;
  if (Number(pid) === process.pid) return false;
  try {
    process.kill(Number(pid), 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ESRCH";
  }
  return false;
}

/** What tells apart the machines, containers and boots whose process ids mean different processes. */
function machineId(): string {
  if (machine !== undefined) return machine;
  const parts = [
    () => fs.readFileSync("/proc/sys/kernel/random/boot_id", "utf8"),
    () => fs.readlinkSync("/proc/self/ns/pid"),
    () => os.hostname(),
  ].map((read) => {
    try {
      return read();
    } catch {
      return ""; // not Linux, or not permitted
    }
  });
  return machine = createHash("sha1").update(parts.join("\n")).digest("hex").slice(0, 8);
}
