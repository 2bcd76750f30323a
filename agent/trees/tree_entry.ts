/**
 * How one end tells the other of a folder and what is in it. README.md in this folder has the messages.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import fs from "node:fs";
import { setImmediate } from "node:timers";
import { isTemporaryName } from "../files/temporary_name.ts";

/** The most characters that the paths in one folder may have together: all are kept until the end. */
const MAX_CHARACTERS = 512 * 1024 ** 2;

/** Half of a character outside of the basic plane: different ones are the same name on a disk. */
const LONE_SURROGATE = /[\ud800-\udfff]/u;

/** The latest that a `Date` can be. */
const MAX_TIME = 8.64e15;

/** Milliseconds that work on files may take before others have their turn. */
const TURN = 20;

/** What there is at a path. */
export const EntryType = { FOLDER: 0, FILE: 1, LINK: 2 } as const;

/** Something in a folder; folders come before what is in them, and the folder itself, as `""`, before all. */
export type Entry = readonly [
  /** Relative, with `/`. */
  path: string,
  type: number,
  /** Permission bits. */
  mode: number,
  /** Time of modification, in milliseconds since 1970. */
  modified: number,
  size: number,
  /** Where a link leads to, or the SHA-1 of a file if contents are compared. */
  detail?: string,
];

/** Kinds of message from the source to the target: the first element of each. */
export const TreeMessage = {
  /** `[ENTRIES, entries]`: some of what there is. */
  ENTRIES: 0,
  /** `[LISTED, skipped]`: that was all there is, save what cannot be carried. */
  LISTED: 1,
  /** `[FILES, [[index, bytes, modified], ...]]`: small files, whole; `null` for bytes: there is none that could be sent. */
  FILES: 2,
  /** `[FILE, index, modified, size]`: a large file. Messages of plain bytes follow, so many in all. */
  FILE: 3,
  /** `[FILE_END]`: the large file is complete. */
  FILE_END: 4,
  /** `[FILE_LOST]`: the large file cannot be completed. */
  FILE_LOST: 5,
  /** `[INCOMPLETE]`: something could not be read, so nothing is to be removed. The last message. */
  INCOMPLETE: 6,
} as const;

/** What may be left alone; see `SyncOptions.exclude`. */
export interface Exclusion {
  readonly pattern: RegExp;
  /** Whether only folders are. */
  readonly foldersOnly: boolean;
}

/** Whether a path is left alone, given that what it is in is not. */
export function isExcluded(
  exclusions: readonly Exclusion[],
  path: string,
  isFolder: boolean,
): boolean {
  return exclusions.some(({ pattern, foldersOnly }) =>
    (isFolder || !foldersOnly) && pattern.test(path)
  );
}

/** Makes the checks of entries, of which each may depend on those before it. */
export class EntryChecker {
  readonly #folders = new Set<string>();
  readonly #paths = new Set<string>();
  #characters = 0;

  /**
   * Passes on what is an entry in one of the folders before it, and no other.
   *
   * @throws {TypeError} For anything else: followed, it might lead out of the folder.
   */
  check(value: unknown): Entry {
    const [path, type, mode, modified, size, detail] = Array.isArray(value) ? value : [];
    if (
      typeof path !== "string" || !isNatural(mode) || mode > 0o7777 || !isNatural(size) ||
      !isTime(modified) || this.#paths.has(path)
    ) refuse(path);
    if (path !== "") {
      const slash = path.lastIndexOf("/");
      const name = path.slice(slash + 1);
      // A slash at the beginning would make a second name of the same file.
      if (slash === 0 || !this.#folders.has(path.slice(0, Math.max(0, slash)))) refuse(path);
      if (name === "" || name === "." || name === ".." || isTemporaryName(name)) refuse(path);
      if (path.includes("\0") || LONE_SURROGATE.test(path)) refuse(path);
    } else if (type !== EntryType.FOLDER) refuse(path);
    this.#characters += path.length + (typeof detail === "string" ? detail.length : 0);
    if (this.#characters > MAX_CHARACTERS) throw new TypeError("The names are too long");
    switch (type) {
      case EntryType.FOLDER:
        this.#folders.add(path);
        break;
      case EntryType.LINK:
        if (typeof detail !== "string" || detail === "" || detail.includes("\0")) refuse(path);
        if (LONE_SURROGATE.test(detail)) refuse(path);
        break;
      case EntryType.FILE:
        if (detail !== undefined && typeof detail !== "string") refuse(path);
        break;
      default:
        refuse(path);
    }
    this.#paths.add(path);
    return value as unknown as Entry;
  }

  /** Whether there is an entry with this path. */
  has(path: string): boolean {
    return this.#paths.has(path);
  }
}

function refuse(path: unknown): never {
  const shown = typeof path === "string" ? JSON.stringify(path.slice(0, 300)) : typeof path;
  // Whoever made it up may want it to be printed.
  const safe = shown.replace(
    /[^ -~]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  throw new TypeError(`${safe} is no name of anything in the folder`);
}

/** Whether a value is a time that a file can have, in milliseconds since 1970. */
export function isTime(value: unknown): value is number {
  return Number.isSafeInteger(value) && Math.abs(value as number) <= MAX_TIME;
}

/** A file's time in whole milliseconds. Some file systems have later ones than a `Date` can; Deno tells NaN then. */
export function timeOf(milliseconds: number): number {
  if (Number.isNaN(milliseconds)) return MAX_TIME;
  return Math.max(-MAX_TIME, Math.min(MAX_TIME, Math.floor(milliseconds)));
}

function isNatural(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** Joins a folder's path with the name of something in it. */
export function within(folder: string, name: string): string {
  return folder === "" ? name : `${folder}/${name}`;
}

/** Where a link leads to, or `undefined` if that is not UTF-8. */
export function readLink(path: string): string | undefined {
  try {
    const target = fs.readlinkSync(path);
    // Node puts this character in the place of what it cannot read; Deno throws.
    if (!target.includes("\ufffd")) return target;
    const bytes = Buffer.from(fs.readlinkSync(path, { encoding: "buffer" }));
    return bytes.equals(Buffer.from(target)) ? target : undefined;
  } catch (error) {
    if ((error as Error).name === "InvalidData") return undefined;
    throw error;
  }
}

/** Lets others have their turn: much of the work on small files is done at once, which is faster. */
export class Turns {
  #since = performance.now();

  /** Resolves at once, or when everybody else has had a turn. */
  async next(): Promise<void> {
    if (performance.now() - this.#since < TURN) return;
    await new Promise<void>((resolve) => setImmediate(resolve));
    this.#since = performance.now();
  }
}
