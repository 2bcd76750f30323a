import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import fs from "node:fs";
import { fileError } from "./file_error.ts";
import { mayWrite } from "./system_file.ts";

/** How many bytes are read at once. */
const BLOCK = 64 * 1024;

/** A file that is compared with the bytes that are to replace its contents. */
export class OldFile {
  readonly #fd: number;
  readonly #stats: fs.Stats;
  /** How many bytes have been compared, all of them the same, and their hash. */
  #same = 0;
  readonly #hash = createHash("sha1");
  /** The read that the system is working on. */
  #reading: Promise<unknown> = Promise.resolve();
  #closed = false;
  readonly #block = new Uint8Array(BLOCK);

  private constructor(fd: number, stats: fs.Stats) {
    this.#fd = fd;
    this.#stats = stats;
  }

  /**
   * Opens the file at `path`, where a link is followed; `undefined` if there is no file that this
   * process can read, or if it has another size.
   *
   * @param size The size of what is to replace it, if that is known.
   */
  static open(path: string, size: number | undefined): OldFile | undefined {
    let fd: number | undefined;
    try {
      // Opening a pipe would wait for somebody to write to it.
      if (!fs.statSync(path).isFile()) return undefined;
      fd = fs.openSync(path, "r");
      const stats = fs.fstatSync(fd);
      const isCandidate = stats.isFile() && (size === undefined || stats.size === size);
      if (isCandidate) return new OldFile(fd, stats);
    } catch {
      // Whoever writes the new file finds out whether that can be.
    }
    if (fd !== undefined) fs.closeSync(fd);
    return undefined;
  }

  /** Whether these bytes follow on those that have been compared. */
  async goesOnWith(bytes: Uint8Array): Promise<boolean> {
    for (let at = 0; at < bytes.length;) {
      const part = bytes.subarray(at, at + BLOCK);
      const found = await this.#read(this.#same + at, part.length);
      const isEnd = found.length === 0;
      if (isEnd || Buffer.compare(found, part.subarray(0, found.length)) !== 0) return false;
      at += found.length;
    }
    this.#hash.update(bytes);
    this.#same += bytes.length;
    return true;
  }

  /** Whether it has no more bytes than were compared, and is still what is at `path`. */
  async isWhole(path: string): Promise<boolean> {
    if ((await this.#read(this.#same, 1)).length > 0) return false;
    const { mtimeMs, size } = fs.fstatSync(this.#fd);
    if (mtimeMs !== this.#stats.mtimeMs || size !== this.#stats.size) return false;
    const there = fs.statSync(path, { throwIfNoEntry: false });
    return there?.ino === this.#stats.ino && there.dev === this.#stats.dev;
  }

  /** Its permission bits. */
  get mode(): number {
    return fs.fstatSync(this.#fd).mode & 0o7777;
  }

  /** Changes the permission bits of the file, which is at `path`. Returns whether it could. */
  setMode(path: string, mode: number): boolean {
    // Deno does not ask for the permission if a file is open.
    if (!mayWrite(path)) return false;
    try {
      fs.fchmodSync(this.#fd, mode);
      return this.mode === mode;
    } catch {
      return false; // The file is another user's.
    }
  }

  /**
   * Gives the bytes that have been compared to `write`.
   *
   * @param path How an error calls it.
   * @throws {Error} If they are not the same any more.
   */
  async copy(path: string, write: (bytes: Uint8Array) => Promise<void>): Promise<void> {
    const hash = createHash("sha1");
    for (let at = 0; at < this.#same;) {
      const block = await this.#read(at, Math.min(BLOCK, this.#same - at));
      if (block.length === 0) break;
      hash.update(block);
      await write(block);
      at += block.length;
    }
    if (hash.digest("hex") === this.#hash.digest("hex")) return;
    throw fileError(path, "EBUSY", "it changed while it was compared with what was sent");
  }

  /** Closes the file. Harmless when it is closed. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    // Not during a read: the descriptor might be another file's before the read begins.
    this.#reading.catch(() => {}).then(() => fs.closeSync(this.#fd));
  }

  /** Reads up to so many bytes, at most {@linkcode BLOCK}; they stay until the next read. */
  async #read(position: number, size: number): Promise<Uint8Array> {
    if (this.#closed) throw new Error("The file was given up");
    const reading = new Promise<number>((resolve, reject) =>
      fs.read(
        this.#fd,
        this.#block,
        0,
        size,
        position,
        (error, count) => error ? reject(error) : resolve(count),
      )
    );
    this.#reading = reading;
    return this.#block.subarray(0, await reading);
  }
}
