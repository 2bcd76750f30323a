import { constants, lstatSync, readlinkSync } from "node:fs";
import { open } from "node:fs/promises";

/** A file that is opened must be no link, and a pipe must not let it wait. */
const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/**
 * Reads the file at a path that was checked: `undefined` if a link has taken the place of the file,
 * or of a folder above it, since.
 *
 * @param path The path with all links resolved.
 * @param isStill Whether that is still so. It is asked when the file is open.
 */
export async function readChecked(
  path: string,
  isStill: () => boolean,
): Promise<Uint8Array | undefined> {
  const file = await open(path, FLAGS);
  try {
    const opened = await file.stat();
    const now = lstatSync(path, { throwIfNoEntry: false });
    const isSame = now !== undefined && now.dev === opened.dev && now.ino === opened.ino;
    if (!isSame || !opened.isFile() || !isStill()) return undefined;
    // A link may have been in the place of a folder just while the file was opened.
    if ((openedPath(file.fd) ?? path) !== path) return undefined;
    return new Uint8Array(await file.readFile());
  } finally {
    await file.close();
  }
}

/** The path of an open file, where the system tells it and this script may ask. */
function openedPath(fd: number): string | undefined {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return undefined;
  }
}
