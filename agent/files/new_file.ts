import fs from "node:fs";
import { dirname } from "node:path";
import { promisify } from "node:util";
import { codeOf, fileError, withPath } from "./file_error.ts";
import { type FileTarget, fileTarget, inNewPlace, MOUNTED } from "./file_target.ts";
import { setTimes } from "./file_time.ts";
import { sweep, temporaryPath } from "./temporary_name.ts";
import { isZeros } from "./zeros.ts";
import type { Stats } from "./stats.ts";

const fsync = promisify(fs.fsync);
const fdatasync = promisify(fs.fdatasync);

/**
 * After so many bytes, the file is synced to the disk while more come, so that little is left to
 * sync at the end.
 */
const SYNC_STEP = 16 * 1024 * 1024;

/**
 * A file that is being written. Until it is complete, it has a random name in the folder of its
 * path. So an incomplete file is never seen at that path, and an old file there is not damaged.
 */
export class NewFile {
  readonly #path: string;
  readonly #target: FileTarget;
  readonly #temporary: string;
  #fd: number | undefined;
  /** The write or sync that the system is working on. */
  #busy: Promise<unknown> = Promise.resolve();
  /** How many bytes are written before the file is synced to the disk. */
  readonly #syncStep: number;
  /** The sync to the disk while more bytes come, if there is one. */
  #syncing: Promise<void> | undefined;
  /** How many bytes have been written since that sync began. */
  #unsynced = 0;
  /** Where the next bytes go, if the file may have holes. */
  #position: number | undefined;

  private constructor(
    path: string,
    target: FileTarget,
    temporary: string,
    fd: number,
    syncStep: number,
  ) {
    this.#path = path;
    this.#target = target;
    this.#temporary = temporary;
    this.#fd = fd;
    this.#syncStep = syncStep;
  }

  /**
   * Begins a file at `path`; a symbolic link there is followed.
   *
   * @param mode Its permission bits until it is complete, less the umask.
   * @throws {Error} If there cannot be such a file.
   */
  static async create(path: string, mode: number): Promise<NewFile> {
    return await withPath(path, async () => {
      const target = fileTarget(path);
      const folder = dirname(target.path);
      await sweep(folder);
      const temporary = temporaryPath(folder);
      const fd = inNewPlace(path, () => fs.openSync(temporary, "wx", mode));
      return new NewFile(path, target, temporary, fd, SYNC_STEP);
    });
  }

  /**
   * Begins a file that will replace `path`, even if that is a symbolic link. End it with
   * {@linkcode commitSync}.
   *
   * @param old The file that is there now.
   */
  static replacing(path: string, old: Stats | undefined): NewFile {
    const temporary = temporaryPath(dirname(path));
    const fd = fs.openSync(temporary, "wx", 0o600);
    return new NewFile(path, { path, old }, temporary, fd, Infinity);
  }

  /** Has blocks of zeros become holes, as they are in the source. Call it before all writes. */
  keepHoles(): void {
    this.#position = 0;
  }

  /** Appends bytes, which must not be changed until this is done. */
  async write(bytes: Uint8Array): Promise<void> {
    const position = this.#position;
    if (position !== undefined) {
      this.#position = position + bytes.length;
      if (isZeros(bytes)) return;
    }
    await withPath(this.#path, () => this.#keepBusy(writeAll(this.#descriptor, bytes, position)));
    this.#unsynced += bytes.length;
    if (this.#unsynced >= this.#syncStep && this.#syncing === undefined) this.#beginSync();
  }

  /** Appends a few bytes, synchronously. */
  writeSync(bytes: Uint8Array): void {
    const fd = this.#descriptor;
    for (let at = 0; at < bytes.length;) at += fs.writeSync(fd, bytes, at);
  }

  /**
   * Moves the complete file to its path, when it is on the disk. If a file was there, the new one
   * gets the same owner, as far as this process may change that.
   *
   * @param mode Its permission bits.
   * @param keepMode Whether a file that was there lends its permission bits instead, except the
   * set-user-ID and set-group-ID bits: a program that a far end wrote must not run here with
   * somebody else's rights.
   */
  async commit(mode: number, keepMode = false): Promise<void> {
    await withPath(this.#path, async () => {
      const { old } = this.#target;
      this.#prepare(keepMode && old !== undefined ? old.mode & 0o1777 : mode);
      // The system reports a failure only once, and this sync may have had it.
      await this.#syncing;
      await this.#keepBusy(fsync(this.#descriptor));
      this.#moveToTarget();
    });
  }

  /**
   * Moves the complete file to its path, with a time of modification. It does not wait until the
   * file is on the disk.
   */
  commitSync(mode: number, modified: number): void {
    this.#prepare(mode);
    setTimes(this.#descriptor, modified);
    this.#moveToTarget();
  }

  /**
   * Removes the file, unless it is at its path already. Synchronous, since the process may be about
   * to end.
   */
  discard(): void {
    const fd = this.#fd;
    if (fd === undefined) return;
    this.#fd = undefined;
    try {
      fs.rmSync(this.#temporary, { force: true });
    } catch {
      // The folder's permissions were changed meanwhile.
    }
    // Not during a write: the descriptor might be another file's before the write begins.
    Promise.allSettled([this.#busy, this.#syncing]).then(() => fs.closeSync(fd));
  }

  #beginSync(): void {
    this.#unsynced = 0;
    this.#syncing = fdatasync(this.#descriptor);
    this.#syncing.then((): undefined => this.#syncing = undefined, () => {});
  }

  #prepare(mode: number): void {
    const { old } = this.#target;
    const fd = this.#descriptor;
    // The file may end with a hole.
    if (this.#position !== undefined) fs.ftruncateSync(fd, this.#position);
    if (old !== undefined) giveTo(fd, old);
    // After the owner: a change of the owner clears the set-user-ID bit.
    fs.fchmodSync(fd, mode & 0o7777);
  }

  #moveToTarget(): void {
    const fd = this.#descriptor;
    const { path } = this.#target;
    try {
      fs.renameSync(this.#temporary, path);
    } catch (error) {
      if (codeOf(error) === "EBUSY") throw fileError(path, "EBUSY", MOUNTED);
      throw error;
    }
    this.#fd = undefined;
    fs.closeSync(fd);
  }

  #keepBusy<T>(work: Promise<T>): Promise<T> {
    this.#busy = work;
    return work;
  }

  get #descriptor(): number {
    if (this.#fd === undefined) throw new Error("The file was given up");
    return this.#fd;
  }
}

function giveTo(fd: number, { uid, gid }: Stats): void {
  const own = fs.fstatSync(fd);
  if (own.uid === uid && own.gid === gid) return;
  try {
    fs.fchownSync(fd, uid, gid);
  } catch {
    // Only root may.
  }
}

/**
 * Writes all of the bytes: the system may take fewer than it is given when the disk is nearly full.
 *
 * @param position Where they go. Default: where the last ones ended.
 */
async function writeAll(fd: number, bytes: Uint8Array, position?: number): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    at += await new Promise<number>((resolve, reject) =>
      fs.write(
        fd,
        bytes,
        at,
        bytes.length - at,
        position === undefined ? null : position + at,
        (error, count) => error ? reject(error) : resolve(count),
      )
    );
  }
}
