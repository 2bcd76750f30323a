/**
 * Reads the contents of files and links. A link that has replaced a file meanwhile is not followed.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import fs from "node:fs";
import { fileError, regular } from "./file_error.ts";
import { FileReader } from "./file_reader.ts";
import { timeOf } from "./file_time.ts";
import { fstat } from "./fstat.ts";
import { READ_NO_FOLLOW } from "./open_flags.ts";

/** The most bytes of a small file. Small files are read synchronously, in one step. */
export const SMALL: number = 64 * 1024;

/**
 * The most bytes that are read of a file that has contents but no size, like the files of /proc.
 */
const MAX_WITHOUT_SIZE = 16 * 1024 * 1024;

/** How often a file is read at most: again each time that it has changed meanwhile. */
const MAX_TRIES = 3;

/** The size and time that a file had a moment ago. */
export interface Seen {
  readonly size: number;
  /** Its time of modification. */
  readonly modified: number;
}

/**
 * Reads a small file. Returns its contents and its time of modification, or `undefined` if it is
 * not small any more.
 *
 * @param seen Its size and time a moment ago, if they are known.
 * @throws {Error} If it cannot be read, or changes all the time.
 */
export function readSmall(path: string, seen?: Seen): [Uint8Array, number] | undefined {
  const fd = fs.openSync(path, READ_NO_FOLLOW);
  try {
    const unchanged = seen && readUnchanged(fd, seen);
    if (unchanged !== undefined) return [unchanged, seen!.modified];
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const before = regular(path, fstat(fd));
      if (before.size > SMALL) return undefined;
      const bytes = before.size === 0 ? readToEnd(path, fd) : readStart(fd, before.size);
      const { size, mtimeMs } = fstat(fd);
      const modified = timeOf(before.mtimeMs);
      const isSame = size === before.size && timeOf(mtimeMs) === modified;
      // As with a large file, bytes that were appended meanwhile are not taken.
      const isGrown = size > before.size && bytes.length === before.size;
      if (isSame || isGrown) return [bytes, modified];
    }
    return changing(path);
  } finally {
    fs.closeSync(fd);
  }
}

/** Throws the error for a file that changes too often to be read. */
export function changing(path: string): never {
  throw fileError(path, "EBUSY", "it changes while it is read");
}

/**
 * The contents of a file that is still as it was seen; else `undefined`. To ask the system once,
 * and not twice, what the file is like takes a third less time, and there are thousands of files.
 */
function readUnchanged(fd: number, { size, modified }: Seen): Uint8Array | undefined {
  // Files like those of /proc have contents, but no size.
  if (size === 0) return undefined;
  try {
    const bytes = readStart(fd, size);
    const now = fstat(fd);
    const isSame = now.isFile() && now.size === size && timeOf(now.mtimeMs) === modified;
    return isSame && bytes.length === size ? bytes : undefined;
  } catch {
    return undefined; // It is not a file any more.
  }
}

function readStart(fd: number, size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  let length = 0;
  while (length < size) {
    const read = fs.readSync(fd, bytes, length, size - length, length);
    if (read === 0) break;
    length += read;
  }
  return bytes.subarray(0, length);
}

/** Reads a file whose size is 0: it is empty, or it is like the files of /proc. */
function readToEnd(path: string, fd: number): Uint8Array {
  for (let size = SMALL; size <= MAX_WITHOUT_SIZE; size *= 16) {
    const bytes = readStart(fd, size);
    // A copy, which does not keep the whole buffer alive.
    if (bytes.length < size) return bytes.slice();
  }
  throw fileError(path, "EFBIG", "it has no size, and there is too much in it");
}

/**
 * The SHA-1 of a file of some size, in lower-case hexadecimal.
 *
 * @param check Throws when the result is not wanted any more.
 */
export async function sha1Of(path: string, size: number, check: () => void): Promise<string> {
  const hash = createHash("sha1");
  // Most files are small, and there are many. Reading them synchronously takes less time.
  const small = size <= SMALL ? readSmall(path) : undefined;
  if (small !== undefined) return hash.update(small[0]).digest("hex");
  const file = new FileReader(path, false);
  try {
    for await (const block of file.blocks()) {
      check();
      hash.update(block);
    }
  } finally {
    file.close();
  }
  return hash.digest("hex");
}

/** Where a link leads to, or `undefined` if that is not UTF-8. */
export function readLink(path: string): string | undefined {
  try {
    const target = fs.readlinkSync(path);
    // Node puts this character in the place of bytes that it cannot decode; Deno throws.
    if (!target.includes("\ufffd")) return target;
    const bytes = Buffer.from(fs.readlinkSync(path, { encoding: "buffer" }));
    return bytes.equals(Buffer.from(target)) ? target : undefined;
  } catch (error) {
    if ((error as Error).name === "InvalidData") return undefined;
    throw error;
  }
}
