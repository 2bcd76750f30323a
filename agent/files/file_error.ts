import type fs from "node:fs";

/** Why something cannot be done with a file, in words, by the system's code. */
const REASONS: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EBUSY: "it is in use, or something is mounted there",
  EDQUOT: "the disk quota is used up",
  EFBIG: "the file is too large for the file system",
  EIO: "the disk could not be read or written",
  EISDIR: "it is a folder",
  ELOOP: "too many symbolic links",
  EMFILE: "too many open files",
  ENAMETOOLONG: "the name is too long",
  ENOENT: "no such file or folder",
  ENOSPC: "no space left on the disk",
  ENOTDIR: "a part of the path is not a folder",
  ENOTEMPTY: "the folder is not empty",
  EPERM: "not permitted",
  EROFS: "the file system is read-only",
};

/** The reason in errors of {@linkcode folderExpected}. */
const NOT_A_FOLDER = "it is not a folder (ENOTDIR)";

/** How many errors {@linkcode fileErrors} quotes at most. */
const MAX_QUOTED = 5;

/** The parts of the text of an error for one file. */
interface FileProblem {
  readonly path: string;
  readonly reason: string;
}

/**
 * The errors that name their path, with the parts of their texts. An error for several files has no
 * such parts. They are not properties of the errors, since those would be shown, and would travel.
 */
const problems = new WeakMap<Error, FileProblem | undefined>();

/** An error that names a file and the reason, with a `code` like the system's. */
export function fileError(path: string, code: string, reason: string): Error {
  // Of no class of its own, since it has to travel.
  const error = Object.assign(new Error(`${path}: ${reason}`), { code });
  problems.set(error, { path, reason });
  return error;
}

/** One error for several files: `first` are the first errors of `count`. */
export function fileErrors(first: readonly Error[], count: number): Error {
  if (count === 1) return first[0]!;
  const texts = first.slice(0, MAX_QUOTED).map(({ message }) => message);
  if (count > texts.length) texts.push(`and ${count - texts.length} more`);
  const error = new Error(texts.join("; "));
  problems.set(error, undefined);
  return error;
}

/** An error for a path that has to be of a folder, but is of a file or something else. */
export function folderExpected(path: string): Error {
  return fileError(path, "ENOTDIR", NOT_A_FOLDER);
}

/**
 * Whether an error comes from {@linkcode folderExpected}. Its code does not tell that: the system
 * has the same code for a part of the path that is not a folder.
 */
export function isFolderExpected(error: unknown): boolean {
  return problemOf(error)?.reason === NOT_A_FOLDER;
}

/** An error for a path that has to be of a file, but is of a folder. */
export function fileExpected(path: string): Error {
  return fileError(path, "EISDIR", "it is a folder (EISDIR)");
}

/** An error for a path that the runtime could not decode. */
export function notUtf8(path: string, what = "its name"): Error {
  return fileError(path, "EILSEQ", `${what} is not UTF-8`);
}

/**
 * Passes on a path that a file can have.
 *
 * @throws {Error} If it ends with a slash, as only the path of a folder does.
 */
export function notFolder(path: string): string {
  if (!path.endsWith("/")) return path;
  throw fileError(path, "EISDIR", "it is the path of a folder (EISDIR)");
}

/**
 * Passes on what was found at `path`.
 *
 * @throws {Error} If it is not a regular file.
 */
export function regular(path: string, found: fs.Stats): fs.Stats {
  if (found.isFile()) return found;
  if (found.isDirectory()) throw fileExpected(path);
  throw fileError(path, "EINVAL", "it is not a regular file");
}

/** Whether an error names its path already. */
export function isFileError(error: unknown): error is Error {
  return problems.has(error as Error);
}

/** The parts of the text of an error for one file; `undefined` for any other error. */
export function problemOf(error: unknown): FileProblem | undefined {
  return problems.get(error as Error);
}

/** The system's code for an error, such as `ENOENT`. */
export function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}

/**
 * Does something with the file `path`, and describes an error with {@linkcode describeFileError}.
 */
export async function withPath<T>(path: string, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw describeFileError(error, path);
  }
}

/**
 * Turns an error of the system into one that names the path and the reason. Any other error comes
 * back as it is.
 */
export function describeFileError(error: unknown, path: string): unknown {
  if (!(error instanceof Error) || isFileError(error)) return error;
  const { code, name, message } = error as NodeJS.ErrnoException;
  // Deno throws this where an agent's permissions are limited.
  if (name === "NotCapable") return fileError(path, "EACCES", message);
  return typeof code === "string"
    ? fileError(path, code, `${REASONS[code] ?? message} (${code})`)
    : error;
}
