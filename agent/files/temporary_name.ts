import { createHash, randomBytes } from "node:crypto";
import fs from "node:fs";
import os from "node:os";
import { join, resolve } from "node:path";
import process from "node:process";

/** How the names of incomplete files begin. */
const PREFIX = ".chopsticks-";

/** `<prefix><machine>-<process id>-<random>` */
const PATTERN = /^\.chopsticks-([0-9a-f]{8})-([0-9]+)-[0-9a-f]{16}$/;

/** A file that was not written to for so many milliseconds, a day, is not being worked on. */
const ABANDONED = 24 * 60 * 60 * 1000;

/** The folders that {@linkcode sweep} has looked through. */
const swept = new Set<string>();

let machine: string | undefined;

/** A path for a file that the user has not named. */
export function temporaryFile(): string {
  return resolve(os.tmpdir(), `chopsticks-${randomBytes(8).toString("hex")}`);
}

/**
 * A path for an incomplete file in `folder`. Its name says which process writes it, for
 * {@linkcode sweep}.
 */
export function temporaryPath(folder: string): string {
  return join(folder, `${PREFIX}${machineId()}-${process.pid}-${randomBytes(8).toString("hex")}`);
}

/** Whether a name is one that {@linkcode temporaryPath} gives. */
export function isTemporaryName(name: string): boolean {
  return PATTERN.test(name);
}

/**
 * Removes files from `folder` that were never completed, since the process that wrote them was
 * killed. It looks through each folder once.
 */
export async function sweep(folder: string): Promise<void> {
  if (swept.has(folder)) return;
  swept.add(folder);
  for (const name of await fs.promises.readdir(folder).catch((): string[] => [])) {
    if (!isTemporaryName(name)) continue;
    try {
      const path = join(folder, name);
      if (isAbandoned(name, fs.lstatSync(path).mtimeMs)) fs.rmSync(path, { force: true });
    } catch {
      // It is another user's, or gone meanwhile.
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

/**
 * A short hash of this machine, container and boot: elsewhere, the same process id means another
 * process.
 */
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
