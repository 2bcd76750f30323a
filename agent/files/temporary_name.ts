import { createHash, randomBytes } from "node:crypto";
import fs from "node:fs";
import os from "node:os";
import { join, resolve } from "node:path";
import process from "node:process";
import { codeOf } from "./file_error.ts";
import { readSystem, readSystemText } from "./system_file.ts";

/** How the names of incomplete files begin. */
const PREFIX = ".chopsticks-";

/** `<prefix><machine>-<process id>-<random>` */
const PATTERN = /^\.chopsticks-([0-9a-f]{8})-([0-9]+)-[0-9a-f]{16}$/;

/** A file that was not written to for so many milliseconds, a day, is not being worked on. */
const ABANDONED = 24 * 60 * 60 * 1000;

/** How many milliseconds after {@linkcode sweep} a folder is looked through again: a minute. */
const SWEPT = 60 * 1000;

/** The folders that {@linkcode sweep} has looked through, and when. */
const swept = new Map<string, number>();

/** The unit of the times that Linux tells of a process, in milliseconds. */
const TICK = 10;

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
 * killed. It looks through a folder once in a minute.
 *
 * @param now The time, in milliseconds since any moment.
 */
export async function sweep(folder: string, now: number = performance.now()): Promise<void> {
  if (now - (swept.get(folder) ?? -Infinity) < SWEPT) return;
  swept.set(folder, now);
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
  const isOld = Date.now() - modified > ABANDONED;
  if (owner !== machineId()) return isOld;
  if (isDead(Number(pid))) return true;
  // Another process may have the number by now.
  return isOld && startOf(pid!) > modified;
}

function isDead(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // Its parent may never ask how it ended, as the first process of many a container.
    return /^[ZX]/.test(fieldsOf(`${pid}`)[0]!);
  } catch (error) {
    return codeOf(error) === "ESRCH";
  }
}

/** When a process was started, in milliseconds since 1970; `-Infinity` if that is not known. */
function startOf(pid: string): number {
  const ticks = fieldsOf(pid)[19];
  const boot = /^btime (\d+)$/m.exec(readSystemText("/proc/stat"))?.[1];
  if (ticks === undefined || boot === undefined) return -Infinity;
  return Number(boot) * 1000 + Number(ticks) * TICK;
}

/** The fields of `/proc/PID/stat`, from the state of the process on. */
function fieldsOf(pid: string): string[] {
  const text = readSystemText(`/proc/${pid}/stat`);
  // The name of the program comes first, in parentheses, and may have any characters.
  return text.slice(text.lastIndexOf(")") + 2).split(" ");
}

/**
 * A short hash of this machine, container and boot: elsewhere, the same process id means another
 * process.
 */
function machineId(): string {
  if (machine !== undefined) return machine;
  const parts = [
    readSystemText("/proc/sys/kernel/random/boot_id"),
    readSystem("/proc/self/ns/pid", (path) => fs.readlinkSync(path)) ?? "",
    hostname(),
  ];
  return machine = createHash("sha1").update(parts.join("\n")).digest("hex").slice(0, 8);
}

/** The name of this machine; `""` if it may not be known. */
function hostname(): string {
  try {
    return os.hostname();
  } catch {
    return "";
  }
}
