import fs from "node:fs";
import { dirname } from "node:path";
import { decode } from "../codec/decode.ts";
import { encode } from "../codec/encode.ts";
import { BrokenTransfer, Interruption } from "./byte_transfer.ts";
import type { Channel } from "./channel.ts";
import { describeFileError, fileError, withPath } from "./file_error.ts";
import { Flag } from "./frame.ts";
import { NewFile, setTimes } from "./new_file.ts";
import { isTemporaryName, sweep, temporaryPath } from "./temporary_name.ts";
import {
  type Entry,
  EntryChecker,
  EntryType,
  type Exclusion,
  isExcluded,
  isTime,
  readLink,
  TreeMessage,
  Turns,
  within,
} from "./tree_entry.ts";
import { openUp, TreeRemover } from "./tree_remover.ts";
import { sha1Of } from "./tree_source.ts";

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
 * The end of a channel that makes its folder the same as the source's. Whatever the source says, it touches nothing
 * outside of the folder: names are checked, and no link is followed.
 */
export class TreeTarget {
  readonly #channel: Channel;
  readonly #root: string;
  readonly #options: TreeTargetOptions;
  readonly #checker = new EntryChecker();
  readonly #entries: Entry[] = [];
  /** Files whose contents have been asked for, with what is there now. */
  readonly #wanted = new Map<number, fs.Stats | undefined>();
  /** Folders that were there before. */
  readonly #oldFolders = new Set<string>();
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
  #failure: { readonly error: unknown } | undefined;

  /** Makes the folder `root` as the source on `channel` says. */
  constructor(channel: Channel, root: string, options: TreeTargetOptions) {
    this.#channel = channel;
    this.#root = realPath(root);
    this.#options = options;
    this.#remover = new TreeRemover({
      ...options,
      root: this.#root,
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
      for (let message; (message = await this.#channel.receive()) !== undefined;) {
        if (message.flags & Flag.FAILURE) throw new Interruption(message);
        if (message.flags & Flag.RAW) await this.#handlePiece(message.bytes);
        else await this.#handle(decode(message.bytes));
        await this.#next();
      }
      if (!this.#isListed || this.#incoming !== undefined || this.#wanted.size > 0) {
        throw new BrokenTransfer("It ended before all files had come");
      }
      if (this.#options.delete) await this.#deleteOthers();
      await this.#finishFolders();
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
    } finally {
      this.#incoming?.file.discard();
    }
  }

  async #handle(message: unknown): Promise<void> {
    const [kind, ...rest] = arrayOf(message);
    if (this.#incoming !== undefined && kind !== TreeMessage.FILE_END) {
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
        throw describeFileError(error, this.#at(path));
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
    const at = this.#at(path);
    const isNew = path !== "" && !this.#oldFolders.has(parentOf(path));
    // The folder itself may be a link to one: the user named it.
    const old = isNew
      ? undefined
      : path === ""
      ? fs.statSync(at, { throwIfNoEntry: false })
      : fs.lstatSync(at, { throwIfNoEntry: false });
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

  async #compareFolder([path, , mode]: Entry, old: fs.Stats | undefined): Promise<void> {
    const at = this.#at(path);
    if (old?.isDirectory()) {
      this.#oldFolders.add(path);
      this.#identities.add(identityOf(old));
      if ((old.mode & 0o7777) === mode) this.#changes.unchanged++;
      else this.#changes.updated.push(path || ".");
      if (this.#options.dryRun) return;
      await sweep(at);
      // To be able to write to it; its own mode comes at the end.
      openUp(at, old);
      return;
    }
    if (path === "" && old !== undefined) {
      throw fileError(at, "ENOTDIR", "it is no folder (ENOTDIR)");
    }
    this.#note(path || ".", old);
    if (path === "") checkParents(at);
    if (this.#options.dryRun) return;
    if (path !== "" && old !== undefined) fs.unlinkSync(at);
    if (path === "") fs.mkdirSync(dirname(at), { recursive: true });
    try {
      fs.mkdirSync(at, 0o700);
    } catch (error) {
      // Somebody else may have the same to do.
      if (!fs.lstatSync(at, { throwIfNoEntry: false })?.isDirectory()) throw error;
    }
    this.#identities.add(identityOf(fs.lstatSync(at)));
  }

  async #compareLink(
    [path, , , modified, , target]: Entry,
    old: fs.Stats | undefined,
  ): Promise<void> {
    const at = this.#at(path);
    if (
      old?.isSymbolicLink() && readLink(at) === target &&
      isSameTime(Math.floor(old.mtimeMs), modified)
    ) {
      this.#changes.unchanged++;
      return;
    }
    this.#note(path, old);
    await this.#clear(path, old);
    if (this.#options.dryRun) return;
    const temporary = temporaryPath(this.#at(parentOf(path)));
    fs.symlinkSync(target!, temporary);
    try {
      setTimes(temporary, modified);
      fs.renameSync(temporary, at);
    } catch (error) {
      fs.rmSync(temporary, { force: true });
      throw error;
    }
  }

  /** Whether a file needs no contents; its mode and time are made right. */
  async #isSame([path, , mode, modified, size, sha1sum]: Entry, old: fs.Stats): Promise<boolean> {
    if (old.size !== size) return false;
    const at = this.#at(path);
    const isTimely = isSameTime(Math.floor(old.mtimeMs), modified);
    if (sha1sum === undefined ? !isTimely : await this.#sha1Of(at, size) !== sha1sum) return false;
    const hasMode = (old.mode & 0o7777) === mode;
    if (isTimely && hasMode) {
      this.#changes.unchanged++;
      return true;
    }
    this.#changes.updated.push(path);
    if (this.#options.dryRun) return true;
    if (!hasMode) fs.chmodSync(at, mode);
    if (!isTimely) setTimes(at, modified);
    return true;
  }

  /** What a file here contains; `undefined` if that is not for this process to know. */
  async #sha1Of(at: string, size: number): Promise<string | undefined> {
    try {
      return await sha1Of(at, size, () => this.#check());
    } catch (error) {
      this.#check();
      if (typeof (error as NodeJS.ErrnoException).code === "string") return undefined;
      throw error;
    }
  }

  /** Removes what cannot simply be replaced: a folder where something else is to be. */
  async #clear(path: string, old: fs.Stats | undefined): Promise<void> {
    if (!old?.isDirectory()) return;
    const at = this.#at(path);
    // Where case does not count, or accents can be written in two ways. What is in it would go to where a link leads.
    if (this.#identities.has(identityOf(old))) {
      throw fileError(
        at,
        "EEXIST",
        "there are two different names for it, which are the same here",
      );
    }
    const hint = this.#options.delete
      ? "what is excluded is in it"
      : "delete: true would remove it";
    const isEmptied = this.#options.delete
      ? await this.#remover.remove(path, true)
      : fs.readdirSync(at).length === 0 && await this.#remover.remove(path, true);
    if (isEmptied) return;
    throw fileError(at, "ENOTEMPTY", `a folder is in the way, and it is not empty: ${hint}`);
  }

  #handleFile(index: number, bytes: Uint8Array | null, modified: number): void {
    if (bytes === null) {
      // It is gone at the source; what is here may stay.
      const path = this.#entryOfWanted(index)[0];
      this.#wanted.delete(index);
      this.#skipped.add(path);
      this.#options.onWritten?.(1, 0);
      return;
    }
    if (!isTime(modified)) throw new BrokenTransfer("A file without a time");
    const file = this.#begin(index);
    try {
      file.writeSync(bytes);
    } catch (error) {
      file.discard();
      throw describeFileError(error, this.#at(this.#entries[index]![0]));
    }
    this.#commit({ file, index, modified, received: bytes.length });
    this.#options.onWritten?.(1, bytes.length);
  }

  async #handlePiece(bytes: Uint8Array): Promise<void> {
    const incoming = this.#incoming;
    if (incoming === undefined) throw new BrokenTransfer("Bytes of no file");
    incoming.received += bytes.length;
    if (incoming.received > incoming.size) {
      throw new BrokenTransfer("A file that is longer than it was to be");
    }
    await incoming.file.write(bytes);
    this.#options.onWritten?.(0, bytes.length);
  }

  #begin(index: number): NewFile {
    const at = this.#at(this.#entryOfWanted(index)[0]);
    try {
      return NewFile.replacing(at, this.#wanted.get(index));
    } catch (error) {
      throw describeFileError(error, at);
    }
  }

  #commit({ file, index, modified, received }: Omit<Incoming, "size">): void {
    const [path, , mode] = this.#entries[index]!;
    try {
      file.commitSync(mode, modified);
    } catch (error) {
      throw describeFileError(error, this.#at(path));
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
      const at = this.#at(folder);
      const names = await withPath(at, () => fs.readdirSync(at));
      for (const name of names) {
        const path = within(folder, name);
        if (this.#checker.has(path) || this.#skipped.has(path) || isTemporaryName(name)) continue;
        await this.#remover.remove(path);
      }
    }
  }

  /** Gives the folders their modes and times, those within first: what happens in a folder changes its time. */
  async #finishFolders(): Promise<void> {
    if (this.#options.dryRun) return;
    for (let i = this.#entries.length; i-- > 0;) {
      const [path, type, mode, modified] = this.#entries[i]!;
      if (type !== EntryType.FOLDER) continue;
      await this.#next();
      const at = this.#at(path);
      try {
        const found = fs.lstatSync(at);
        if (!found.isDirectory()) throw fileError(at, "ENOTDIR", "it is no folder any more");
        const { mode: oldMode, mtimeMs } = found;
        if ((oldMode & 0o7777) !== mode) fs.chmodSync(at, mode);
        if (!isSameTime(Math.floor(mtimeMs), modified)) setFolderTimes(at, modified);
      } catch (error) {
        throw describeFileError(error, at);
      }
    }
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

  #at(path: string): string {
    return path === "" ? this.#root : `${this.#root}/${path}`;
  }
}

function arrayOf(value: unknown): unknown[] {
  if (Array.isArray(value)) return value;
  throw new BrokenTransfer("A message of another form");
}

/** Whether two times are the same, as far as a file system can tell that only knows seconds. */
function isSameTime(here: number, there: number): boolean {
  return here === there ||
    here % 1000 === 0 && Math.floor(there / 1000) * 1000 === here;
}

/**
 * Finds out whether there can be a folder at a path where there is none.
 *
 * @throws {Error} If something else is in the way.
 */
function checkParents(path: string): void {
  for (let at = dirname(path);; at = dirname(at)) {
    // Not all versions of Node tell a file in the way from nothing at all.
    const found = fs.statSync(at, { throwIfNoEntry: false });
    if (found === undefined) continue;
    if (found.isDirectory()) return;
    throw fileError(path, "ENOTDIR", "a part of the path is not a folder (ENOTDIR)");
  }
}

/** Where a folder is, if it is there. */
function realPath(path: string): string {
  try {
    return fs.existsSync(path) ? fs.realpathSync(path) : path;
  } catch (error) {
    throw describeFileError(error, path);
  }
}

/** Who may write to a folder need not own it, and then cannot say when that was. */
function setFolderTimes(path: string, modified: number): void {
  try {
    setTimes(path, modified);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EPERM") throw error;
  }
}

function identityOf({ dev, ino }: fs.Stats): string {
  return `${dev}:${ino}`;
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf("/")));
}
