import fs from "node:fs";
import { fileError } from "../files/file_error.ts";
import { type Exclusion, isExcluded, within } from "./tree_entry.ts";
import type { TreePaths } from "./tree_paths.ts";

/** What a {@linkcode TreeRemover} is told. */
export interface TreeRemoverOptions {
  /** The folder that all paths are relative to. */
  readonly paths: TreePaths;
  readonly exclusions: readonly Exclusion[];
  /** Whether to remove nothing, but only to find out. */
  readonly dryRun: boolean;
  /** Called before each path. What it throws ends the removal. */
  readonly next: () => Promise<void>;
}

/** Removes files and folders, save what is excluded. */
export class TreeRemover {
  /** What has been removed. */
  readonly deleted: string[] = [];
  readonly #options: TreeRemoverOptions;

  constructor(options: TreeRemoverOptions) {
    this.#options = options;
  }

  /**
   * Removes what is at `path`. Returns whether nothing is left.
   *
   * @param isReplaced Whether something else takes its place: then only what is in it counts as removed.
   */
  async remove(path: string, isReplaced = false): Promise<boolean> {
    const { paths, exclusions, dryRun, next } = this.#options;
    await next();
    try {
      const found = fs.lstatSync(paths.at(path), { throwIfNoEntry: false });
      if (found === undefined) {
        if (path.includes("\ufffd")) {
          throw fileError(paths.shown(path), "EILSEQ", "its name is not UTF-8");
        }
        return true;
      }
      const isFolder = found.isDirectory();
      if (isExcluded(exclusions, path, isFolder)) return false;
      if (isFolder) {
        if (!dryRun) openUp(paths.folder(path), found);
        let isEmpty = true;
        for (const name of fs.readdirSync(paths.folder(path))) {
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
      // Somebody else has removed it.
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return true;
      throw paths.describe(error, path);
    }
  }
}

/** Makes it possible to work in a folder, if it is one of one's own. */
export function openUp(path: string, found: fs.Stats): void {
  if (!isClosed(found)) return;
  try {
    fs.chmodSync(path, found.mode & 0o7777 | 0o700);
  } catch (error) {
    // Whoever owns it may have given the right to work in it in another way.
    if ((error as NodeJS.ErrnoException).code !== "EPERM") throw error;
  }
}

/** Whether not even its owner may do everything in a folder. */
export function isClosed({ mode }: fs.Stats): boolean {
  return (mode & 0o700) !== 0o700;
}
