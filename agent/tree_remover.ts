import fs from "node:fs";
import { describeFileError, fileError } from "./file_error.ts";
import { type Exclusion, isExcluded, within } from "./tree_entry.ts";

/** What a {@linkcode TreeRemover} is told. */
export interface TreeRemoverOptions {
  /** The folder that all paths are relative to. */
  readonly root: string;
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
    const { root, exclusions, dryRun, next } = this.#options;
    const at = `${root}/${path}`;
    await next();
    try {
      const found = fs.lstatSync(at, { throwIfNoEntry: false });
      if (found === undefined) {
        if (path.includes("\ufffd")) throw fileError(at, "EILSEQ", "its name is not UTF-8");
        return true;
      }
      const isFolder = found.isDirectory();
      if (isExcluded(exclusions, path, isFolder)) return false;
      if (isFolder) {
        if (!dryRun) openUp(at, found);
        let isEmpty = true;
        for (const name of fs.readdirSync(at)) {
          if (!await this.remove(within(path, name))) isEmpty = false;
        }
        if (!isEmpty) return false;
      }
      if (!dryRun) {
        if (isFolder) fs.rmdirSync(at);
        else fs.unlinkSync(at);
      }
      if (!isReplaced) this.deleted.push(path);
      return true;
    } catch (error) {
      throw describeFileError(error, at);
    }
  }
}

/** Makes it possible to work in a folder of one's own. */
export function openUp(path: string, { mode }: fs.Stats): void {
  if ((mode & 0o700) !== 0o700) fs.chmodSync(path, mode & 0o7777 | 0o700);
}
