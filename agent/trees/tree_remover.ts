import fs from "node:fs";
import { codeOf, notUtf8 } from "../files/file_error.ts";
import type { Stats } from "../files/stats.ts";
import { lstat } from "./lstat.ts";
import { type Exclusion, isExcluded } from "./exclusion.ts";
import { type ContainedPaths, within } from "./contained_paths.ts";

/** The options of a {@linkcode TreeRemover}. */
export interface TreeRemoverOptions {
  /** The folder that all paths are relative to. */
  readonly paths: ContainedPaths;
  readonly exclusions: readonly Exclusion[];
  /** Whether only to find out what would be removed. */
  readonly dryRun: boolean;
  /** Called before each entry. An error that it throws ends the removal. */
  readonly next: () => Promise<void>;
}

/** Removes files and folders, except those that are excluded. */
export class TreeRemover {
  /** The paths that have been removed. */
  readonly deleted: string[] = [];
  readonly #options: TreeRemoverOptions;

  constructor(options: TreeRemoverOptions) {
    this.#options = options;
  }

  /**
   * Removes the entry at `path`, and all that is in it. Returns whether nothing is left.
   *
   * @param isReplaced Whether something else will be at `path`: then only what is in it counts as
   * removed.
   */
  async remove(path: string, isReplaced = false): Promise<boolean> {
    const { paths, exclusions, dryRun, next } = this.#options;
    await next();
    try {
      const found = lstat(paths.at(path));
      if (found === undefined) {
        if (path.includes("\ufffd")) throw notUtf8(paths.shown(path));
        return true;
      }
      const isFolder = found.isDirectory();
      if (isExcluded(exclusions, path, isFolder)) return false;
      if (isFolder) {
        if (!dryRun) openUp(paths.folder(path), found);
        let isEmpty = true;
        for (const name of paths.names(path)) {
          if (!await this.remove(within(path, name))) isEmpty = false;
        }
        if (!isEmpty) return false;
      }
      if (!dryRun) {
        if (isFolder) fs.rmdirSync(paths.at(path));
        else fs.unlinkSync(paths.at(path));
      }
      if (!isReplaced) this.deleted.push(path);
      return true;
    } catch (error) {
      // Another process has removed it.
      if (codeOf(error) === "ENOENT") return true;
      throw paths.describe(error, path);
    }
  }
}

/** Gives the user all rights in a folder, if the user owns it. */
export function openUp(path: string, found: Stats): void {
  if (!isClosed(found)) return;
  try {
    fs.chmodSync(path, found.mode & 0o7777 | 0o700);
  } catch (error) {
    // The owner may have permitted other users to work in it.
    if (codeOf(error) !== "EPERM") throw error;
  }
}

/** Whether its owner lacks a right in a folder. */
export function isClosed({ mode }: Stats): boolean {
  return (mode & 0o700) !== 0o700;
}
