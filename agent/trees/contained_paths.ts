import fs from "node:fs";
import { codeOf, describeFileError, fileError, problemOf } from "../files/file_error.ts";
import { ENTER, ENTER_NO_FOLLOW } from "../files/open_flags.ts";
import { mayRead } from "../files/system_file.ts";

/** Where Linux shows the descriptors of this process, as links to what is open. */
const DESCRIPTORS = "/proc/self/fd";

/**
 * The paths of entries in a folder, the root. None of these paths leads out of the root: no link is
 * followed on the way, not even one that has replaced a folder a moment ago.
 *
 * Where the system allows it, folders are opened one in the other, so that a path stays right
 * whatever becomes of the folders' names; elsewhere each folder is checked before each use. The
 * root itself may be a link, since the user named it.
 */
export class ContainedPaths {
  readonly #root: string;
  #rootFd: number | undefined;
  /** The folder that was used last. */
  #folder: string | undefined;
  /** Its descriptor, unless it is the root. */
  #fd: number | undefined;
  /** The path for the system of that folder. */
  #base = "";

  /** Opens nothing yet. */
  constructor(root: string) {
    this.#root = root;
  }

  /** The path that errors show. */
  shown(path: string): string {
    return path === "" ? this.#root : `${this.#root}/${path}`;
  }

  /**
   * The path for the system of an entry: only the last part may be a link. It can be used until an
   * entry in another folder is asked for.
   *
   * @throws {Error} If a part of the path is not a folder.
   */
  at(path: string): string {
    return path === "" ? this.#root : `${this.folder(parentOf(path))}/${nameOf(path)}`;
  }

  /**
   * The path for the system of a folder. It can be used until another folder, or an entry in one,
   * is asked for.
   *
   * @throws {Error} If it, or a part of the path, is not a folder.
   */
  folder(path: string): string {
    if (!canOpen()) return this.#checked(path);
    if (this.#folder === path) return this.#base;
    this.#leave();
    const root = this.#rootFd ??= fs.openSync(this.#root, ENTER);
    let base = `${DESCRIPTORS}/${root}`;
    for (const name of path === "" ? [] : path.split("/")) {
      const outer = this.#fd;
      this.#fd = undefined;
      try {
        this.#fd = fs.openSync(`${base}/${name}`, ENTER_NO_FOLLOW);
      } finally {
        if (outer !== undefined) fs.closeSync(outer);
      }
      base = `${DESCRIPTORS}/${this.#fd}`;
    }
    this.#folder = path;
    this.#base = base;
    return base;
  }

  /** The names in a folder. */
  names(path: string): string[] {
    return fs.readdirSync(this.folder(path));
  }

  /**
   * Turns an error about an entry into one that names its path as a person knows it, and the
   * reason. An error that is not of a file comes back as it is.
   */
  describe(error: unknown, path: string): unknown {
    const shown = this.shown(path);
    const described = describeFileError(error, shown);
    const problem = problemOf(described);
    const isForSystem = this.#base !== "" && problem?.path === `${this.#base}/${nameOf(path)}`;
    return isForSystem ? fileError(shown, codeOf(described) ?? "", problem.reason) : described;
  }

  /** Closes the folders. The paths can still be used: that opens them anew. */
  close(): void {
    this.#leave();
    if (this.#rootFd !== undefined) fs.closeSync(this.#rootFd);
    this.#rootFd = undefined;
  }

  #leave(): void {
    if (this.#fd !== undefined) fs.closeSync(this.#fd);
    this.#fd = undefined;
    this.#folder = undefined;
    this.#base = "";
  }

  #checked(path: string): string {
    let at = this.#root;
    for (const name of path === "" ? [] : path.split("/")) {
      at += `/${name}`;
      if (!fs.lstatSync(at).isDirectory()) {
        throw fileError(at, "ENOTDIR", "it is not a folder any more");
      }
    }
    return at;
  }
}

let isPossible: boolean | undefined;

/** Whether the entries in an open folder can be reached through its descriptor. */
function canOpen(): boolean {
  return isPossible ??= tryToOpen();
}

function tryToOpen(): boolean {
  if (!mayRead(DESCRIPTORS)) return false;
  try {
    const fd = fs.openSync("/", ENTER);
    try {
      return fs.lstatSync(`${DESCRIPTORS}/${fd}/.`).isDirectory();
    } finally {
      fs.closeSync(fd);
    }
  } catch {
    return false; // not Linux, or not permitted
  }
}

/** The path of an entry: of the folder that it is in, and its name. */
export function within(folder: string, name: string): string {
  return folder === "" ? name : `${folder}/${name}`;
}

/** The path of the folder that an entry is in. */
export function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf("/")));
}

/** The name of an entry. */
export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
