import fs from "node:fs";
import { dirname } from "node:path";
import type { Summary } from "./byte_transfer.ts";
import { Change, type ChangeLevel } from "./change.ts";
import { sha1Of } from "./contents.ts";
import { fileError } from "./file_error.ts";
import { type FileTarget, fileTarget, inNewPlace, MOUNTED } from "./file_target.ts";
import { tryToMakeFile } from "./nameless_file.ts";
import { ownUid } from "./own_uid.ts";
import { mayWrite, readSystemText } from "./system_file.ts";
import type { Stats } from "./stats.ts";

/** Paths in file systems that have only files of the system. */
const SYSTEM = /^\/(?:proc|sys)\//;

/**
 * Finds out how much a put to `path` would change, without changing anything.
 *
 * @param contents The size and the SHA-1 of the new contents.
 * @param mode The new permission bits.
 * @throws {Error} If the put would fail, as far as that can be known.
 */
export async function foresee(
  path: string,
  { size, sha1sum }: Summary,
  mode: number,
): Promise<ChangeLevel> {
  const target = fileTarget(path);
  const { old } = target;
  // Files like those of /proc have contents, but no size.
  const mayBeSame = old !== undefined && (old.size === size || old.size === 0);
  if (mayBeSame && await readableSha1Of(target.path, old.size) === sha1sum) {
    if ((old.mode & 0o7777) === mode) return Change.NONE;
    if (!mayChangeMode(path, old)) checkPlace(path, target);
    return Change.MODE;
  }
  checkPlace(path, target);
  return Change.CONTENTS;
}

/** The SHA-1 of a file; `undefined` if this process cannot read it. */
async function readableSha1Of(path: string, size: number): Promise<string | undefined> {
  try {
    return await sha1Of(path, size, () => {});
  } catch {
    return undefined;
  }
}

function mayChangeMode(path: string, { uid }: Stats): boolean {
  return mayWrite(path) && [0, uid, undefined].includes(ownUid());
}

/** @throws {Error} If no file can be moved to the target. */
function checkPlace(path: string, { path: real, old }: FileTarget): void {
  const folder = dirname(real);
  inNewPlace(path, () => tryToMakeFile(folder));
  if (SYSTEM.test(real)) throw fileError(path, "EPERM", "no file can be made there (EPERM)");
  const { mode, uid } = fs.statSync(folder);
  const owners = [0, uid, old?.uid, undefined];
  const isSticky = (mode & 0o1000) !== 0;
  if (isSticky && old !== undefined && !owners.includes(ownUid())) {
    throw fileError(path, "EPERM", "not permitted (EPERM)");
  }
  if (old !== undefined && isMountPoint(real)) throw fileError(path, "EBUSY", MOUNTED);
}

function isMountPoint(path: string): boolean {
  return readSystemText("/proc/self/mountinfo").split("\n").some((line) => {
    const escaped = line.split(" ")[4] ?? "";
    return escaped.replace(
      /\\([0-7]{3})/g,
      (_, code) => String.fromCharCode(parseInt(code, 8)),
    ) === path;
  });
}
