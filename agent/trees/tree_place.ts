/**
 * Checks and changes of a path that a {@linkcode TreeTarget} writes to.
 *
 * @module
 */

import fs from "node:fs";
import { dirname } from "node:path";
import { codeOf, describeFileError, fileError, folderExpected } from "../files/file_error.ts";
import { setTimes } from "../files/file_time.ts";
import { tryToMakeFile } from "../files/nameless_file.ts";
import { READ_NO_FOLLOW } from "../files/open_flags.ts";
import { ownUid } from "../files/own_uid.ts";
import type { Stats } from "../files/stats.ts";
import { temporaryPath } from "../files/temporary_name.ts";

/**
 * Checks that a folder can be made at a path.
 *
 * @param found The file or folder that is there; a link is followed.
 * @throws {Error} If something is in the way.
 */
export function checkFree(path: string, found: Stats | undefined): void {
  if (found !== undefined) throw folderExpected(path);
  // Another transfer may have made the folder meanwhile.
  if (fs.lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink()) {
    throw fileError(path, "ENOENT", "it is a link that leads nowhere (ENOENT)");
  }
  for (let at = dirname(path);; at = dirname(at)) {
    const found = statIfReadable(at);
    if (found === undefined) continue;
    if (found === null || found.isDirectory()) return;
    throw fileError(path, "ENOTDIR", "a part of the path is not a folder (ENOTDIR)");
  }
}

/** What is at a path; `undefined` if nothing is, `null` if Deno's permissions forbid to look. */
function statIfReadable(path: string): Stats | undefined | null {
  try {
    // Some versions of Node return `undefined` as well where a file is in the way.
    return fs.statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    if ((error as Error).name === "NotCapable") return null;
    throw error;
  }
}

/**
 * Makes a folder that only this user may enter, in the place of `old`. Two transfers may do so at
 * the same time: then both have the folder.
 *
 * @param old The file or link that is at the path.
 */
export function makeFolder(path: string, old: Stats | undefined): void {
  try {
    if (old !== undefined) removeFile(path);
    fs.mkdirSync(path, 0o700);
  } catch (error) {
    const found = fs.lstatSync(path, { throwIfNoEntry: false });
    if (found?.isDirectory()) return;
    // Another transfer has removed the file, but has not made the folder yet.
    if (found !== undefined || old === undefined) throw error;
    makeFolder(path, undefined);
  }
}

/**
 * Removes a file or link, but no folder that another transfer has made in its place: Deno's
 * `unlinkSync()` would remove that as long as it is empty. A folder is not renamed to a file.
 */
function removeFile(path: string): void {
  const temporary = temporaryPath(dirname(path));
  fs.writeFileSync(temporary, "", { flag: "wx", mode: 0o600 });
  try {
    fs.renameSync(path, temporary);
  } finally {
    fs.rmSync(temporary, { force: true });
  }
}

/** Like {@linkcode makeFolder}, for a folder whose parents may be missing, too. */
export function makeRoot(path: string): void {
  try {
    makeFolder(path, undefined);
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw error;
    fs.mkdirSync(dirname(path), { recursive: true });
    makeFolder(path, undefined);
  }
}

/** The folder in which the first folder would be made on the way to `path`. */
export function nearestFolder(path: string): string {
  const folder = dirname(path);
  return fs.existsSync(folder) ? folder : nearestFolder(folder);
}

/**
 * Finds out whether an entry can be made in a folder, without making one.
 *
 * @throws {Error} If not. A folder that lacks rights for its owner, this user, would get these.
 */
export function tryToMakeEntry(folder: string): void {
  try {
    tryToMakeFile(folder);
  } catch (error) {
    const owners = [fs.statSync(folder).uid, undefined];
    if (codeOf(error) !== "EACCES" || !owners.includes(ownUid())) throw error;
  }
}

/** The bits of folders that say what becomes of the files in them: set-ID and sticky. */
const FOLDER_BITS = 0o7000;

/**
 * The mode that a folder gets: of the bits that are masked, a folder keeps those for its files. The
 * user here, or the folder that it was made in, gave it these.
 *
 * @param mode The mode that the source says, without the bits that are masked.
 * @param current The mode that the folder has.
 */
export function folderMode(mode: number, current: number, maskedBits: number): number {
  return mode | current & maskedBits & FOLDER_BITS;
}

/** The path without links of a folder, if it is there; else the path as it is. */
export function realPath(path: string): string {
  try {
    return fs.existsSync(path) ? fs.realpathSync(path) : path;
  } catch (error) {
    throw describeFileError(error, path);
  }
}

/**
 * Does something with a folder that only its owner may do: another user may have the right to write
 * to it. Returns whether it was permitted.
 */
export function ifPermitted(work: () => void): boolean {
  try {
    work();
    return true;
  } catch (error) {
    if (codeOf(error) !== "EPERM") throw error;
    return false;
  }
}

/** The mode and time that a file is given. */
interface Adjustment {
  readonly mode?: number;
  readonly modified?: number;
}

/**
 * Changes the mode and time of the file `old`. Returns whether that could be done; otherwise the
 * file has to be replaced.
 */
export function adjust(path: string, old: Stats, { mode, modified }: Adjustment): boolean {
  let fd: number | undefined;
  try {
    // Not by its path: a link to another file may be there by now.
    fd = fs.openSync(path, READ_NO_FOLLOW);
    if (identityOf(fs.fstatSync(fd)) !== identityOf(old)) return false;
    if (mode !== undefined) fs.fchmodSync(fd, mode);
    if (modified !== undefined) setTimes(fd, modified);
    return true;
  } catch (error) {
    // The file is another user's, or its own mode does not permit it.
    if (typeof codeOf(error) === "string") return false;
    throw error;
  } finally {
    if (fd !== undefined) fs.closeSync(fd);
  }
}

/** Identifies a file or folder, whatever its path is. */
export function identityOf({ dev, ino }: Stats): string {
  return `${dev}:${ino}`;
}
