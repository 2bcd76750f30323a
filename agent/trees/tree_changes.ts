import type { Stats } from "../files/stats.ts";

/** The changes that were made to the target of a folder, or would be made. */
export interface TreeChanges {
  readonly created: string[];
  readonly updated: string[];
  readonly deleted: string[];
  readonly skipped: string[];
  readonly unchanged: number;
  readonly bytes: number;
}

/** Records the changes to the target of a folder. */
export class ChangeLog {
  /** How many entries needed no change. */
  unchanged = 0;
  /** How many bytes of files were written. */
  bytes = 0;
  /** The paths of entries that the source has or had, but cannot send. */
  readonly skipped: Set<string> = new Set();
  readonly #created: string[] = [];
  readonly #updated: string[] = [];

  /** Records that an entry is created, or updated if `old` was there before. */
  add(path: string, old: Stats | undefined): void {
    (old === undefined ? this.#created : this.#updated).push(path);
  }

  /** Records that an entry was not updated after all. */
  revert(path: string): void {
    const index = this.#updated.indexOf(path);
    if (index < 0) return;
    this.#updated.splice(index, 1);
    this.unchanged++;
  }

  /** All changes, with the paths that were removed. */
  result(deleted: string[]): TreeChanges {
    // A file may have been listed, and then skipped since it has gone.
    const isThere = (path: string): boolean => !this.skipped.has(path);
    return {
      unchanged: this.unchanged,
      bytes: this.bytes,
      created: this.#created.filter(isThere),
      updated: this.#updated.filter(isThere),
      deleted,
      skipped: [...this.skipped],
    };
  }
}
