import { dirname } from "node:path";
import { Change, type ChangeLevel } from "./change.ts";
import { withPath } from "./file_error.ts";
import { fileTarget } from "./file_target.ts";
import { NewFile } from "./new_file.ts";
import { OldFile } from "./old_file.ts";
import { sweep } from "./temporary_name.ts";

/** How a {@linkcode Replacement} is written. */
export interface ReplacementOptions {
  /** Its size, if that is known. */
  readonly size: number | undefined;
  /** Whether blocks of zeros become holes. */
  readonly isSparse: boolean;
}

/**
 * A file that is written like a {@linkcode NewFile}, but only if it differs from what is there: its
 * bytes are compared with those of the old file as long as they are the same, and nothing is
 * written until then.
 */
export class Replacement {
  readonly #path: string;
  readonly #options: ReplacementOptions;
  /** The old file, while no byte differs. */
  #old: OldFile | undefined;
  #file: NewFile | undefined;
  #discarded = false;

  private constructor(path: string, options: ReplacementOptions) {
    this.#path = path;
    this.#options = options;
  }

  /**
   * Begins a file at `path`; a symbolic link there is followed.
   *
   * @throws {Error} If there cannot be such a file.
   */
  static async begin(path: string, options: ReplacementOptions): Promise<Replacement> {
    const replacement = new Replacement(path, options);
    const target = await withPath(path, () => fileTarget(path));
    const old = target.old && OldFile.open(target.path, options.size);
    if (old === undefined) {
      await replacement.#create();
    } else {
      replacement.#old = old;
      await sweep(dirname(target.path));
    }
    return replacement;
  }

  /** Appends bytes, which must not be changed until this is done. */
  async write(bytes: Uint8Array): Promise<void> {
    const old = this.#old;
    if (old !== undefined) {
      if (await withPath(this.#path, () => old.goesOnWith(bytes))) return;
      await this.#replace(old);
    }
    await this.#file!.write(bytes);
  }

  /**
   * Ends the file, which is complete: it is at its path, with these permission bits. Returns how
   * much had to be changed for that.
   */
  async commit(mode: number): Promise<ChangeLevel> {
    const old = this.#old;
    if (old !== undefined) {
      const isSame = await withPath(this.#path, () => old.isWhole(this.#path));
      if (isSame && old.mode === mode) return Change.NONE;
      if (isSame && old.setMode(this.#path, mode)) return Change.MODE;
      await this.#replace(old);
      await this.#file!.commit(mode);
      return isSame ? Change.MODE : Change.CONTENTS;
    }
    await this.#file!.commit(mode);
    return Change.CONTENTS;
  }

  /** Removes what was written, unless it is at its path already. Synchronous, as for `NewFile`. */
  discard(): void {
    this.#discarded = true;
    this.#old?.close();
    this.#file?.discard();
  }

  /** Writes the bytes that were the same; all others are written, too. */
  async #replace(old: OldFile): Promise<void> {
    const file = await this.#create();
    await withPath(this.#path, () => old.copy(this.#path, (bytes) => file.write(bytes)));
    old.close();
    this.#old = undefined;
  }

  async #create(): Promise<NewFile> {
    const file = await NewFile.create(this.#path, 0o600);
    if (this.#options.isSparse) file.keepHoles();
    this.#file = file;
    if (this.#discarded) file.discard();
    return file;
  }
}
