import { createHash } from "node:crypto";
import { sendBlock } from "../files/byte_transfer.ts";
import { changing, readSmall, SMALL } from "../files/contents.ts";
import { isFileError } from "../files/file_error.ts";
import { FileReader } from "../files/file_reader.ts";
import type { Channel } from "../wire/channel.ts";
import type { Exclusion } from "./exclusion.ts";
import { seal } from "./sealed_message.ts";
import { TargetAnswers } from "./target_answers.ts";
import { type Entry, TreeMessage } from "./tree_entry.ts";
import { ContainedPaths } from "./contained_paths.ts";
import { TreeScanner } from "./tree_scanner.ts";
import { Turns } from "./turns.ts";
import { isGone, Unreadable } from "./unreadable.ts";

/** The most entries, or small files, that are sent in one message. */
const BATCH = 256;

/** How many bytes of small files are sent in one message, about. */
const PACK = 256 * 1024;

/** The options of a {@linkcode TreeSource}. */
export interface TreeSourceOptions {
  readonly exclusions: readonly Exclusion[];
  /** Whether to tell the SHA-1 of each file. */
  readonly checksum: boolean;
  /** How much memory a message of the target may take; see `DecodeOptions`. */
  readonly maxCost: number;
  /** Called with how many files and bytes have been sent since the last call. */
  readonly onSent?: (files: number, bytes: number) => void;
  /** Called with how many more files and bytes are to be sent. */
  readonly onNeeded?: (files: number, bytes: number) => void;
}

/**
 * The end of a channel that has the folder. It lists the entries while the target compares them,
 * and sends the files that the target wants.
 */
export class TreeSource {
  readonly #channel: Channel;
  readonly #paths: ContainedPaths;
  readonly #options: TreeSourceOptions;
  readonly #entries: Entry[] = [];
  readonly #answers: TargetAnswers;
  readonly #turns = new Turns();
  readonly #unreadable: Unreadable;
  /** The small files of the next message. */
  #pack: [index: number, bytes: Uint8Array | null, modified: number][] = [];
  #packSize = 0;

  /** Serves the folder `root` on `channel`. */
  constructor(channel: Channel, root: string, options: TreeSourceOptions) {
    this.#channel = channel;
    this.#paths = new ContainedPaths(root);
    this.#options = options;
    this.#answers = new TargetAnswers(channel, this.#entries, options.maxCost);
    this.#unreadable = new Unreadable(this.#paths);
  }

  /**
   * Sends all that the target wants, and ends the channel.
   *
   * @throws {Error} If something could not be read, when all else has been sent.
   */
  async send(): Promise<void> {
    const failure = await this.sendReadable();
    if (failure !== undefined) throw failure;
    this.#channel.end();
  }

  /**
   * Sends all that the target wants and that can be read, but does not end the channel. Returns why
   * the rest could not be read.
   */
  async sendReadable(): Promise<Error | undefined> {
    try {
      await this.#sendEntries();
      for (let wanted; (wanted = await this.#answers.next()) !== null;) {
        await this.#sendFiles(wanted as number[]);
      }
      await this.#flush();
      const { error } = this.#unreadable;
      if (error !== undefined) await this.#send([TreeMessage.INCOMPLETE]);
      return error;
    } finally {
      this.#paths.close();
    }
  }

  /** The last message of the target, which comes when it has all files. */
  async answer(): Promise<unknown> {
    return await this.#answers.next();
  }

  async #sendEntries(): Promise<void> {
    const scanner = new TreeScanner({
      ...this.#options,
      paths: this.#paths,
      unreadable: this.#unreadable,
      next: async () => {
        await this.#turns.next();
        this.#answers.check();
      },
      check: () => this.#answers.check(),
    });
    let sent = 0;
    for await (const entry of scanner.entries()) {
      this.#entries.push(entry);
      if (this.#entries.length - sent < BATCH) continue;
      await this.#send([TreeMessage.ENTRIES, this.#entries.slice(sent)]);
      sent = this.#entries.length;
      // The target writes files while the others are listed.
      for (let wanted; (wanted = this.#answers.takeWanted()) !== undefined;) {
        await this.#sendFiles(wanted);
      }
    }
    await this.#send([TreeMessage.ENTRIES, this.#entries.slice(sent)]);
    await this.#send([TreeMessage.LISTED, scanner.skipped]);
  }

  async #sendFiles(wanted: readonly number[]): Promise<void> {
    const bytes = wanted.reduce((sum, index) => sum + this.#entries[index]![4], 0);
    this.#options.onNeeded?.(wanted.length, bytes);
    for (const index of wanted) {
      await this.#turns.next();
      const found = this.#read(this.#entries[index]!);
      if (found instanceof FileReader) {
        await this.#sendLarge(index, found);
        continue;
      }
      this.#pack.push([index, ...found]);
      this.#packSize += found[0]?.length ?? 0;
      if (this.#packSize >= PACK || this.#pack.length >= BATCH) await this.#flush();
    }
  }

  /**
   * Opens a large file, or reads a small one, with its time of modification. There are no bytes if
   * it cannot be read.
   */
  #read([path, , , modified, size]: Entry): FileReader | [Uint8Array | null, number] {
    try {
      const at = this.#paths.at(path);
      const small = size <= SMALL ? readSmall(at, { size, modified }) : undefined;
      if (small !== undefined) return small;
      const file = new FileReader(at, false);
      if (file.size > SMALL) return file;
      file.close();
      return readSmall(at) ?? changing(at);
    } catch (error) {
      if (!isGone(error)) this.#unreadable.add(error, path);
      return [null, modified];
    }
  }

  async #sendLarge(index: number, file: FileReader): Promise<void> {
    try {
      await this.#flush();
      const { modified, size, isSparse } = file;
      await this.#send([TreeMessage.FILE, index, modified, size, isSparse]);
      const hash = createHash("sha1");
      try {
        for await (const block of file.blocks()) {
          hash.update(block);
          sendBlock(this.#channel, block);
          await this.#drained();
          this.#options.onSent?.(0, block.length);
        }
        await this.#send([TreeMessage.FILE_END, hash.digest()]);
      } catch (error) {
        // The caller's own code may have thrown an error of the system, too.
        if (!isFileError(error)) throw error;
        this.#unreadable.add(error, this.#entries[index]![0]);
        await this.#send([TreeMessage.FILE_LOST]);
      }
      this.#options.onSent?.(1, 0);
    } finally {
      file.close();
    }
  }

  /** Sends the small files that have been collected. */
  async #flush(): Promise<void> {
    if (this.#pack.length === 0) return;
    await this.#send([TreeMessage.FILES, this.#pack]);
    this.#options.onSent?.(this.#pack.length, this.#packSize);
    this.#pack = [];
    this.#packSize = 0;
  }

  async #send(message: unknown[]): Promise<void> {
    this.#channel.send(seal(message));
    await this.#drained();
  }

  async #drained(): Promise<void> {
    await this.#channel.drained();
    this.#answers.check();
  }
}
