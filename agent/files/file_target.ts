import fs from "node:fs";
import { codeOf, fileError, regular } from "./file_error.ts";
import type { Stats } from "./stats.ts";

/** Where a file is to be, and what is there now. */
export interface FileTarget {
  /** The path, which is not a symbolic link. */
  readonly path: string;
  readonly old: Stats | undefined;
}

/** Why a file cannot be replaced, and what helps. Docker mounts /etc/hosts, for example. */
export const MOUNTED: string = "a file that is mounted there cannot be replaced (EBUSY); " +
  "writeFile() of node:fs writes into it";

/**
 * Finds out where a file at `path` is to be: a symbolic link there is followed.
 *
 * @throws {Error} If something that is not a file is there, or a link that leads nowhere.
 */
export function fileTarget(path: string): FileTarget {
  const found = fs.lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return { path, old: undefined };
  if (!found.isSymbolicLink()) return { path, old: regular(path, found) };
  const real = named(path, "it is a link that leads nowhere", () => fs.realpathSync(path));
  return { path: real, old: regular(path, fs.statSync(real)) };
}

/** Has `act` open a new file for `path` in the folder of that. */
export function inNewPlace<T>(path: string, act: () => T): T {
  return named(path, "no such folder to put it in", act);
}

/** Does something with `path`; `missing` is the reason if that is not there. */
function named<T>(path: string, missing: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw error;
    throw fileError(path, "ENOENT", `${missing} (ENOENT)`);
  }
}
