import fs from "node:fs";
import { describeFileError, fileError, isFileError } from "../files/file_error.ts";

const { O_DIRECTORY = 0, O_NOFOLLOW = 0 } = fs.constants;

/** Of Linux: opens a folder for nothing but to work in it, which takes no permission to read it. */
const O_PATH = 0o10000000;

/** Where Linux has the descriptors of this process as links to what is open. */
const DESCRIPTORS = "/proc/self/fd";

/** What of Deno's permissions is needed here. */
interface Permissions {
  querySync(descriptor: { readonly name: "read"; readonly path: string }): {
    readonly state: string;
  };
}

/**
 * The paths of what is in a folder. None leads out of it: no link is followed on the way, even one that has taken the
 * place of a folder a moment ago.
 *
 * Where the system allows, folders are opened one in the other, and stay the same whatever becomes of their names;
 * elsewhere they are looked at before each use. The folder itself may be a link: the user named it.
 */
export class TreePaths {
  readonly #root: string;
  #rootFd: number | undefined;
  /** The folder that was used last, and what it is open as if it is not the folder itself. */
  #folder: string | undefined;
  #fd: number | undefined;
  #base = "";

  /** Opens nothing yet. */
  constructor(root: string) {
    this.#root = root;
  }

  /** The path that errors tell. */
  shown(path: string): string {
    return path === "" ? this.#root : `${this.#root}/${path}`;
  }

  /**
   * The path for the system of something in the folder: only the last part may be a link. It is good until this is asked
   * for what is in another folder.
   *
   * @throws {Error} If a part of the path is no folder.
   */
  at(path: string): string {
    return path === "" ? this.#root : `${this.folder(parentOf(path))}/${nameOf(path)}`;
  }

  /**
   * The path for the system of a folder; good as long as those of what is in it.
   *
   * @throws {Error} If it is no folder, or a part of the path is none.
   */
  folder(path: string): string {
    if (!canOpen()) return this.#checked(path);
    if (this.#folder === path) return this.#base;
    this.#leave();
    const root = this.#rootFd ??= fs.openSync(this.#root, O_PATH | O_DIRECTORY);
    let base = `${DESCRIPTORS}/${root}`;
    for (const name of path === "" ? [] : path.split("/")) {
      const outer = this.#fd;
      this.#fd = undefined;
      try {
        this.#fd = fs.openSync(`${base}/${name}`, O_PATH | O_DIRECTORY | O_NOFOLLOW);
      } finally {
        if (outer !== undefined) fs.closeSync(outer);
      }
      base = `${DESCRIPTORS}/${this.#fd}`;
    }
    this.#folder = path;
    this.#base = base;
    return base;
  }

  /** An error of the system about what is at a path, so that it names that path and the reason. */
  describe(error: unknown, path: string): unknown {
    const shown = this.shown(path);
    if (!isFileError(error)) return describeFileError(error, shown);
    const own = `${this.#base}/${nameOf(path)}: `;
    if (this.#base === "" || !error.message.startsWith(own)) return error;
    const { code = "" } = error as NodeJS.ErrnoException;
    return fileError(shown, code, error.message.slice(own.length));
  }

  /** Lets go of the folder. It can be used again. */
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
        throw fileError(at, "ENOTDIR", "it is no folder any more");
      }
    }
    return at;
  }
}

let isPossible: boolean | undefined;

/** Whether what is in an open folder can be reached through its descriptor. */
function canOpen(): boolean {
  return isPossible ??= tryToOpen();
}

function tryToOpen(): boolean {
  const { Deno } = globalThis as { Deno?: { permissions: Permissions } };
  // It might ask the user.
  const own = { name: "read", path: DESCRIPTORS } as const;
  if (Deno !== undefined && Deno.permissions.querySync(own).state !== "granted") return false;
  try {
    const fd = fs.openSync("/", O_PATH | O_DIRECTORY);
    try {
      return fs.lstatSync(`${DESCRIPTORS}/${fd}/.`).isDirectory();
    } finally {
      fs.closeSync(fd);
    }
  } catch {
    return false; // not Linux, or not permitted
  }
}

/** The path of the folder that something is in. */
export function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf("/")));
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
