import fs from "node:fs";
import { setTimes, timeOf } from "../files/file_time.ts";
import type { Stats } from "../files/stats.ts";
import type { ChangeLog } from "./tree_changes.ts";
import type { Entry } from "./tree_entry.ts";
import type { ContainedPaths } from "./contained_paths.ts";
import { folderMode, ifPermitted } from "./tree_place.ts";
import { isClosed } from "./tree_remover.ts";
import type { Turns } from "./turns.ts";

/**
 * The folders of a target that do not have their final mode and time yet: until then, this process
 * must be able to write to them, and each change in a folder changes its time.
 */
export class UnfinishedFolders {
  readonly #paths: ContainedPaths;
  readonly #changes: ChangeLog;
  readonly #turns: Turns;
  readonly #maskedBits: number;
  /** The entries of the folders, with the folder that was there before, if there was one. */
  readonly #folders = new Map<Entry, Stats | undefined>();

  constructor(paths: ContainedPaths, changes: ChangeLog, turns: Turns, maskedBits: number) {
    this.#paths = paths;
    this.#changes = changes;
    this.#turns = turns;
    this.#maskedBits = maskedBits;
  }

  /** Adds a folder that is there; `old` is the folder that was there before. */
  add(entry: Entry, old: Stats | undefined): void {
    this.#folders.set(entry, old);
  }

  /**
   * Gives the folders their mode and time.
   *
   * @param isNewOnly Whether folders that were there before are left for later.
   * @throws {Error} If that fails for one of them, when all others have theirs.
   */
  async finish(isNewOnly = false): Promise<void> {
    await this.#end((entry, old) => this.#finish(entry, old), isNewOnly);
  }

  /**
   * Ends the work after a failure, so that others can use the files that have arrived: finishes the
   * new folders, and gives the others back the mode that they had.
   *
   * @param isIncomplete Whether the source has sent all that it can read. Then all folders are
   * finished.
   */
  async giveUp(isIncomplete: boolean): Promise<void> {
    await this.#end((entry, old) => {
      if (old === undefined || isIncomplete) this.#finish(entry, old);
      else if (isClosed(old)) fs.chmodSync(this.#paths.folder(entry[0]), old.mode & 0o7777);
    }).catch(() => {});
  }

  /** Ends the work on folders, inner ones first, since a change in a folder changes its time. */
  async #end(
    end: (entry: Entry, old: Stats | undefined) => void,
    isNewOnly = false,
  ): Promise<void> {
    let failure: { readonly error: unknown } | undefined;
    for (const [entry, old] of [...this.#folders].reverse()) {
      await this.#turns.next();
      if (isNewOnly && old !== undefined) continue;
      try {
        end(entry, old);
      } catch (error) {
        failure ??= { error: this.#paths.describe(error, entry[0]) };
      }
      this.#folders.delete(entry);
    }
    if (failure !== undefined) throw failure.error;
  }

  #finish([path, , entryMode, modified]: Entry, old: Stats | undefined): void {
    const at = this.#paths.folder(path);
    const { mode: oldMode, mtimeMs } = fs.statSync(at);
    const mode = folderMode(entryMode, oldMode, this.#maskedBits);
    if (timeOf(mtimeMs) !== modified) {
      // The path may be a link to a descriptor: with `/.`, it is the folder.
      ifPermitted(() => setTimes(`${at}/.`, modified));
    }
    if ((oldMode & 0o7777) === mode) return;
    if (old === undefined) fs.chmodSync(at, mode);
    else if (!ifPermitted(() => fs.chmodSync(at, mode))) this.#changes.revert(path || ".");
  }
}
