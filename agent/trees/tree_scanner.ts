import fs from "node:fs";
import { readLink, sha1Of } from "../files/contents.ts";
import { codeOf, folderExpected, isFileError, notUtf8, withPath } from "../files/file_error.ts";
import { timeOf } from "../files/file_time.ts";
import type { Stats } from "../files/stats.ts";
import { isTemporaryName } from "../files/temporary_name.ts";
import { lstat } from "./lstat.ts";
import { type Exclusion, isExcluded } from "./exclusion.ts";
import { type Entry, EntryType } from "./tree_entry.ts";
import { type ContainedPaths, within } from "./contained_paths.ts";
import { isGone, type Unreadable } from "./unreadable.ts";

/** The options of a {@linkcode TreeScanner}. */
export interface TreeScannerOptions {
  /** The folder to look through. */
  readonly paths: ContainedPaths;
  readonly exclusions: readonly Exclusion[];
  /** Whether to compute the SHA-1 of each file. */
  readonly checksum: boolean;
  /** Takes the errors of entries that cannot be read. */
  readonly unreadable: Unreadable;
  /** Called before each entry. An error that it throws ends the scan. */
  readonly next: () => Promise<void>;
  /** Called for each block of a file that is hashed. An error that it throws ends the scan. */
  readonly check: () => void;
}

/** Lists the entries in a folder. */
export class TreeScanner {
  /** The paths of entries that cannot be sent, as sockets, or that have gone meanwhile. */
  readonly skipped: string[] = [];
  readonly #options: TreeScannerOptions;

  constructor(options: TreeScannerOptions) {
    this.#options = options;
  }

  /**
   * The entries, each folder before its own entries.
   *
   * @throws {Error} If the root is not a folder, or cannot be read.
   */
  async *entries(): AsyncGenerator<Entry> {
    const { paths, next } = this.#options;
    const root = paths.shown("");
    const found = await withPath(root, () => fs.statSync(root));
    if (!found.isDirectory()) throw folderExpected(root);
    yield entryOf("", EntryType.FOLDER, found);
    // Not recursive: deep folders must not overflow the call stack.
    const folders = [""];
    for (let folder; (folder = folders.pop()) !== undefined;) {
      const names = this.#names(folder).sort();
      for (const [i, name] of names.entries()) {
        if (isTemporaryName(name)) continue;
        const path = within(folder, name);
        await next();
        const entry = await this.#readable(path, name === names[i - 1]);
        if (entry === undefined) continue;
        if (entry[1] === EntryType.FOLDER) folders.push(path);
        yield entry;
      }
    }
  }

  /** The names in a folder; none if it has gone since it was listed, or cannot be read. */
  #names(folder: string): string[] {
    const { paths, unreadable } = this.#options;
    try {
      return paths.names(folder);
    } catch (error) {
      if (folder === "") throw paths.describe(error, folder);
      if (!isGone(error)) unreadable.add(error, folder);
      return [];
    }
  }

  async #readable(path: string, isDouble: boolean): Promise<Entry | undefined> {
    try {
      return await this.#entry(path, isDouble);
    } catch (error) {
      if (!isFileError(error) && isGone(error)) this.skipped.push(path);
      else this.#options.unreadable.add(error, path);
      return undefined;
    }
  }

  /**
   * The entry at `path`, or `undefined` if it is excluded or skipped.
   *
   * @param isDouble Whether another name in the folder looks the same: one of them is not UTF-8.
   */
  #entry(path: string, isDouble: boolean): Entry | undefined | Promise<Entry | undefined> {
    const { paths, exclusions, checksum, check } = this.#options;
    const at = paths.at(path);
    const found = isDouble ? undefined : lookAt(at);
    if (isExcluded(exclusions, path, found !== undefined && found.isDirectory())) return undefined;
    if (found === undefined) {
      // The runtime put this character in the place of bytes that it could not decode.
      if (path.includes("\ufffd")) throw notUtf8(paths.shown(path));
      return this.#skip(path);
    }
    if (found.isDirectory()) return entryOf(path, EntryType.FOLDER, found);
    if (found.isSymbolicLink()) {
      const target = readLink(at);
      if (target !== undefined) return entryOf(path, EntryType.LINK, found, target);
      throw notUtf8(paths.shown(path), "the path that the link leads to");
    }
    if (!found.isFile()) return this.#skip(path);
    if (!checksum) return entryOf(path, EntryType.FILE, found);
    return sha1Of(at, found.size, check)
      .then((sha1sum) => entryOf(path, EntryType.FILE, found, sha1sum), (error) => {
        if (!isGone(error)) throw error;
        return this.#skip(path);
      });
  }

  #skip(path: string): undefined {
    this.skipped.push(path);
  }
}

function entryOf(path: string, type: number, stats: Stats, detail?: string): Entry {
  const size = type === EntryType.FILE ? stats.size : 0;
  const entry = [path, type, stats.mode & 0o7777, timeOf(stats.mtimeMs), size] as const;
  return detail === undefined ? entry : [...entry, detail];
}

/** The file, folder or link at a path; `undefined` if nothing is there. */
function lookAt(path: string): Stats | undefined {
  try {
    return lstat(path);
  } catch (error) {
    // The folder has become a file.
    if (codeOf(error) === "ENOTDIR") return undefined;
    throw error;
  }
}
