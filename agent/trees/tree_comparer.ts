import fs from "node:fs";
import { readLink, sha1Of } from "../files/contents.ts";
import { codeOf, fileError } from "../files/file_error.ts";
import { isSameTime, setTimes, timeOf } from "../files/file_time.ts";
import { tryToMakeFile } from "../files/nameless_file.ts";
import type { Stats } from "../files/stats.ts";
import { mayWrite } from "../files/system_file.ts";
import { isTemporaryName, sweep, temporaryPath } from "../files/temporary_name.ts";
import { lstat } from "./lstat.ts";
import type { WantedFile } from "./incoming_files.ts";
import type { ChangeLog } from "./tree_changes.ts";
import { type Entry, EntryType } from "./tree_entry.ts";
import { type ContainedPaths, parentOf, within } from "./contained_paths.ts";
import {
  adjust,
  checkFree,
  folderMode,
  identityOf,
  makeFolder,
  makeRoot,
  nearestFolder,
  tryToMakeEntry,
} from "./tree_place.ts";
import { openUp, type TreeRemover } from "./tree_remover.ts";
import type { UnfinishedFolders } from "./unfinished_folders.ts";

/** The options of a {@linkcode TreeComparer}. */
export interface TreeComparerOptions {
  /** The folder that is compared. */
  readonly paths: ContainedPaths;
  readonly changes: ChangeLog;
  readonly remover: TreeRemover;
  /** Takes the folders that are to get their modes and times at the end. */
  readonly folders: UnfinishedFolders;
  /** Whether to remove what is in the way. */
  readonly delete: boolean;
  /** Whether to change nothing. */
  readonly dryRun: boolean;
  /** Permission bits that the entries never have. */
  readonly maskedBits: number;
  /** Called for each block of a file that is hashed. An error that it throws ends the work. */
  readonly check: () => void;
}

/**
 * Compares the entries of a source with what is here, and makes the folders, links, modes and times
 * that differ. The contents of files are left to others.
 */
export class TreeComparer {
  readonly #options: TreeComparerOptions;
  /** The source's folders that were here before. */
  readonly #oldFolders = new Set<string>();
  /** The identities of the source's folders, as they are here. */
  readonly #identities = new Set<string>();
  /** The folders in which entries can be made, as far as that was tried. */
  readonly #writable = new Set<string>();

  constructor(options: TreeComparerOptions) {
    this.#options = options;
  }

  /** Makes what is here as the entry says. Returns the file whose contents that takes. */
  async compare(entry: Entry): Promise<WantedFile | undefined> {
    const { paths, changes } = this.#options;
    const [path, type] = entry;
    const isInNew = path !== "" && !this.#oldFolders.has(parentOf(path));
    // The root may be a link, since the user named it.
    const stat = path === "" ? statIfThere : lstat;
    const old = isInNew ? undefined : stat(paths.at(path));
    switch (type) {
      case EntryType.FOLDER:
        await this.#compareFolder(entry, old);
        return undefined;
      case EntryType.LINK:
        await this.#compareLink(entry, old);
        return undefined;
    }
    const oldFile = old?.isFile() ? old : undefined;
    if (oldFile !== undefined && await this.#isSame(entry, oldFile)) return undefined;
    changes.add(path, old);
    this.#foresee(path);
    await this.#clear(path, old);
    return { entry, old: oldFile };
  }

  /** Removes what was here before and is not in the source, except what `isKept` tells. */
  async removeOthers(isKept: (path: string) => boolean): Promise<void> {
    for (const folder of this.#oldFolders) {
      for (const name of this.#names(folder)) {
        const path = within(folder, name);
        if (isKept(path) || isTemporaryName(name)) continue;
        if (await this.#options.remover.remove(path)) this.#foresee(path);
      }
    }
  }

  #names(folder: string): string[] {
    const { paths } = this.#options;
    try {
      return paths.names(folder);
    } catch (error) {
      throw paths.describe(error, folder);
    }
  }

  async #compareFolder(entry: Entry, old: Stats | undefined): Promise<void> {
    const { paths, changes, dryRun, folders, maskedBits } = this.#options;
    const [path, , mode] = entry;
    if (!old?.isDirectory()) return this.#makeFolder(entry, old);
    this.#oldFolders.add(path);
    this.#identities.add(identityOf(old));
    if ((old.mode & 0o7777) === folderMode(mode, old.mode, maskedBits)) changes.unchanged++;
    else changes.add(path || ".", old);
    if (dryRun) return;
    await sweep(paths.shown(path));
    folders.add(entry, old);
    openUp(paths.folder(path), old);
  }

  #makeFolder(entry: Entry, old: Stats | undefined): void {
    const { paths, changes, dryRun, folders } = this.#options;
    const [path] = entry;
    if (path === "") checkFree(paths.shown(path), old);
    changes.add(path || ".", old);
    this.#foresee(path);
    if (dryRun) return;
    const at = paths.at(path);
    if (path === "") makeRoot(at);
    else makeFolder(at, old);
    folders.add(entry, undefined);
    this.#identities.add(identityOf(fs.lstatSync(at)));
  }

  async #compareLink(
    [path, , , modified, , target]: Entry,
    old: Stats | undefined,
  ): Promise<void> {
    const { paths, changes, dryRun } = this.#options;
    if (
      old?.isSymbolicLink() && readLink(paths.at(path)) === target &&
      isSameTime(timeOf(old.mtimeMs), modified)
    ) {
      changes.unchanged++;
      return;
    }
    changes.add(path, old);
    this.#foresee(path);
    await this.#clear(path, old);
    if (dryRun) return;
    const temporary = temporaryPath(paths.folder(parentOf(path)));
    fs.symlinkSync(target!, temporary);
    try {
      setTimes(temporary, modified);
      fs.renameSync(temporary, paths.at(path));
    } catch (error) {
      fs.rmSync(temporary, { force: true });
      throw error;
    }
  }

  /**
   * Has a dry run fail as the real one would if no entry can be made or removed where `path` is.
   */
  #foresee(path: string): void {
    const { paths, dryRun } = this.#options;
    const folder = parentOf(path);
    if (!dryRun || this.#writable.has(folder)) return;
    try {
      if (path === "") tryToMakeFile(nearestFolder(paths.shown("")));
      else if (this.#oldFolders.has(folder)) tryToMakeEntry(paths.folder(folder));
    } catch (error) {
      throw paths.describe(error, path);
    }
    this.#writable.add(folder);
  }

  /** Whether a file needs no contents. If so, its mode and time are set to those of the entry. */
  async #isSame([path, , mode, modified, size, sha1sum]: Entry, old: Stats): Promise<boolean> {
    const { paths, changes, dryRun } = this.#options;
    if (old.size !== size) return false;
    const at = paths.at(path);
    const hasTime = isSameTime(timeOf(old.mtimeMs), modified);
    if (sha1sum === undefined ? !hasTime : await this.#sha1Of(at, size) !== sha1sum) return false;
    const hasMode = (old.mode & 0o7777) === mode;
    if (hasTime && hasMode) {
      changes.unchanged++;
      return true;
    }
    const adjustment = { ...!hasMode && { mode }, ...!hasTime && { modified } };
    // Deno does not ask for the permission when the mode or time of an open file is changed.
    if (!mayWrite(at) || !dryRun && !adjust(at, old, adjustment)) return false;
    changes.add(path, old);
    return true;
  }

  /** The SHA-1 of a file here; `undefined` if this process cannot read it. */
  async #sha1Of(at: string, size: number): Promise<string | undefined> {
    const { check } = this.#options;
    try {
      return await sha1Of(at, size, check);
    } catch (error) {
      check();
      if (typeof codeOf(error) === "string") return undefined;
      throw error;
    }
  }

  /** Removes a folder that is in the way of something else. */
  async #clear(path: string, old: Stats | undefined): Promise<void> {
    const { paths, remover, delete: isRemoved } = this.#options;
    if (!old?.isDirectory()) return;
    const shown = paths.shown(path);
    // One of the source's folders is here under this name, too, where the file system ignores case
    // or the two ways to write an accent. If a link replaced it, its files would go where the link
    // leads.
    if (this.#identities.has(identityOf(old))) {
      throw fileError(
        shown,
        "EEXIST",
        "there are two different names for it, which are the same here",
      );
    }
    const mayRemove = isRemoved || paths.names(path).length === 0;
    if (mayRemove && await remover.remove(path, true)) return;
    const hint = isRemoved ? "what is excluded is in it" : "delete: true would remove it";
    throw fileError(shown, "ENOTEMPTY", `a folder is in the way, and it is not empty: ${hint}`);
  }
}

function statIfThere(path: string): Stats | undefined {
  return fs.statSync(path, { throwIfNoEntry: false });
}
