import fs from "node:fs";
import { decode } from "../../codec/decode.ts";
import { encode } from "../../codec/encode.ts";
import { BrokenTransfer, Interruption, sendBlock } from "../files/byte_transfer.ts";
import { changing, readLink, readSmall, sha1Of, SMALL } from "../files/contents.ts";
import {
  codeOf,
  fileErrors,
  folderExpected,
  isFileError,
  notUtf8,
  withPath,
} from "../files/file_error.ts";
import { FileReader } from "../files/file_reader.ts";
import { timeOf } from "../files/file_time.ts";
import { isTemporaryName } from "../files/temporary_name.ts";
import type { Channel } from "../wire/channel.ts";
import { Fifo } from "../wire/fifo.ts";
import { type Exclusion, isExcluded } from "./exclusion.ts";
import { type Entry, EntryType, TreeMessage } from "./tree_entry.ts";
import { TreePaths, within } from "./tree_paths.ts";
import { Turns } from "./turns.ts";

/** Entries that are sent at once. */
const BATCH = 256;

/** Bytes of small files that are sent at once. */
const PACK = 256 * 1024;

/** Of what could not be read, so many errors are kept. */
const MAX_FAILURES = 100;

/** What the system says of a file when another one, or none, has taken its place. */
const GONE: ReadonlySet<string | undefined> = new Set([
  "ENOENT",
  "ENOTDIR",
  "ELOOP",
  "EISDIR",
  "EINVAL",
]);

/** What the source of a folder is told. */
export interface TreeSourceOptions {
  readonly exclusions: readonly Exclusion[];
  /** Whether to tell the SHA-1 of each file. */
  readonly checksum: boolean;
  /** Called with each file that has been sent, or of which there is no more than before. */
  readonly onSent?: (files: number, bytes: number) => void;
  /** Called with what is to be sent, as it becomes known. */
  readonly onNeeded?: (files: number, bytes: number) => void;
}

/** The end of a channel that has the folder. */
export class TreeSource {
  readonly #channel: Channel;
  readonly #root: string;
  readonly #paths: TreePaths;
  readonly #options: TreeSourceOptions;
  readonly #entries: Entry[] = [];
  readonly #skipped: string[] = [];
  readonly #answers: Answers;
  readonly #turns = new Turns();
  /** What the target has asked for. */
  readonly #wanted = new Set<number>();
  /** Whether it has asked for all, and whether it has said what came of it. */
  #isAllWanted = false;
  #isAnswered = false;
  #pack: [number, Uint8Array | null, number][] = [];
  #packSize = 0;
  /** What could not be read: the first of it, and how much in all. */
  readonly #failures: Error[] = [];
  #failed = 0;

  /** Serves the folder `root` on `channel`. */
  constructor(channel: Channel, root: string, options: TreeSourceOptions) {
    this.#channel = channel;
    this.#root = root;
    this.#paths = new TreePaths(root);
    this.#options = options;
    this.#answers = new Answers(channel, (value) => this.#checkAnswer(value));
  }

  /**
   * Sends all that the target wants.
   *
   * @throws {Error} If something could not be read, when all else has been sent.
   */
  async send(): Promise<void> {
    const failure = await this.sendReadable();
    if (failure !== undefined) throw failure;
    this.#channel.end();
  }

  /**
   * Sends what can be read of all that the target wants, without an end. Returns why the rest could
   * not be.
   */
  async sendReadable(): Promise<Error | undefined> {
    try {
      await this.#sendEntries();
      for (let wanted; (wanted = await this.#answers.next()) !== null;) {
        const entries = (wanted as number[]).map((index) =>
          [index, this.#entries[index]!] as const
        );
        const bytes = entries.reduce((sum, [, [, , , , size]]) => sum + size, 0);
        this.#options.onNeeded?.(entries.length, bytes);
        for (const [index, entry] of entries) await this.#sendFile(index, entry);
      }
      await this.#flush();
      if (this.#failed === 0) return undefined;
      await this.#send([TreeMessage.INCOMPLETE]);
      return fileErrors(this.#failures, this.#failed);
    } finally {
      this.#paths.close();
    }
  }

  /** What the target says when it has all. */
  async answer(): Promise<unknown> {
    return await this.#answers.next();
  }

  async #sendEntries(): Promise<void> {
    let unsent = 0;
    for await (const entry of this.#scan()) {
      this.#entries.push(entry);
      if (this.#entries.length - unsent < BATCH) continue;
      await this.#send([TreeMessage.ENTRIES, this.#entries.slice(unsent)]);
      unsent = this.#entries.length;
    }
    await this.#send([TreeMessage.ENTRIES, this.#entries.slice(unsent)]);
    await this.#send([TreeMessage.LISTED, this.#skipped]);
  }

  async *#scan(): AsyncGenerator<Entry> {
    const root = this.#root;
    const found = await withPath(root, () => fs.statSync(root));
    if (!found.isDirectory()) throw folderExpected(root);
    yield entryOf("", EntryType.FOLDER, found);
    // A stack of its own: how deep folders are is not for the call stack to bear.
    const folders = [""];
    for (let folder; (folder = folders.pop()) !== undefined;) {
      const names = this.#names(folder);
      for (const [i, name] of names.sort().entries()) {
        if (isTemporaryName(name)) continue;
        const path = within(folder, name);
        await this.#turns.next();
        this.#answers.check();
        const entry = await this.#readable(path, name === names[i - 1]);
        if (entry === undefined) continue;
        if (entry[1] === EntryType.FOLDER) folders.push(path);
        yield entry;
      }
    }
  }

  /** What is in a folder; nothing if it has gone since it was listed, or cannot be read. */
  #names(folder: string): string[] {
    try {
      return fs.readdirSync(this.#paths.folder(folder));
    } catch (error) {
      if (folder === "") throw this.#paths.describe(error, folder);
      if (!GONE.has(codeOf(error))) this.#note(error, folder);
      return [];
    }
  }

  async #readable(path: string, isDouble: boolean): Promise<Entry | undefined> {
    try {
      return await this.#entry(path, isDouble);
    } catch (error) {
      const isGone = !isFileError(error) && GONE.has(codeOf(error));
      if (isGone) this.#skipped.push(path);
      else this.#note(error, path);
      return undefined;
    }
  }

  /** Keeps in mind that something cannot be read. Throws what is no error of a file. */
  #note(error: unknown, path: string): void {
    const described = this.#paths.describe(error, path);
    if (!isFileError(described)) throw described;
    this.#failed++;
    if (this.#failures.length < MAX_FAILURES) this.#failures.push(described);
  }

  /** The entry at `path`, or `undefined` if it does not go along. */
  #entry(path: string, isDouble: boolean): Entry | undefined | Promise<Entry | undefined> {
    const at = this.#paths.at(path);
    // What is not UTF-8 may even look like what is.
    const found = isDouble ? undefined : lstat(at);
    if (found === undefined) {
      if (isExcluded(this.#options.exclusions, path, false)) return undefined;
      if (path.includes("\ufffd")) throw notUtf8(this.#paths.shown(path));
      return void this.#skipped.push(path);
    }
    if (isExcluded(this.#options.exclusions, path, found.isDirectory())) return undefined;
    if (found.isDirectory()) return entryOf(path, EntryType.FOLDER, found);
    if (found.isSymbolicLink()) {
      const target = readLink(at);
      if (target === undefined) {
        throw notUtf8(this.#paths.shown(path), "the path that the link leads to");
      }
      return entryOf(path, EntryType.LINK, found, target);
    }
    if (!found.isFile()) return void this.#skipped.push(path);
    if (!this.#options.checksum) return entryOf(path, EntryType.FILE, found);
    return sha1Of(at, found.size, () => this.#answers.check())
      .then((sha1sum) => entryOf(path, EntryType.FILE, found, sha1sum), (error) => {
        if (!GONE.has(codeOf(error))) throw error;
        return void this.#skipped.push(path);
      });
  }

  async #sendFile(index: number, entry: Entry): Promise<void> {
    await this.#turns.next();
    const found = this.#read(entry);
    if (found instanceof FileReader) return await this.#sendLarge(index, found);
    this.#pack.push([index, ...found]);
    this.#packSize += found[0]?.length ?? 0;
    if (this.#packSize >= PACK || this.#pack.length >= BATCH) await this.#flush();
  }

  /** A large file, or what a small one contains and its time of modification. */
  #read([path, , , modified, size]: Entry): FileReader | [Uint8Array | null, number] {
    try {
      const at = this.#paths.at(path);
      const small = size <= SMALL ? readSmall(at) : undefined;
      if (small !== undefined) return small;
      const file = new FileReader(at, false);
      if (file.size > SMALL) return file;
      file.close();
      return readSmall(at) ?? changing(at);
    } catch (error) {
      if (!GONE.has(codeOf(error))) this.#note(error, path);
      return [null, modified];
    }
  }

  async #sendLarge(index: number, file: FileReader): Promise<void> {
    try {
      await this.#flush();
      await this.#send([TreeMessage.FILE, index, timeOf(file.modified), file.size]);
      try {
        for await (const block of file.blocks()) {
          sendBlock(this.#channel, block);
          await this.#drained();
          this.#options.onSent?.(0, block.length);
        }
        await this.#send([TreeMessage.FILE_END]);
      } catch (error) {
        // What the caller's own code threw may be an error of the system, too.
        if (!isFileError(error)) throw error;
        this.#note(error, this.#entries[index]![0]);
        await this.#send([TreeMessage.FILE_LOST]);
      }
      this.#options.onSent?.(1, 0);
    } finally {
      file.close();
    }
  }

  async #flush(): Promise<void> {
    if (this.#pack.length === 0) return;
    await this.#send([TreeMessage.FILES, this.#pack]);
    this.#options.onSent?.(this.#pack.length, this.#packSize);
    this.#pack = [];
    this.#packSize = 0;
  }

  async #send(message: unknown[]): Promise<void> {
    this.#channel.send(encode(message));
    await this.#drained();
  }

  /** Passes on what the target may say at this time; of anything else there might be no end. */
  #checkAnswer(value: unknown): void {
    if (this.#isAnswered) throw new BrokenTransfer("A message after the last");
    if (this.#isAllWanted) this.#isAnswered = true;
    else if (value === null) this.#isAllWanted = true;
    else if (!Array.isArray(value) || value.length === 0) {
      throw new BrokenTransfer("A message of another form");
    } else {
      for (const index of value) {
        const entry = typeof index === "number" ? this.#entries[index] : undefined;
        if (entry?.[1] !== EntryType.FILE || this.#wanted.has(index)) {
          throw new BrokenTransfer("It wants what is no file, or what it wanted before");
        }
        this.#wanted.add(index);
      }
    }
  }

  async #drained(): Promise<void> {
    await this.#channel.drained();
    this.#answers.check();
  }
}

/** What the target says, which it may say at any time. */
class Answers {
  readonly #values = new Fifo<unknown>();
  readonly #check: (value: unknown) => void;
  #failure: { readonly error: unknown } | undefined;
  #wake: (() => void) | undefined;

  constructor(channel: Channel, check: (value: unknown) => void) {
    this.#check = check;
    this.#read(channel).catch((error) => this.#failure = { error }).finally(() => this.#wake?.());
  }

  /** The next thing that it says. */
  async next(): Promise<unknown> {
    while (this.#values.length === 0) {
      this.check();
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
    return this.#values.shift();
  }

  /** @throws {Interruption} If it gave up. */
  check(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  async #read(channel: Channel): Promise<never> {
    for (;;) {
      const message = await channel.receive();
      if (message === undefined || message.flags !== 0) throw new Interruption(message);
      const value = decode(message.bytes);
      this.#check(value);
      this.#values.push(value);
      this.#wake?.();
    }
  }
}

function entryOf(path: string, type: number, stats: fs.Stats, detail?: string): Entry {
  const size = type === EntryType.FILE ? stats.size : 0;
  const entry = [path, type, stats.mode & 0o7777, timeOf(stats.mtimeMs), size] as const;
  return detail === undefined ? entry : [...entry, detail];
}

/** What there is at a path; `undefined` if there is nothing. */
function lstat(path: string): fs.Stats | undefined {
  try {
    return fs.lstatSync(path, { throwIfNoEntry: false });
  } catch (error) {
    // The folder has become a file.
    if (codeOf(error) === "ENOTDIR") return undefined;
    throw error;
  }
}
