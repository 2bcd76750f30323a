import fs from "node:fs";
import { CHUNK } from "./byte_transfer.ts";
import { describeFileError, fileError, withPath } from "./file_error.ts";
import { regular } from "./new_file.ts";

// Windows lacks some.
const { O_RDONLY, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = fs.constants;

/** Bytes that are read at once. */
const BLOCK = 4 * CHUNK;

/**
 * A larger file is read into this many bytes, over and over: as garbage, its blocks would fill the memory until somebody
 * collects them.
 */
const ARENA = 2 * 1024 * 1024;

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
  #reading: Promise<unknown> = Promise.resolve();
  #closed = false;
  #arena: Uint8Array | undefined;
  /** Where in it the next block goes. */
  #at = 0;

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
      this.modified = Math.floor(mtimeMs);
    } catch (error) {
      throw describeFileError(error, path);
    }
  }

  /**
   * The bytes that the file had when it was opened: what is appended meanwhile, as to a log, is not among them.
   * A block stays as it is until a megabyte more has been taken; whoever sends it waits for it to be on its way, and no
   * pipe holds so much.
   *
   * @throws {Error} If it cannot be read, or turns out to have been changed.
   */
  async *blocks(): AsyncGenerator<Uint8Array> {
    // Files like those of /proc have no size, but contents.
    let left = this.size === 0 ? Infinity : this.size;
    const readNext = (): Promise<Uint8Array> => {
      const block = this.#read(Math.min(left, BLOCK));
      this.#reading = block.catch(() => {});
      return block;
    };
    let next = readNext();
    for (;;) {
      const block = await withPath(this.#path, () => next);
      // The number might be another file's by now.
      if (this.#closed) return;
      if (block.length === 0) return this.#checkEnd();
      left -= block.length;
      this.#at += block.length;
      if (left > 0) next = readNext();
      yield block;
      if (left === 0) return this.#checkUnchanged();
    }
  }

  /** Closes the file. */
  close(): void {
    this.#closed = true;
    // Not under a read: the number might be another file's by then.
    this.#reading.then(() => fs.closeSync(this.#fd));
  }

  #read(size: number): Promise<Uint8Array> {
    if (this.size <= ARENA) return read(this.#fd, new Uint8Array(size));
    this.#arena ??= new Uint8Array(ARENA);
    if (this.#at + size > ARENA) this.#at = 0;
    return read(this.#fd, this.#arena.subarray(this.#at, this.#at + size));
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
    if (size === this.size && mtimeMs !== this.#modified) this.#changed("it was written to");
  }

  #changed(how: string): never {
    throw fileError(this.#path, "EBUSY", `it changed while it was read: ${how}`);
  }
}

function read(fd: number, block: Uint8Array): Promise<Uint8Array> {
  return new Promise((resolve, reject) =>
    fs.read(
      fd,
      block,
      0,
      block.length,
      null,
      (error, bytes) => error ? reject(error) : resolve(block.subarray(0, bytes)),
    )
  );
}
