import { createHash, type Hash } from "node:crypto";
import { farEndError } from "../files/byte_transfer.ts";
import { isTime } from "../files/file_time.ts";
import { NewFile } from "../files/new_file.ts";
import type { Stats } from "../files/stats.ts";
import { damaged, isSame } from "./sealed_message.ts";
import type { ChangeLog } from "./tree_changes.ts";
import type { Entry } from "./tree_entry.ts";
import type { ContainedPaths } from "./contained_paths.ts";

/** The options of {@linkcode IncomingFiles}. */
export interface IncomingFilesOptions {
  /** The folder that the files belong to. */
  readonly paths: ContainedPaths;
  readonly changes: ChangeLog;
  /** Called with how many files and bytes have been written since the last call. */
  readonly onWritten: ((files: number, bytes: number) => void) | undefined;
}

/** A file whose contents are wanted from the source. */
export interface WantedFile {
  readonly entry: Entry;
  /** The file that it replaces. */
  readonly old: Stats | undefined;
}

/** A file that is being written. */
interface OpenFile {
  readonly file: NewFile;
  readonly index: number;
  readonly entry: Entry;
  readonly modified: number;
}

/** Writes the files that the source of a folder sends. Only files that are wanted may come. */
export class IncomingFiles {
  readonly #options: IncomingFilesOptions;
  /** The files that have not come yet, by their indexes. */
  readonly #wanted = new Map<number, WantedFile>();
  /** The large file of which a part has come, if there is one. */
  #large: OpenFile | undefined;
  /** How many bytes it will have, and how many have come. */
  #size = 0;
  #received = 0;
  #hash: Hash | undefined;

  constructor(options: IncomingFilesOptions) {
    this.#options = options;
  }

  /** Expects a file. */
  want(index: number, file: WantedFile): void {
    this.#wanted.set(index, file);
  }

  /** Whether all files that are wanted have come. */
  get isComplete(): boolean {
    return this.#wanted.size === 0;
  }

  /** Whether a large file has begun, but not ended. */
  get isWithinFile(): boolean {
    return this.#large !== undefined;
  }

  /** Writes a whole file. It has no bytes if the source cannot send it. */
  writeSmall(index: number, bytes: Uint8Array | null, modified: number): void {
    if (bytes === null) return this.#lose(index);
    if (!isTime(modified)) throw farEndError("sent a file without a time");
    const open = this.#open(index, modified);
    try {
      open.file.writeSync(bytes);
    } catch (error) {
      open.file.discard();
      throw this.#describe(error, open.entry);
    }
    this.#commit(open, bytes.length);
    this.#options.onWritten?.(1, bytes.length);
  }

  /** Begins a large file. */
  beginLarge(index: number, modified: number, size: number, isSparse: unknown): void {
    if (!isTime(modified) || !Number.isSafeInteger(size)) {
      throw farEndError("began a file without a time and a size");
    }
    this.#large = this.#open(index, modified);
    if (isSparse === true) this.#large.file.keepHoles();
    this.#size = size;
    this.#received = 0;
    this.#hash = createHash("sha1");
  }

  /** Appends bytes to the large file. */
  async appendLarge(bytes: Uint8Array): Promise<void> {
    if (this.#large === undefined) throw farEndError("sent bytes outside of a file");
    const { file, entry } = this.#large;
    this.#received += bytes.length;
    if (this.#received > this.#size) throw farEndError("sent too many bytes of a file");
    this.#hash!.update(bytes);
    try {
      await file.write(bytes);
    } catch (error) {
      throw this.#describe(error, entry);
    }
    this.#options.onWritten?.(0, bytes.length);
  }

  /** Ends the large file, which is complete. `sha1sum` is the one of the bytes that were sent. */
  endLarge(sha1sum: unknown): void {
    const large = this.#begun();
    if (this.#received !== this.#size) throw farEndError("sent too few bytes of a file");
    if (!isSame(this.#hash!.digest(), sha1sum)) throw damaged();
    this.#commit(large, this.#size);
    this.#large = undefined;
    this.#options.onWritten?.(1, 0);
  }

  /** Ends the large file, of which the source cannot send the rest. */
  loseLarge(): void {
    const { file, index } = this.#begun();
    file.discard();
    this.#lose(index);
    this.#large = undefined;
  }

  /**
   * Removes the part of a large file that has come. Synchronous, like {@linkcode NewFile.discard}.
   */
  discard(): void {
    this.#large?.file.discard();
  }

  /** Gives up a file that the source cannot send; the old one stays. */
  #lose(index: number): void {
    const [path] = this.#wantedFile(index).entry;
    this.#wanted.delete(index);
    this.#options.changes.skipped.add(path);
    this.#options.onWritten?.(1, 0);
  }

  #open(index: number, modified: number): OpenFile {
    const { entry, old } = this.#wantedFile(index);
    try {
      const file = NewFile.replacing(this.#options.paths.at(entry[0]), old);
      return { file, index, entry, modified };
    } catch (error) {
      throw this.#describe(error, entry);
    }
  }

  #commit({ file, index, entry, modified }: OpenFile, size: number): void {
    try {
      file.commitSync(entry[2], modified);
    } catch (error) {
      throw this.#describe(error, entry);
    } finally {
      file.discard();
    }
    this.#wanted.delete(index);
    this.#options.changes.bytes += size;
  }

  #begun(): OpenFile {
    if (this.#large !== undefined) return this.#large;
    throw farEndError("ended a file that it had not begun");
  }

  #wantedFile(index: number): WantedFile {
    const file = this.#wanted.get(index);
    if (file !== undefined) return file;
    throw farEndError("sent a file that was not asked for");
  }

  #describe(error: unknown, [path]: Entry): unknown {
    return this.#options.paths.describe(error, path);
  }
}
