import fs from "node:fs";
import { dirname } from "node:path";
import { decode } from "../../codec/decode.ts";
import { encode } from "../../codec/encode.ts";
import { BrokenTransfer, Interruption } from "../files/byte_transfer.ts";
import { readLink, sha1Of } from "../files/contents.ts";
import { codeOf, fileError } from "../files/file_error.ts";
import { isSameTime, isTime, setTimes, timeOf } from "../files/file_time.ts";
import { NewFile } from "../files/new_file.ts";
import { isTemporaryName, sweep, temporaryPath } from "../files/temporary_name.ts";
import type { Channel } from "../wire/channel.ts";
import { Flag } from "../wire/frame.ts";
import { type Exclusion, isExcluded } from "./exclusion.ts";
import { type Entry, EntryChecker, EntryType, TreeMessage } from "./tree_entry.ts";
import { parentOf, TreePaths, within } from "./tree_paths.ts";
import { adjust, checkFree, identityOf, ifPermitted, realPath } from "./tree_place.ts";
import { isClosed, openUp, TreeRemover } from "./tree_remover.ts";
import { Turns } from "./turns.ts";

/** The most that one folder may have in it: each takes memory until the end. */
const MAX_ENTRIES = 5_000_000;

/** What the target of a folder is told. */
export interface TreeTargetOptions {
  readonly exclusions: readonly Exclusion[];
  /** Whether to remove what is not in the source. */
  readonly delete: boolean;
  /** Permission bits that no file is to have, whatever the source says. */
  readonly maskedBits: number;
  /** Whether to change nothing. */
  readonly dryRun: boolean;
  /** Called with each file that has been written. */
  readonly onWritten?: (files: number, bytes: number) => void;
  /** Called with what is to be written, as it becomes known. */
  readonly onNeeded?: (files: number, bytes: number) => void;
}

/** What was done to the target, or would be. */
export interface TreeChanges {
  readonly created: string[];
  readonly updated: string[];
  readonly deleted: string[];
  readonly skipped: string[];
  unchanged: number;
  bytes: number;
}

/** A file that comes in pieces. */
interface Incoming {
  readonly file: NewFile;
  readonly index: number;
  readonly modified: number;
  /** Bytes in all. */
  readonly size: number;
  received: number;
}

/**
 * The end of a channel that makes its folder the same as the source's. Whatever the source says, it
 * touches nothing outside of the folder: names are checked, and no link is followed.
 */
export class TreeTarget {
  readonly #channel: Channel;
  readonly #paths: TreePaths;
  readonly #options: TreeTargetOptions;
  readonly #checker = new EntryChecker();
  readonly #entries: Entry[] = [];
  /** Files whose contents have been asked for, with what is there now. */
  readonly #wanted = new Map<number, fs.Stats | undefined>();
  /** Folders that were there before. */
  readonly #oldFolders = new Set<string>();
  /**
   * Folders that are here, but have neither their modes nor their times yet, with what was there
   * before.
   */
  readonly #unfinished = new Map<Entry, fs.Stats | undefined>();
  /** What the system knows the source's folders by, when they are here. */
  readonly #identities = new Set<string>();
  readonly #turns = new Turns();
  readonly #remover: TreeRemover;
  readonly #changes: Omit<TreeChanges, "deleted" | "skipped"> = {
    created: [],
    updated: [],
    unchanged: 0,
    bytes: 0,
  };
  /** What the source has or had, but cannot send. */
  readonly #skipped = new Set<string>();
  #incoming: Incoming | undefined;
  #isListed = false;
  /** Whether the source has things of which it could not tell. */
  #isIncomplete = false;
  #failure: { readonly error: unknown } | undefined;

  /** Makes the folder `root` as the source on `channel` says. */
  constructor(channel: Channel, root: string, options: TreeTargetOptions) {
    this.#channel = channel;
    this.#paths = new TreePaths(realPath(root));
    this.#options = options;
    this.#remover = new TreeRemover({
      ...options,
      paths: this.#paths,
      next: () => this.#next(),
    });
    channel.onFailure((error) => {
      this.#failure = { error };
      this.#incoming?.file.discard();
    });
  }

  /** Takes all in. */
  async receive(): Promise<TreeChanges> {
    try {
      await this.#receiveAll();
      // Before anything is removed, which may take its time, what is new is of use.
      await this.#endFolders((entry, old) => old ?? this.#finish(entry, old));
      if (this.#options.delete && !this.#isIncomplete) await this.#deleteOthers();
      await this.#endFolders((entry, old) => this.#finish(entry, old));
      this.#check();
    } catch (error) {
      this.#incoming?.file.discard();
      await this.#giveUpFolders();
      throw error;
    } finally {
      this.#paths.close();
    }
    const { created, updated, ...rest } = this.#changes;
    // What was listed may have gone meanwhile.
    const isThere = (path: string): boolean => !this.#skipped.has(path);
    return {
      ...rest,
      created: created.filter(isThere),
      updated: updated.filter(isThere),
      deleted: this.#remover.deleted,
      skipped: [...this.#skipped],
    };
  }

  async #receiveAll(): Promise<void> {
    for (let message; (message = await this.#channel.receive()) !== undefined;) {
      if (message.flags & Flag.FAILURE) throw new Interruption(message);
      if (message.flags & Flag.RAW) await this.#handlePiece(message.bytes);
      else await this.#handle(decode(message.bytes));
      await this.#next();
    }
    if (!this.#isListed || this.#incoming !== undefined || this.#wanted.size > 0) {
      throw new BrokenTransfer("It ended before all files had come");
    }
  }

  async #handle(message: unknown): Promise<void> {
    const [kind, ...rest] = arrayOf(message);
    const isEnd = kind === TreeMessage.FILE_END || kind === TreeMessage.FILE_LOST;
    if (this.#incoming !== undefined && !isEnd) {
      throw new BrokenTransfer("Something else within a file");
    }
    if (this.#isListed && (kind === TreeMessage.ENTRIES || kind === TreeMessage.LISTED)) {
      throw new BrokenTransfer("More after all was listed");
    }
    switch (kind) {
      case TreeMessage.ENTRIES:
        return await this.#handleEntries(rest[0]);
      case TreeMessage.LISTED:
        for (const path of arrayOf(rest[0])) {
          if (typeof path !== "string") throw new BrokenTransfer("A path that is none");
          this.#skipped.add(path);
        }
        this.#isListed = true;
        // Nothing more is wanted.
        return this.#channel.send(encode(null));
      case TreeMessage.FILES:
        for (const file of arrayOf(rest[0])) {
          const [index, bytes, modified] = arrayOf(file);
          if (bytes !== null && !(bytes instanceof Uint8Array)) {
            throw new BrokenTransfer("A file without contents");
          }
          this.#handleFile(index as number, bytes, modified as number);
          await this.#next();
        }
        return;
      case TreeMessage.FILE: {
        const [index, modified, size] = rest as [number, number, number];
        if (!isTime(modified) || !Number.isSafeInteger(size)) {
          throw new BrokenTransfer("A file without a time and a size");
        }
        this.#incoming = { file: this.#begin(index), index, modified, size, received: 0 };
        return;
      }
      case TreeMessage.FILE_END: {
        const incoming = this.#incoming;
        if (incoming === undefined) throw new BrokenTransfer("The end of no file");
        if (incoming.received !== incoming.size) {
          throw new BrokenTransfer("A file that is shorter than it was to be");
        }
        this.#commit(incoming);
        this.#incoming = undefined;
        this.#options.onWritten?.(1, 0);
        return;
      }
      case TreeMessage.FILE_LOST:
        if (this.#incoming === undefined) throw new BrokenTransfer("The end of no file");
        this.#incoming.file.discard();
        this.#lose(this.#incoming.index);
        this.#incoming = undefined;
        return;
      case TreeMessage.INCOMPLETE:
        this.#isIncomplete = true;
        return;
      default:
        throw new BrokenTransfer("A message of no known kind");
    }
  }

  async #handleEntries(entries: unknown): Promise<void> {
    const wanted: number[] = [];
    let bytes = 0;
    for (const value of arrayOf(entries)) {
      let entry: Entry;
      try {
        entry = this.#checker.check(value);
      } catch (error) {
        throw new BrokenTransfer((error as Error).message);
      }
      const [path, type, mode, ...rest] = entry;
      if (type === EntryType.FILE) entry = [path, type, mode & ~this.#options.maskedBits, ...rest];
      // An honest source does not send it.
      if (path !== "" && isExcluded(this.#options.exclusions, path, type === EntryType.FOLDER)) {
        throw new BrokenTransfer("Something that is to be left alone");
      }
      const index = this.#entries.push(entry) - 1;
      if (index >= MAX_ENTRIES) throw new BrokenTransfer(`More than ${MAX_ENTRIES} files`);
      try {
        if (!await this.#compare(index, entry)) continue;
      } catch (error) {
        throw this.#paths.describe(error, path);
      } finally {
        await this.#next();
      }
      wanted.push(index);
      bytes += entry[4];
    }
    if (this.#options.dryRun) this.#changes.bytes += bytes;
    if (wanted.length === 0 || this.#options.dryRun) return;
    this.#options.onNeeded?.(wanted.length, bytes);
    this.#channel.send(encode(wanted));
  }

  /** Makes what is there as the entry says. Returns whether that takes the file's contents. */
  async #compare(index: number, entry: Entry): Promise<boolean> {
    const [path, type] = entry;
    const isNew = path !== "" && !this.#oldFolders.has(parentOf(path));
    // The folder itself may be a link to one: the user named it.
    const stat = path === "" ? fs.statSync : fs.lstatSync;
    const old = isNew ? undefined : stat(this.#paths.at(path), { throwIfNoEntry: false });
    switch (type) {
      case EntryType.FOLDER:
        await this.#compareFolder(entry, old);
        return false;
      case EntryType.LINK:
        await this.#compareLink(entry, old);
        return false;
      default:
        if (old?.isFile() && await this.#isSame(entry, old)) return false;
        this.#note(path, old);
        await this.#clear(path, old);
        if (!this.#options.dryRun) this.#wanted.set(index, old?.isFile() ? old : undefined);
        return true;
    }
  }

  async #compareFolder(entry: Entry, old: fs.Stats | undefined): Promise<void> {
    const [path, , mode] = entry;
    const { dryRun } = this.#options;
    if (old?.isDirectory()) {
      this.#oldFolders.add(path);
      this.#identities.add(identityOf(old));
      if ((old.mode & 0o7777) === mode) this.#changes.unchanged++;
      else this.#changes.updated.push(path || ".");
      if (dryRun) return;
      await sweep(this.#paths.shown(path));
      this.#unfinished.set(entry, old);
      // To be able to write to it; its own mode comes at the end.
      openUp(this.#paths.folder(path), old);
      return;
    }
    if (path === "") checkFree(this.#paths.shown(path), old);
    this.#note(path || ".", old);
    if (dryRun) return;
    const at = this.#paths.at(path);
    if (path === "") fs.mkdirSync(dirname(at), { recursive: true });
    else if (old !== undefined) fs.unlinkSync(at);
    try {
      fs.mkdirSync(at, 0o700);
    } catch (error) {
      // Somebody else may have the same to do.
      if (!fs.lstatSync(at, { throwIfNoEntry: false })?.isDirectory()) throw error;
    }
    this.#unfinished.set(entry, undefined);
    this.#identities.add(identityOf(fs.lstatSync(at)));
  }

  async #compareLink(
    [path, , , modified, , target]: Entry,
    old: fs.Stats | undefined,
  ): Promise<void> {
    if (
      old?.isSymbolicLink() && readLink(this.#paths.at(path)) === target &&
      isSameTime(timeOf(old.mtimeMs), modified)
    ) {
      this.#changes.unchanged++;
      return;
    }
    this.#note(path, old);
    await this.#clear(path, old);
    if (this.#options.dryRun) return;
    const temporary = temporaryPath(this.#paths.folder(parentOf(path)));
    fs.symlinkSync(target!, temporary);
    try {
      setTimes(temporary, modified);
      fs.renameSync(temporary, this.#paths.at(path));
    } catch (error) {
      fs.rmSync(temporary, { force: true });
      throw error;
    }
  }

  /** Whether a file needs no contents; its mode and time are made right. */
  async #isSame([path, , mode, modified, size, sha1sum]: Entry, old: fs.Stats): Promise<boolean> {
    if (old.size !== size) return false;
    const at = this.#paths.at(path);
    const isTimely = isSameTime(timeOf(old.mtimeMs), modified);
    if (sha1sum === undefined ? !isTimely : await this.#sha1Of(at, size) !== sha1sum) return false;
    const hasMode = (old.mode & 0o7777) === mode;
    if (isTimely && hasMode) {
      this.#changes.unchanged++;
      return true;
    }
    const given = { ...!hasMode && { mode }, ...!isTimely && { modified } };
    if (!this.#options.dryRun && !adjust(at, old, given)) return false;
    this.#changes.updated.push(path);
    return true;
  }

  /** What a file here contains; `undefined` if that is not for this process to know. */
  async #sha1Of(at: string, size: number): Promise<string | undefined> {
    try {
      return await sha1Of(at, size, () => this.#check());
    } catch (error) {
      this.#check();
      if (typeof codeOf(error) === "string") return undefined;
      throw error;
    }
  }

  /** Removes what cannot simply be replaced: a folder where something else is to be. */
  async #clear(path: string, old: fs.Stats | undefined): Promise<void> {
    if (!old?.isDirectory()) return;
    const shown = this.#paths.shown(path);
    // Where case does not count, or accents can be written in two ways. What is in it would go to
    // where a link leads.
    if (this.#identities.has(identityOf(old))) {
      throw fileError(
        shown,
        "EEXIST",
        "there are two different names for it, which are the same here",
      );
    }
    const hint = this.#options.delete
      ? "what is excluded is in it"
      : "delete: true would remove it";
    const isEmptied = this.#options.delete
      ? await this.#remover.remove(path, true)
      : fs.readdirSync(this.#paths.folder(path)).length === 0 &&
        await this.#remover.remove(path, true);
    if (isEmptied) return;
    throw fileError(shown, "ENOTEMPTY", `a folder is in the way, and it is not empty: ${hint}`);
  }

  #handleFile(index: number, bytes: Uint8Array | null, modified: number): void {
    if (bytes === null) {
      return this.#lose(index);
    }
    if (!isTime(modified)) throw new BrokenTransfer("A file without a time");
    const file = this.#begin(index);
    try {
      file.writeSync(bytes);
    } catch (error) {
      file.discard();
      throw this.#paths.describe(error, this.#entries[index]![0]);
    }
    this.#commit({ file, index, modified, received: bytes.length });
    this.#options.onWritten?.(1, bytes.length);
  }

  /** The source cannot send a file; what is here may stay. */
  #lose(index: number): void {
    const [path] = this.#entryOfWanted(index);
    this.#wanted.delete(index);
    this.#skipped.add(path);
    this.#options.onWritten?.(1, 0);
  }

  async #handlePiece(bytes: Uint8Array): Promise<void> {
    const incoming = this.#incoming;
    if (incoming === undefined) throw new BrokenTransfer("Bytes of no file");
    incoming.received += bytes.length;
    if (incoming.received > incoming.size) {
      throw new BrokenTransfer("A file that is longer than it was to be");
    }
    try {
      await incoming.file.write(bytes);
    } catch (error) {
      throw this.#paths.describe(error, this.#entries[incoming.index]![0]);
    }
    this.#options.onWritten?.(0, bytes.length);
  }

  #begin(index: number): NewFile {
    const [path] = this.#entryOfWanted(index);
    try {
      return NewFile.replacing(this.#paths.at(path), this.#wanted.get(index));
    } catch (error) {
      throw this.#paths.describe(error, path);
    }
  }

  #commit({ file, index, modified, received }: Omit<Incoming, "size">): void {
    const [path, , mode] = this.#entries[index]!;
    try {
      file.commitSync(mode, modified);
    } catch (error) {
      throw this.#paths.describe(error, path);
    } finally {
      file.discard();
    }
    this.#wanted.delete(index);
    this.#changes.bytes += received;
  }

  #entryOfWanted(index: number): Entry {
    const entry = this.#wanted.has(index) ? this.#entries[index] : undefined;
    if (entry === undefined) throw new BrokenTransfer("A file that was not asked for");
    return entry;
  }

  async #deleteOthers(): Promise<void> {
    for (const folder of this.#oldFolders) {
      for (const name of this.#names(folder)) {
        const path = within(folder, name);
        if (this.#checker.has(path) || this.#skipped.has(path) || isTemporaryName(name)) continue;
        await this.#remover.remove(path);
      }
    }
  }

  #names(folder: string): string[] {
    try {
      return fs.readdirSync(this.#paths.folder(folder));
    } catch (error) {
      throw this.#paths.describe(error, folder);
    }
  }

  /**
   * Has `end` give folders what they are to have at the end, those within first: what happens in a
   * folder changes its time. It returns something to leave one for later.
   *
   * @throws {Error} If one of them cannot be given it, when all others have it.
   */
  async #endFolders(end: (entry: Entry, old: fs.Stats | undefined) => unknown): Promise<void> {
    let failure: { readonly error: unknown } | undefined;
    for (const [entry, old] of [...this.#unfinished].reverse()) {
      await this.#turns.next();
      try {
        if (end(entry, old) !== undefined) continue;
      } catch (error) {
        failure ??= { error: this.#paths.describe(error, entry[0]) };
      }
      this.#unfinished.delete(entry);
    }
    if (failure !== undefined) throw failure.error;
  }

  /** Leaves the folders as others can use them: what could arrive is in them. */
  async #giveUpFolders(): Promise<void> {
    await this.#endFolders((entry, old) => {
      if (old === undefined || this.#isIncomplete) return this.#finish(entry, old);
      if (isClosed(old)) fs.chmodSync(this.#paths.folder(entry[0]), old.mode & 0o7777);
    }).catch(() => {});
  }

  /** Gives a folder its mode and time. */
  #finish([path, , mode, modified]: Entry, old: fs.Stats | undefined): void {
    const at = this.#paths.folder(path);
    const { mode: oldMode, mtimeMs } = fs.statSync(at);
    if (!isSameTime(timeOf(mtimeMs), modified)) {
      // Of a descriptor's link, what it leads to.
      ifPermitted(() => setTimes(`${at}/.`, modified));
    }
    if ((oldMode & 0o7777) === mode) return;
    if (old === undefined) return fs.chmodSync(at, mode);
    if (ifPermitted(() => fs.chmodSync(at, mode))) return;
    // It has the mode that it had.
    const { updated } = this.#changes;
    const index = updated.indexOf(path || ".");
    if (index < 0) return;
    updated.splice(index, 1);
    this.#changes.unchanged++;
  }

  /** Others have their turn, and it may turn out that there is no more to do. */
  async #next(): Promise<void> {
    await this.#turns.next();
    this.#check();
  }

  /** @throws If the channel is over. */
  #check(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  #note(path: string, old: fs.Stats | undefined): void {
    (old === undefined ? this.#changes.created : this.#changes.updated).push(path);
  }
}

function arrayOf(value: unknown): unknown[] {
  if (Array.isArray(value)) return value;
  throw new BrokenTransfer("A message of another form");
}
