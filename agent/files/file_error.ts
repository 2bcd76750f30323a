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

/** The errors that name their path already. */
const described = new WeakSet<object>();

/** An error that says what is wrong with a file, with a `code` like those of the system. */
export function fileError(path: string, code: string, reason: string): Error {
  // A plain one: it has to travel.
  const error = Object.assign(new Error(`${path}: ${reason}`), { code });
  described.add(error);
  return error;
}

/** Errors that {@linkcode fileErrors} tells. */
const MAX_TOLD = 5;

/** One error for several files, of which the first are known. */
export function fileErrors(first: readonly Error[], count: number): Error {
  if (count === 1) return first[0]!;
  const texts = first.slice(0, MAX_TOLD).map(({ message }) => message);
  if (count > texts.length) texts.push(`and ${count - texts.length} more`);
  const error = new Error(texts.join("; "));
  described.add(error);
  return error;
}

/** Whether an error is one of {@linkcode fileError}. */
export function isFileError(error: unknown): error is Error {
  return error instanceof Error && described.has(error);
}

/** Does something with the file `path`: an error of the system becomes one that names the path and the reason. */
export async function withPath<T>(path: string, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw describeFileError(error, path);
  }
}

/** What {@linkcode withPath} throws for `error`. Whatever is no error of the system comes back as it is. */
export function describeFileError(error: unknown, path: string): unknown {
  if (!(error instanceof Error) || described.has(error)) return error;
  const { code, name, message } = error as NodeJS.ErrnoException;
  // An agent whose permissions were limited.
  if (name === "NotCapable") return fileError(path, "EACCES", message);
  return typeof code === "string"
    ? fileError(path, code, `${REASONS[code] ?? message} (${code})`)
    : error;
}
