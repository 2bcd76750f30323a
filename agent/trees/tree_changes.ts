import type fs from "node:fs";

/** What was done to the target of a folder, or would be. */
export interface TreeChanges {
  readonly created: string[];
  readonly updated: string[];
  readonly deleted: string[];
  readonly skipped: string[];
  readonly unchanged: number;
  readonly bytes: number;
}

/** Records what is done to the target of a folder, or would be. */
export class ChangeLog {
  /** How many entries needed no change. */
  unchanged = 0;
  /** How many bytes of files were written. */
  bytes = 0;
  /** The paths that the source has or had, but cannot send. */
  readonly skipped: Set<string> = new Set();
  readonly #created: string[] = [];
  readonly #updated: string[] = [];

  /** Records that a path is written to; `old` is what was there before. */
  add(path: string, old: fs.Stats | undefined): void {
    (old === undefined ? this.#created : this.#updated).push(path);
  }

  /** Records that an entry was not updated after all. */
  revert(path: string): void {
    const index = this.#updated.indexOf(path);
    if (index < 0) return;
    this.#updated.splice(index, 1);
    this.unchanged++;
  }

  /** All changes. The paths in `deleted` are those that were removed. */
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
