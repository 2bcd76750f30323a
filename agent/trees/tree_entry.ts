/**
 * How one end tells the other about a folder and its entries. `agent/README.md` has the messages.
 *
 * @module
 */

import { isTime } from "../files/file_time.ts";
import { isTemporaryName } from "../files/temporary_name.ts";
import { isNatural } from "../protocol/is_natural.ts";
import { nameOf, parentOf } from "./contained_paths.ts";

/**
 * The most characters that the paths in one folder may have together: all are kept in the memory
 * until the end.
 */
const MAX_CHARACTERS = 512 * 1024 ** 2;

/**
 * Half of a surrogate pair. It has no form in UTF-8, so paths that differ in it would be one path
 * on a disk.
 */
const LONE_SURROGATE = /[\ud800-\udfff]/u;

/** The types of an entry. */
export const EntryType = { FOLDER: 0, FILE: 1, LINK: 2 } as const;

/**
 * A file, link or folder in a folder. A folder comes before its own entries, and the root, as `""`,
 * before all.
 */
export type Entry = readonly [
  /** Relative, with `/`. */
  path: string,
  type: number,
  /** Permission bits. */
  mode: number,
  /** Time of modification, in milliseconds since 1970. */
  modified: number,
  size: number,
  /** The target of a link, or the SHA-1 of a file if contents are compared. */
  detail?: string,
];

/** The kinds of message from the source to the target: the first element of each message. */
export const TreeMessage = {
  /** `[ENTRIES, entries]`: some of the entries. */
  ENTRIES: 0,
  /** `[LISTED, skipped]`: all entries are listed. The skipped paths cannot be sent. */
  LISTED: 1,
  /**
   * `[FILES, [[index, bytes, modified], ...]]`: small files, whole; `null` for the bytes of a file
   * that cannot be sent.
   */
  FILES: 2,
  /**
   * `[FILE, index, modified, size, isSparse]`: a large file, which may have holes. Its bytes
   * follow, as messages of plain bytes.
   */
  FILE: 3,
  /** `[FILE_END, sha1sum]`: the large file is complete, and its bytes have this SHA-1. */
  FILE_END: 4,
  /** `[FILE_LOST]`: the large file cannot be completed. */
  FILE_LOST: 5,
  /** `[INCOMPLETE]`: something could not be read, so nothing must be removed. The last message. */
  INCOMPLETE: 6,
} as const;

/** Checks entries. Whether an entry is valid depends on the entries before it. */
export class EntryChecker {
  readonly #folders = new Set<string>();
  readonly #paths = new Set<string>();
  #characters = 0;

  /**
   * Gives an entry, if the value is one, in one of the folders before it. The entry is made anew:
   * the value may hold more, which nobody would count.
   *
   * @throws {TypeError} For anything else: its path might lead out of the root.
   */
  check(value: unknown): Entry {
    const [path, type, mode, modified, size, detail] = Array.isArray(value) ? value : [];
    if (
      typeof path !== "string" || !isNatural(mode) || mode > 0o7777 || !isNatural(size) ||
      !isTime(modified) || this.#paths.has(path)
    ) refuse(path);
    const entry = [path, type, mode, modified, size] as const;
    if (path !== "") {
      const name = nameOf(path);
      // With a slash at the beginning, one file would have two paths.
      if (path.startsWith("/") || !this.#folders.has(parentOf(path))) refuse(path);
      if (name === "" || name === "." || name === ".." || isTemporaryName(name)) refuse(path);
      if (path.includes("\0") || LONE_SURROGATE.test(path)) refuse(path);
    } else if (type !== EntryType.FOLDER) refuse(path);
    this.#characters += path.length + (typeof detail === "string" ? detail.length : 0);
    if (this.#characters > MAX_CHARACTERS) throw new TypeError("The names are too long");
    this.#paths.add(path);
    switch (type) {
      case EntryType.FOLDER:
        this.#folders.add(path);
        return entry;
      case EntryType.LINK:
        if (typeof detail !== "string" || detail === "" || detail.includes("\0")) refuse(path);
        if (LONE_SURROGATE.test(detail)) refuse(path);
        return [...entry, detail];
      case EntryType.FILE:
        if (detail === undefined) return entry;
        if (typeof detail !== "string") refuse(path);
        return [...entry, detail];
      default:
        refuse(path);
    }
  }

  /** Whether there is an entry with this path. */
  has(path: string): boolean {
    return this.#paths.has(path);
  }
}

function refuse(path: unknown): never {
  const shown = typeof path === "string" ? JSON.stringify(path.slice(0, 300)) : typeof path;
  // The far end may have made it up so that control characters are printed.
  const safe = shown.replace(
    /[^ -~]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  throw new TypeError(`${safe} is not a valid entry in the folder`);
}
