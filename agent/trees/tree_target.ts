import { BrokenTransfer, farEndError, Interruption } from "../files/byte_transfer.ts";
import { isList } from "../protocol/is_list.ts";
import type { Channel } from "../wire/channel.ts";
import { Flag } from "../wire/frame.ts";
import { type Exclusion, isExcluded } from "./exclusion.ts";
import { IncomingFiles, type WantedFile } from "./incoming_files.ts";
import { seal, unseal } from "./sealed_message.ts";
import { ChangeLog, type TreeChanges } from "./tree_changes.ts";
import { TreeComparer } from "./tree_comparer.ts";
import { type Entry, EntryChecker, EntryType, TreeMessage } from "./tree_entry.ts";
import { ContainedPaths } from "./contained_paths.ts";
import { realPath } from "./tree_place.ts";
import { TreeRemover } from "./tree_remover.ts";
import { Turns } from "./turns.ts";
import { UnfinishedFolders } from "./unfinished_folders.ts";

/** The most entries of one folder: each takes memory until the end. */
const MAX_ENTRIES = 5_000_000;

/** The options of a {@linkcode TreeTarget}. */
export interface TreeTargetOptions {
  readonly exclusions: readonly Exclusion[];
  /** Whether to remove what is not in the source. */
  readonly delete: boolean;
  /** Permission bits that no file or folder gets, whatever the source says. */
  readonly maskedBits: number;
  /** Whether to change nothing. */
  readonly dryRun: boolean;
  /** How much memory a message of the source may take; see `DecodeOptions`. */
  readonly maxCost: number;
  /** Called with how many files and bytes have been written since the last call. */
  readonly onWritten?: (files: number, bytes: number) => void;
  /** Called with how many more files and bytes are to be written. */
  readonly onNeeded?: (files: number, bytes: number) => void;
}

/**
 * The end of a channel that makes its folder the same as the source's. Whatever the source says,
 * nothing outside of the folder is touched: paths are checked, and no link is followed.
 */
export class TreeTarget {
  readonly #channel: Channel;
  readonly #paths: ContainedPaths;
  readonly #options: TreeTargetOptions;
  readonly #checker = new EntryChecker();
  readonly #turns = new Turns();
  readonly #changes = new ChangeLog();
  readonly #remover: TreeRemover;
  readonly #folders: UnfinishedFolders;
  readonly #comparer: TreeComparer;
  readonly #files: IncomingFiles;
  /** How many entries the source has listed. */
  #entries = 0;
  /** Whether the source has listed all entries. */
  #isListed = false;
  /** Whether the source could not read some of its files and folders. */
  #isIncomplete = false;
  #failure: { readonly error: unknown } | undefined;

  /** Makes the folder `root` as the source on `channel` says. */
  constructor(channel: Channel, root: string, options: TreeTargetOptions) {
    this.#channel = channel;
    this.#options = options;
    const paths = this.#paths = new ContainedPaths(realPath(root));
    const changes = this.#changes;
    const remover = this.#remover = new TreeRemover({
      ...options,
      paths,
      next: () => this.#next(),
    });
    const { maskedBits } = options;
    const folders = this.#folders = new UnfinishedFolders(paths, changes, this.#turns, maskedBits);
    const check = (): void => this.#check();
    this.#comparer = new TreeComparer({ ...options, paths, changes, remover, folders, check });
    this.#files = new IncomingFiles({ paths, changes, onWritten: options.onWritten });
    channel.onFailure((error) => {
      this.#failure = { error };
      this.#files.discard();
    });
  }

  /** Receives all that the source has and that differs here. */
  async receive(): Promise<TreeChanges> {
    try {
      await this.#receiveAll();
      // Removing others may take a while: others can use the new folders before.
      await this.#folders.finish(true);
      if (this.#options.delete && !this.#isIncomplete) {
        await this.#comparer.removeOthers((path) =>
          this.#checker.has(path) || this.#changes.skipped.has(path)
        );
      }
      await this.#folders.finish();
      this.#check();
    } catch (error) {
      this.#files.discard();
      await this.#folders.giveUp(this.#isIncomplete);
      throw error;
    } finally {
      this.#paths.close();
    }
    return this.#changes.result(this.#remover.deleted);
  }

  async #receiveAll(): Promise<void> {
    const { maxCost } = this.#options;
    for (let message; (message = await this.#channel.receive()) !== undefined;) {
      if (message.flags & Flag.FAILURE) throw new Interruption(message);
      if (message.flags & Flag.RAW) await this.#files.appendLarge(message.bytes);
      else await this.#handle(listOf(unseal(message.bytes, maxCost), message.bytes.length));
      await this.#next();
    }
    if (!this.#isListed || !this.#files.isComplete) {
      throw farEndError("stopped before all files had come");
    }
  }

  async #handle([kind, ...rest]: readonly unknown[]): Promise<void> {
    const isEnd = kind === TreeMessage.FILE_END || kind === TreeMessage.FILE_LOST;
    if (this.#files.isWithinFile && !isEnd) {
      throw farEndError("sent something else within a file");
    }
    if (this.#isListed && (kind === TreeMessage.ENTRIES || kind === TreeMessage.LISTED)) {
      throw farEndError("listed more after it had listed all");
    }
    switch (kind) {
      case TreeMessage.ENTRIES:
        return await this.#handleEntries(listOf(rest[0]));
      case TreeMessage.LISTED:
        return this.#handleListed(listOf(rest[0]));
      case TreeMessage.FILES:
        return await this.#handleFiles(listOf(rest[0]));
      case TreeMessage.FILE:
        return this.#files.beginLarge(...rest as [number, number, number, unknown]);
      case TreeMessage.FILE_END:
        return this.#files.endLarge(rest[0]);
      case TreeMessage.FILE_LOST:
        return this.#files.loseLarge();
      case TreeMessage.INCOMPLETE:
        this.#isIncomplete = true;
        return;
      default:
        throw farEndError("sent a message of an unknown kind");
    }
  }

  async #handleEntries(entries: readonly unknown[]): Promise<void> {
    const { dryRun, onNeeded } = this.#options;
    const wanted: number[] = [];
    let bytes = 0;
    for (const value of entries) {
      const entry = this.#checked(value);
      const index = this.#entries++;
      if (index >= MAX_ENTRIES) {
        throw farEndError(`listed more than ${MAX_ENTRIES} entries`);
      }
      const file = await this.#compare(entry);
      if (file === undefined) continue;
      if (!dryRun) this.#files.want(index, file);
      wanted.push(index);
      bytes += entry[4];
    }
    if (dryRun) this.#changes.bytes += bytes;
    if (wanted.length === 0 || dryRun) return;
    onNeeded?.(wanted.length, bytes);
    this.#channel.send(seal(wanted));
  }

  /** Passes on a value that is an entry, without the bits that are masked. */
  #checked(value: unknown): Entry {
    const { exclusions, maskedBits } = this.#options;
    let entry: Entry;
    try {
      entry = this.#checker.check(value);
    } catch (error) {
      throw new BrokenTransfer((error as Error).message);
    }
    const [path, type, mode, ...rest] = entry;
    // An honest source does not list it.
    if (path !== "" && isExcluded(exclusions, path, type === EntryType.FOLDER)) {
      throw farEndError("listed something that is excluded");
    }
    return maskedBits === 0 ? entry : [path, type, mode & ~maskedBits, ...rest];
  }

  async #compare(entry: Entry): Promise<WantedFile | undefined> {
    try {
      return await this.#comparer.compare(entry);
    } catch (error) {
      throw this.#paths.describe(error, entry[0]);
    } finally {
      await this.#next();
    }
  }

  #handleListed(skipped: readonly unknown[]): void {
    for (const path of skipped) {
      if (typeof path !== "string") {
        throw farEndError("skipped a path that is not a string");
      }
      this.#changes.skipped.add(path);
    }
    this.#isListed = true;
    // No more files are wanted.
    this.#channel.send(seal(null));
  }

  async #handleFiles(files: readonly unknown[]): Promise<void> {
    for (const file of files) {
      const [index, bytes, modified] = listOf(file);
      if (bytes !== null && !(bytes instanceof Uint8Array)) {
        throw farEndError("sent a file without contents");
      }
      this.#files.writeSmall(index as number, bytes as Uint8Array | null, modified as number);
      await this.#next();
    }
  }

  /** Lets other tasks run, and then finds out whether there is more to do. */
  async #next(): Promise<void> {
    await this.#turns.next();
    this.#check();
  }

  /** @throws If the channel is over. */
  #check(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}

function listOf(value: unknown, size = Infinity): unknown[] {
  if (isList(value, size)) return value;
  throw farEndError("sent a message of an unknown form");
}
