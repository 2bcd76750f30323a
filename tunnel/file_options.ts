/** How far a file has come. */
export interface FileProgress {
  /** The host that it goes to, or comes from. */
  readonly host: string;
  /** Bytes that have been moved. */
  readonly bytes: number;
  /** Bytes that there are to move, or `undefined` when nobody can know: a stream goes on until it ends. */
  readonly total: number | undefined;
}

/** Options for every transfer of one file. */
export interface FileOptions {
  /** Ends the transfer: it rejects with the signal's reason, and leaves nothing behind. */
  readonly signal?: AbortSignal;
  /** Called as bytes move, and once when all have. What it throws ends the transfer. */
  readonly onProgress?: (progress: FileProgress) => void;
}

/** Options for `put()`. */
export interface PutOptions extends FileOptions {
  /**
   * Permission bits of the new file, whatever the umask there. Usual ones in decimal, such as 644, are refused, save
   * those that are modes of their own: 400 is 0o620.
   *
   * @default 0o644
   */
  readonly mode?: number;
}

/** Options for `fetch()`. */
export type FetchOptions = FileOptions;

/**
 * What `put()` can send: a file, by its path or `file:` URL, or contents. A string is a path; a text
 * goes as `{ text }`.
 */
export type PutSource =
  | string
  | URL
  | Uint8Array
  | Blob
  | ReadableStream<Uint8Array>
  | { readonly text: string };

/** Where `fetch()` can write to: a path or `file:` URL, a stream, or, with `null`, the memory. */
export type FetchTarget = string | URL | WritableStream<Uint8Array> | null;

/** What came of `put()`. */
export interface PutResult {
  /** The file at the far end, as an absolute path. */
  readonly remotePath: string;
  /** Its size in bytes. */
  readonly size: number;
  /** The SHA-1 of its bytes, in lower-case hexadecimal, on which both ends agree. */
  readonly sha1sum: string;
}

/** What came of `fetch()`. */
export interface FetchResult extends PutResult {
  /** The absolute path of the file that was written here. */
  readonly localPath: string;
}

/** What came of `fetch()` when it wrote no file. */
export interface FetchedStream extends PutResult {
  /** There is no file. */
  readonly localPath: null;
}

/** What came of `fetch()` into memory. */
export interface FetchedBytes extends FetchedStream {
  /** What the file contains. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** How far a folder has come. */
export interface SyncProgress {
  /** The host that it goes to, or comes from. */
  readonly host: string;
  /** Files that have been moved. */
  readonly files: number;
  /** Files that are known to have to be moved, so far. */
  readonly totalFiles: number;
  /** Bytes that have been moved. */
  readonly bytes: number;
  /** Bytes that are known to have to be moved, so far. */
  readonly totalBytes: number;
}

/** Options for `sync()` and `fetchDir()`. */
export interface SyncOptions {
  /**
   * Whether to remove what is in the target folder and not in the source, save what `exclude` matches. Nothing is
   * removed if something in the source could not be read.
   *
   * @default false
   */
  readonly delete?: boolean;
  /**
   * Whether to compare the contents of files of one size. Otherwise files of the same size and time of
   * modification are taken for unchanged.
   *
   * @default false
   */
  readonly checksum?: boolean;
  /**
   * Globs of what to leave alone on both sides: paths relative to the folder. One without a slash matches in
   * every folder, one that ends with a slash matches only folders; what is in a folder that matches is left alone too.
   * There is no `!` to take something in again. `*` and `?` stand for anything but a slash, `**` for folders, too,
   * `[a-z]`, `[!a-z]` and `[[:upper:]]` for a character, `{a,b}` and `{1..3}` for one of several; of `@(a|b)`, `?(…)`,
   * `*(…)`, `+(…)` and `!(…)`, bash's manual tells. Anything else, and what is behind a backslash, stands for itself.
   *
   * @default []
   */
  readonly exclude?: readonly string[];
  /**
   * Whether only to find out what would be done.
   *
   * @default false
   */
  readonly dryRun?: boolean;
  /** Ends the transfer: it rejects with the signal's reason. Files that have arrived stay. */
  readonly signal?: AbortSignal;
  /**
   * Called as files move, and once when all have, which may tell the same as the call before. What it throws ends the
   * transfer.
   */
  readonly onProgress?: (progress: SyncProgress) => void;
}

/** What `sync()` or `fetchDir()` did, or would do. Paths are relative to the folder, with `/`. */
export interface SyncResult {
  /** The folder here, as an absolute path. */
  readonly localDir: string;
  /** The folder at the far end, as an absolute path. */
  readonly remoteDir: string;
  /** What was not there before. */
  readonly created: readonly string[];
  /** What was there, but had other contents, mode, time or link target; the times of folders do not count. */
  readonly updated: readonly string[];
  /** What was removed. */
  readonly deleted: readonly string[];
  /** How many were the same already. */
  readonly unchanged: number;
  /** What cannot be carried: sockets, devices and pipes, and files that went away meanwhile. */
  readonly skipped: readonly string[];
  /** Bytes of contents that were moved. */
  readonly bytes: number;
}
