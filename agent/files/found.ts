import fs from "node:fs";
import { createHash } from "node:crypto";
import { concat } from "../wire/concat.ts";
import { readLink } from "./contents.ts";
import { codeOf } from "./file_error.ts";
import { FileReader } from "./file_reader.ts";

/**
 * A diff's view of a path: a file, a link or a folder. A path of any other kind has no property.
 */
export interface Found {
  /** The permission bits of a file or folder. */
  readonly mode?: number;
  /** The size of a file. */
  readonly size?: number;
  /** The contents of a text, unless they are not wanted or cannot be read. */
  readonly bytes?: Uint8Array;
  /** True for a file that is not text. */
  readonly isBinary?: boolean;
  /** The SHA-1 of a file with a secret, in lower-case hexadecimal. */
  readonly sha1sum?: string;
  /** True for a folder. */
  readonly isFolder?: boolean;
  /** Where a link leads to. */
  readonly link?: string;
}

/** Limits for the contents that are read. */
export interface Wish {
  /** The most bytes of a file. */
  readonly maxSize: number;
  /** Whether files are wanted that may hold a secret. */
  readonly secrets: boolean;
}

/** Whether only the owner of a file may read it, so that its contents may be a secret. */
export function isSecret(mode: number): boolean {
  return (mode & 0o044) === 0;
}

/**
 * Looks at what is at a path.
 *
 * @param isLinkFollowed Whether the path may be a symbolic link.
 * @returns `null` if nothing is there.
 */
export async function find(
  path: string,
  wish: Wish,
  isLinkFollowed: boolean,
): Promise<Found | null> {
  try {
    const found = isLinkFollowed ? fs.statSync(path) : fs.lstatSync(path);
    if (found.isSymbolicLink()) return { link: readLink(path) ?? "?" };
    const mode = found.mode & 0o7777;
    if (found.isDirectory()) return { isFolder: true, mode };
    if (!found.isFile()) return {};
    const file = { mode, size: found.size };
    const bytes = await contentsOf(path, wish.maxSize, isLinkFollowed);
    if (bytes === undefined) return file;
    if (bytes === "binary") return { ...file, isBinary: true };
    if (wish.secrets || !isSecret(file.mode)) return { ...file, bytes };
    return { ...file, sha1sum: createHash("sha1").update(bytes).digest("hex") };
  } catch (error) {
    return ["ENOENT", "ENOTDIR"].includes(codeOf(error) ?? "") ? null : {};
  }
}

/** The contents of a text; `undefined` if it is too large, or cannot be read. */
async function contentsOf(
  path: string,
  maxSize: number,
  isLinkFollowed: boolean,
): Promise<Uint8Array | "binary" | undefined> {
  let file: FileReader | undefined;
  try {
    file = new FileReader(path, isLinkFollowed);
    if (file.size > maxSize) return undefined;
    const blocks: Uint8Array[] = [];
    let size = 0;
    for await (const block of file.blocks()) {
      if (block.includes(0)) return "binary";
      size += block.length;
      // A file of /proc has no size.
      if (size > maxSize) return undefined;
      blocks.push(block.slice());
    }
    return concat(blocks, size);
  } catch {
    return undefined;
  } finally {
    file?.close();
  }
}
