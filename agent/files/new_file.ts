import fs from "node:fs";
import { dirname } from "node:path";
import { promisify } from "node:util";
import { fileError, withPath } from "./file_error.ts";
import { sweep, temporaryPath } from "./temporary_name.ts";

const fsync = promisify(fs.fsync);
const fdatasync = promisify(fs.fdatasync);

/** So many bytes are sent on to the disk while more come, so that the rest at the end is little. */
const SYNC_STEP = 16 * 1024 * 1024;

/** Where a file is to be, and what is there now. */
interface Place {
  /** The path without symbolic links at its end. */
  readonly path: string;
  readonly old: fs.Stats | undefined;
}

/**
 * A file that is being written. It has a random name beside its place until it is complete, so that neither a part of
 * it is ever seen at its place nor an old file there is damaged.
 */
export class NewFile {
  readonly #path: string;
  readonly #place: Place;
  readonly #temporary: string;
  #fd: number | undefined;
  /** What the system is doing with the descriptor. */
  #busy: Promise<unknown> = Promise.resolve();
  /** How many bytes are written before they are sent on to the disk. */
  readonly #syncStep: number;
  /** What is on its way to the disk, if anything is, and how many bytes have been written since. */
  #syncing: Promise<void> | undefined;
  #unsynced = 0;

  private constructor(
    path: string,
    place: Place,
    temporary: string,
    fd: number,
    syncStep: number,
  ) {
    this.#path = path;
    this.#place = place;
    this.#temporary = temporary;
    this.#fd = fd;
    this.#syncStep = syncStep;
  }

  /**
   * Begins a file at `path`; a symbolic link there is followed.
   *
   * @param mode Its permission bits until it is complete, less the umask.
   * @throws {Error} If there can be no such file.
   */
  static async create(path: string, mode: number): Promise<NewFile> {
    return await withPath(path, async () => {
      const place = placeOf(path);
      const folder = dirname(place.path);
      await sweep(folder);
      const temporary = temporaryPath(folder);
      const fd = named(
        path,
        "no such folder to put it in",
        () => fs.openSync(temporary, "wx", mode),
      );
      return new NewFile(path, place, temporary, fd, SYNC_STEP);
    });
  }

  /**
   * Begins a file that takes the place of `path` itself, even if that is a symbolic link. It is for
   * {@linkcode commitSync}.
   *
   * @param old The file that is there now.
   */
  static replacing(path: string, old: fs.Stats | undefined): NewFile {
    const temporary = temporaryPath(dirname(path));
    const fd = fs.openSync(temporary, "wx", 0o600);
    return new NewFile(path, { path, old }, temporary, fd, Infinity);
  }

  /** Appends bytes, which must stay as they are until this is done. */
  async write(bytes: Uint8Array): Promise<void> {
    await withPath(this.#path, () => this.#keepBusy(writeAll(this.#descriptor, bytes)));
    this.#unsynced += bytes.length;
    if (this.#unsynced >= this.#syncStep && this.#syncing === undefined) this.#beginSync();
  }

  /** Appends bytes, at once: for few of them. */
  writeSync(bytes: Uint8Array): void {
    const fd = this.#descriptor;
    for (let at = 0; at < bytes.length;) at += fs.writeSync(fd, bytes, at);
  }

  /**
   * Puts the complete file in its place, when it is on the disk. It goes to the owner of the file that was there, if
   * this process may do that.
   *
   * @param mode Its permission bits.
   * @param keepMode Whether it rather gets those of the file that was there, if there was one, but for the set-user-ID and
   * set-group-ID bits: what a far end wrote is not to run here with somebody else's rights.
   */
  async commit(mode: number, keepMode = false): Promise<void> {
    await withPath(this.#path, async () => {
      const { old } = this.#place;
      this.#prepare(keepMode && old !== undefined ? old.mode & 0o1777 : mode);
      // The system tells of a failure only once.
      await this.#syncing;
      await this.#keepBusy(fsync(this.#descriptor));
      this.#moveIntoPlace();
    });
  }

  /**
   * Puts the complete file in its place, with a time of modification. Whether it survives the end of the machine is for
   * the system to say.
   */
  commitSync(mode: number, modified: number): void {
    this.#prepare(mode);
    setTimes(this.#descriptor, modified);
    this.#moveIntoPlace();
  }

  /** Leaves no trace of it, unless it is in its place already. At once: the process may be about to end. */
  discard(): void {
    const fd = this.#fd;
    if (fd === undefined) return;
    this.#fd = undefined;
    try {
      fs.rmSync(this.#temporary, { force: true });
    } catch {
      // Nobody may remove it any more: the folder's permissions were changed.
    }
    // Not under a write: the number might be another file's by then.
    Promise.allSettled([this.#busy, this.#syncing]).then(() => fs.closeSync(fd));
  }

  #beginSync(): void {
    this.#unsynced = 0;
    this.#syncing = fdatasync(this.#descriptor);
    this.#syncing.then(() => this.#syncing = undefined, () => {});
  }

  #prepare(mode: number): void {
    const { old } = this.#place;
    const fd = this.#descriptor;
    if (old !== undefined) giveTo(fd, old);
    // After the owner, whose change takes away the set-user-ID bit.
    fs.fchmodSync(fd, mode & 0o7777);
  }

  #moveIntoPlace(): void {
    const fd = this.#descriptor;
    fs.renameSync(this.#temporary, this.#place.path);
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

function placeOf(path: string): Place {
  const found = fs.lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return { path, old: undefined };
  if (!found.isSymbolicLink()) return { path, old: regular(path, found) };
  const target = named(path, "it is a link that leads nowhere", () => fs.realpathSync(path));
  return { path: target, old: regular(path, fs.statSync(target)) };
}

/** Does something for which `path` has to be there; says it in these words if it is not. */
function named<T>(path: string, missing: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    throw fileError(path, "ENOENT", `${missing} (ENOENT)`);
  }
}

/**
 * Passes on what was found at `path`.
 *
 * @throws {Error} If it is no regular file.
 */
export function regular(path: string, found: fs.Stats): fs.Stats {
  if (found.isFile()) return found;
  if (found.isDirectory()) throw fileError(path, "EISDIR", "it is a folder (EISDIR)");
  throw fileError(path, "EINVAL", "it is not a regular file");
}

/** Sets the times of an open file, or of what is at a path, to milliseconds since 1970. */
export function setTimes(file: number | string, modified: number): void {
  // A microsecond more: what is cut off of a fraction that has no exact form must not be the millisecond.
  // A number below 0 would mean now; and of times before 1970, only whole seconds are possible everywhere.
  const seconds = modified < 0
    ? new Date(Math.floor(modified / 1000) * 1000)
    : (modified + 0.001) / 1000;
  if (typeof file === "number") fs.futimesSync(file, seconds, seconds);
  else fs.lutimesSync(file, seconds, seconds);
}

function giveTo(fd: number, { uid, gid }: fs.Stats): void {
  const own = fs.fstatSync(fd);
  if (own.uid === uid && own.gid === gid) return;
  try {
    fs.fchownSync(fd, uid, gid);
  } catch {
    // Only root may.
  }
}

/** Writes all of the bytes: the system may take less than it is given, when the disk is nearly full. */
async function writeAll(fd: number, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    at += await new Promise<number>((resolve, reject) =>
      fs.write(
        fd,
        bytes,
        at,
        bytes.length - at,
        null,
        (error, count) => error ? reject(error) : resolve(count),
      )
    );
  }
}
