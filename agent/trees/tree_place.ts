/**
 * What there is at the places that a {@linkcode TreeTarget} fills, and what it is given.
 *
 * @module
 */

import fs from "node:fs";
import { dirname } from "node:path";
import { describeFileError, fileError } from "../files/file_error.ts";
import { setTimes } from "../files/new_file.ts";

/** Whether two times are the same, as far as a file system can tell that only knows seconds. */
export function isSameTime(here: number, there: number): boolean {
  return here === there ||
    here % 1000 === 0 && Math.floor(there / 1000) * 1000 === here;
}

/**
 * Finds out whether there can be a folder at a path.
 *
 * @param found What is there, if anything; a link is followed.
 * @throws {Error} If something else is in the way.
 */
export function checkPlace(path: string, found: fs.Stats | undefined): void {
  if (found !== undefined) throw fileError(path, "ENOTDIR", "it is no folder (ENOTDIR)");
  if (fs.lstatSync(path, { throwIfNoEntry: false }) !== undefined) {
    throw fileError(path, "ENOENT", "it is a link that leads nowhere (ENOENT)");
  }
  for (let at = dirname(path);; at = dirname(at)) {
    // Not all versions of Node tell a file in the way from nothing at all.
    const found = fs.statSync(at, { throwIfNoEntry: false });
    if (found === undefined) continue;
    if (found.isDirectory()) return;
    throw fileError(path, "ENOTDIR", "a part of the path is not a folder (ENOTDIR)");
  }
}

/** Where a folder is, if it is there. */
export function realPath(path: string): string {
  try {
    return fs.existsSync(path) ? fs.realpathSync(path) : path;
  } catch (error) {
    throw describeFileError(error, path);
  }
}

/** Does something with a folder, if that is permitted: who may write to it need not own it. */
export function ifPermitted(work: () => void): boolean {
  try {
    work();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EPERM") throw error;
    return false;
  }
}

/** What a file that is there is given. */
export interface Given {
  readonly mode?: number;
  readonly modified?: number;
}

/** Gives the file `old` its mode and time. Returns whether that could be done; else it can only be replaced. */
export function adjust(path: string, old: fs.Stats, { mode, modified }: Given): boolean {
  const { O_RDONLY, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = fs.constants;
  let fd: number | undefined;
  try {
    // Not by its path, where there may be a link to another file by now.
    fd = fs.openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    if (identityOf(fs.fstatSync(fd)) !== identityOf(old)) return false;
    if (mode !== undefined) fs.fchmodSync(fd, mode);
    if (modified !== undefined) setTimes(fd, modified);
    return true;
  } catch (error) {
    // It is somebody else's, or its own mode is in the way.
    if (typeof (error as NodeJS.ErrnoException).code === "string") return false;
    throw error;
  } finally {
    if (fd !== undefined) fs.closeSync(fd);
  }
}

/** What the system knows something by, whatever its path is. */
export function identityOf({ dev, ino }: fs.Stats): string {
  return `${dev}:${ino}`;
}
