import fs from "node:fs";
import { Arena } from "./arena.ts";
import { CHUNK } from "./byte_transfer.ts";
import { describeFileError, fileError, withPath } from "./file_error.ts";
import { regular } from "./new_file.ts";
import { timeOf } from "../trees/tree_entry.ts";

// Windows lacks some.
const { O_RDONLY, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = fs.constants;

/** Bytes that are read at once. */
const BLOCK = CHUNK;

/** A read that takes longer than this is of something slow, in milliseconds. */
const QUICK = 5;

/** A regular file that is open for reading. */
export class FileReader {
  /** Its size when it was opened. */
  readonly size: number;
  /** Its permission bits. */
  readonly mode: number;
  readonly #path: string;
  readonly #fd: number;
  /** Its time of modification, in milliseconds since 1970. */
  readonly modified: number;
  readonly #modified: number;
  /** What the system is reading, if it is. */
  #reading: Promise<unknown> | undefined;
  #closed = false;
  readonly #arena = new Arena();
  /**
   * Whether the last read was quick, as from the memory. The next one is then done at once: another thread would leave what it
   * reads in the cache of another processor, and this one would take twice as long to hash it. What is slow
   * is read while other work goes on.
   */
  #isQuick = false;

  /**
   * Opens a file.
   *
   * @param isLinkFollowed Whether the path may be a symbolic link.
   * @throws {Error} If it is none, or cannot be read.
   */
  constructor(path: string, isLinkFollowed = true) {
    this.#path = path;
    try {
      // Opening a pipe would wait for somebody to write to it.
      regular(path, isLinkFollowed ? fs.statSync(path) : fs.lstatSync(path));
      this.#fd = fs.openSync(path, isLinkFollowed ? "r" : O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
      const { size, mode, mtimeMs } = fs.fstatSync(this.#fd);
      this.size = size;
      this.mode = mode & 0o7777;
      this.#modified = mtimeMs;
      this.modified = timeOf(mtimeMs);
    } catch (error) {
      throw describeFileError(error, path);
    }
  }

  /**
   * The bytes that the file had when it was opened: what is appended meanwhile, as to a log, is not among them.
   * A block is in an {@linkcode Arena}.
   *
   * @throws {Error} If it cannot be read, or turns out to have been changed.
   */
  async *blocks(): AsyncGenerator<Uint8Array> {
    // Files like those of /proc have no size, but contents.
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
    // The number of a file that was closed might be another's by now.
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
    // Not under a read: the number might be another file's by then.
    if (this.#reading === undefined) fs.closeSync(this.#fd);
    else this.#reading.then(() => fs.closeSync(this.#fd));
  }

  async #read(size: number): Promise<Uint8Array> {
    const block = this.#arena.room(size);
    const start = performance.now();
    const length = this.#isQuick
      ? fs.readSync(this.#fd, block, 0, size, null)
      : await read(this.#fd, block);
    this.#isQuick = performance.now() - start < QUICK;
    return block.subarray(0, length);
  }

  /** It ended elsewhere than at its size: those of /proc and /sys do, any other was cut, or was empty and grew. */
  #checkEnd(): void {
    const { size } = fs.fstatSync(this.#fd);
    if (size !== this.size && this.size > 0) {
      this.#changed(`it had ${this.size} bytes, and has ${size} now`);
    }
  }

  #checkUnchanged(): void {
    const { size, mtimeMs } = fs.fstatSync(this.#fd);
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
