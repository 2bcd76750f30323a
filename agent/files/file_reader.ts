import fs from "node:fs";
import { Arena } from "./arena.ts";
import { CHUNK } from "./byte_transfer.ts";
import { describeFileError, fileError, regular, withPath } from "./file_error.ts";
import { timeOf } from "./file_time.ts";
import { fstat } from "./fstat.ts";
import { READ_NO_FOLLOW } from "./open_flags.ts";

/** How many bytes are read at once. */
const BLOCK = CHUNK;

/** The unit in which the system counts the blocks of a file, in bytes. */
const BLOCK_UNIT = 512;

/** A disk, or whatever a read waits for, is slow if the read takes more milliseconds than this. */
const QUICK = 5;

/** A regular file that is open for reading. */
export class FileReader {
  /** Its size when it was opened. */
  readonly size: number;
  /** Its permission bits. */
  readonly mode: number;
  /** Whether it has fewer bytes on the disk than its size: then it has holes. */
  readonly isSparse: boolean;
  readonly #path: string;
  readonly #fd: number;
  /** Its time of modification, in milliseconds since 1970. */
  readonly modified: number;
  readonly #modified: number;
  /** The read that the system is working on, if there is one. */
  #reading: Promise<unknown> | undefined;
  #closed = false;
  readonly #arena = new Arena();
  /**
   * Whether the last read was quick, as from the memory. The next one is then done in this thread:
   * another thread would leave the bytes in the cache of another processor, and hashing them would
   * take twice as long. A slow file is read while other work goes on; so is one that has contents,
   * but no size: of `/proc/kmsg` and its like, any read may wait for ever.
   */
  #isQuick = false;

  /**
   * Opens a file.
   *
   * @param isLinkFollowed Whether the path may be a symbolic link.
   * @throws {Error} If it is not a regular file, or cannot be read.
   */
  constructor(path: string, isLinkFollowed = true) {
    this.#path = path;
    try {
      // Opening a pipe would wait for somebody to write to it.
      regular(path, isLinkFollowed ? fs.statSync(path) : fs.lstatSync(path));
      this.#fd = fs.openSync(path, isLinkFollowed ? "r" : READ_NO_FOLLOW);
      const { size, mode, mtimeMs, blocks } = fstat(this.#fd);
      this.size = size;
      this.isSparse = blocks * BLOCK_UNIT < size;
      this.mode = mode & 0o7777;
      this.#modified = mtimeMs;
      this.modified = timeOf(mtimeMs);
    } catch (error) {
      throw describeFileError(error, path);
    }
  }

  /**
   * The bytes that the file had when it was opened, without bytes that are appended meanwhile, as
   * to a log. A block is in an {@linkcode Arena}.
   *
   * @throws {Error} If the file cannot be read, or has been changed meanwhile.
   */
  async *blocks(): AsyncGenerator<Uint8Array> {
    // Files like those of /proc have contents, but no size.
    let left = this.size === 0 ? Infinity : this.size;
    const readNext = (): Promise<Uint8Array> => {
      const block = this.#read(Math.min(left, BLOCK));
      const reading = block.catch(() => {}).then(() => {
        if (this.#reading === reading) this.#reading = undefined;
      });
      this.#reading = reading;
      return block;
    };
    let next: Promise<Uint8Array> | undefined;
    // The descriptor of a closed file may be another file's by now.
    while (!this.#closed) {
      const block = await withPath(this.#path, () => next ?? readNext());
      if (this.#closed) return;
      if (block.length === 0) return this.#checkEnd();
      left -= block.length;
      next = this.#isQuick || left === 0 ? undefined : readNext();
      yield block;
      if (left === 0) return this.#checkUnchanged();
    }
  }

  /** Closes the file. */
  close(): void {
    this.#closed = true;
    // Not during a read: the descriptor might be another file's before the read begins.
    if (this.#reading === undefined) fs.closeSync(this.#fd);
    else this.#reading.then(() => fs.closeSync(this.#fd));
  }

  async #read(size: number): Promise<Uint8Array> {
    const block = this.#arena.room(size);
    const start = performance.now();
    const length = this.#isQuick
      ? fs.readSync(this.#fd, block, 0, size, null)
      : await read(this.#fd, block);
    this.#isQuick = this.size > 0 && performance.now() - start < QUICK;
    return block.subarray(0, length);
  }

  /**
   * Checks a file that did not end at its size. Files of /proc and /sys do so, and files that were
   * empty and grew; any other file was cut.
   */
  #checkEnd(): void {
    const { size } = fs.fstatSync(this.#fd);
    if (size !== this.size && this.size > 0) {
      this.#changed(`it had ${this.size} bytes, and has ${size} now`);
    }
  }

  #checkUnchanged(): void {
    const { size, mtimeMs } = fstat(this.#fd);
    if (size < this.size) this.#changed(`it had ${this.size} bytes, and has ${size} now`);
    if (size === this.size && !Object.is(mtimeMs, this.#modified)) {
      this.#changed("it was written to");
    }
  }

  #changed(how: string): never {
    throw fileError(this.#path, "EBUSY", `it changed while it was read: ${how}`);
  }
}

function read(fd: number, block: Uint8Array): Promise<number> {
  return new Promise((resolve, reject) =>
    fs.read(
      fd,
      block,
      0,
      block.length,
      null,
      (error, bytes) => error ? reject(error) : resolve(bytes),
    )
  );
}
