/** How much of a file has been transferred. */
export interface FileProgress {
  /** The host at the far end. */
  readonly host: string;
  /** Bytes that have been transferred. */
  readonly bytes: number;
  /** The size of the file in bytes; `undefined` for a stream, whose size is not known. */
  readonly total: number | undefined;
}

/** Options for every transfer of one file. */
export interface FileOptions {
  /** Ends the transfer: it rejects with the signal's reason, and leaves no file behind. */
  readonly signal?: AbortSignal | undefined;
  /** Called as bytes are transferred, and once at the end. If it throws, that ends the transfer. */
  readonly onProgress?: ((progress: FileProgress) => void) | undefined;
}

/** Options that only tell what a transfer changes. */
export interface DiffOptions {
  /**
   * Whether only to find out what would be done, without changing anything. The result is that of
   * the transfer itself.
   *
   * @default {false}
   */
  readonly dryRun?: boolean | undefined;
  /**
   * Whether to tell the differences of texts as a unified diff. Contents of files that only their
   * owner may read are shown only if this is `true`, not by default: they may be secrets.
   *
   * @default {`dryRun`}
   */
  readonly diff?: boolean | undefined;
}

/** Options for `put()`. */
export interface PutOptions extends FileOptions, DiffOptions {
  /**
   * Permission bits of the new file, 0 to 0o7777, whatever the umask there. A usual mode that lacks
   * its `0o`, such as 644, is refused; but 400 and 500 are taken for 0o620 and 0o764.
   *
   * @default {0o644}
   */
  readonly mode?: number | undefined;
}

/** Options for `fetch()`. */
export type FetchOptions = FileOptions;

/**
 * The sources of `put()`: a file, by its path or `file:` URL, or contents. A string is a path; to
 * send a text, give `{ text }`. An async iterable is, for example, a generator, or what a function
 * at another far end streams.
 */
export type PutSource =
  | string
  | URL
  | Uint8Array
  | Blob
  | ReadableStream<Uint8Array>
  | AsyncIterable<Uint8Array>
  | { readonly text: string };

/** Where `fetch()` can write to: a path or `file:` URL, a stream, or, with `null`, memory. */
export type FetchTarget = string | URL | WritableStream<Uint8Array<ArrayBuffer>> | null;

/** A file that was transferred. */
export interface TransferredFile {
  /** The file at the far end, as an absolute path. */
  readonly remotePath: string;
  /** Its size in bytes. */
  readonly size: number;
  /** The SHA-1 of its bytes in lower-case hexadecimal; both ends have computed the same. */
  readonly sha1sum: string;
}

/** The result of `put()`. */
export interface PutResult extends TransferredFile {
  /**
   * Whether anything had to be changed: the file was missing, or its contents or mode differed. A
   * file that is the same already is not written again.
   */
  readonly changed: boolean;
  /**
   * What changes, as a unified diff of the old contents and the new ones, if the options ask for
   * it, and both are UTF-8 texts; `""` if nothing changes. A line in its place says so if they are
   * not shown: a file has more than 1 MiB, or its mode says that it may hold a secret. It is not
   * escaped: to print it, see {@linkcode visible}.
   */
  readonly diff?: string;
}

/** The result of `fetch()`. */
export interface FetchResult extends TransferredFile {
  /** The absolute path of the file that was written here. */
  readonly localPath: string;
}

/** The result of `fetch()` into a stream. */
export interface FetchedStream extends TransferredFile {
  /** No file was written. */
  readonly localPath: null;
}

/** The result of `fetch()` into memory. */
export interface FetchedBytes extends FetchedStream {
  /** The contents of the file. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** The result of `fetch()`, depending on where it writes to. */
export type Fetched<To extends FetchTarget | undefined> = To extends null ? FetchedBytes
  : To extends WritableStream<Uint8Array<ArrayBuffer>> ? FetchedStream
  : FetchResult;

/** How much of a folder has been transferred. */
export interface SyncProgress {
  /** The host at the far end. */
  readonly host: string;
  /** Files that have been transferred. */
  readonly files: number;
  /** Files that are to be transferred, as far as that is known yet. */
  readonly totalFiles: number;
  /** Bytes that have been transferred. */
  readonly bytes: number;
  /** Bytes that are to be transferred, as far as that is known yet. */
  readonly totalBytes: number;
}

/** Options for `sync()` and `fetchDir()`. */
export interface SyncOptions extends DiffOptions {
  /**
   * Whether to remove from the target folder what is not in the source, except for what `exclude`
   * matches. Nothing is removed if something in the source could not be read.
   *
   * @default {false}
   */
  readonly delete?: boolean | undefined;
  /**
   * Whether to compare the contents of files that have the same size. Without it, files with the
   * same size and the same time of modification count as unchanged.
   *
   * @default {false}
   */
  readonly checksum?: boolean | undefined;
  /**
   * Globs of what to leave alone on both sides, as in a `.gitignore`: paths relative to the folder.
   * A glob without a slash matches in every folder; one that ends with a slash matches only
   * folders. All that is in a folder that matches is left alone, too. A `!` that includes something
   * again is refused.
   *
   * `*` and `?` match anything but a slash, and so do `[a-z]`, `[!a-z]` and `[[:upper:]]`, each for
   * one character. `**` between slashes stands for any folders, or none: `d/**` is all that is in
   * `d`, but not `d`. Any character behind a backslash stands for itself, also in brackets.
   *
   * Beyond a `.gitignore`, `{a,b}` and `{1..3}` stand for several globs, and `@(a|b)`, `?(…)`,
   * `*(…)`, `+(…)` and `!(…)` mean what they mean in bash. Anything else matches itself.
   *
   * @default {[]}
   */
  readonly exclude?: readonly string[] | undefined;
  /** Ends the transfer: it rejects with the signal's reason. Files that have arrived stay. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Called as files are transferred, and once at the end, possibly with the same numbers as before.
   * If it throws, that ends the transfer.
   */
  readonly onProgress?: ((progress: SyncProgress) => void) | undefined;
}

/**
 * The changes that `sync()` or `fetchDir()` made, or would make. Paths are relative to the folder,
 * with `/`.
 */
export interface SyncResult {
  /** The folder here, as an absolute path. */
  readonly localDir: string;
  /** The folder at the far end, as an absolute path. */
  readonly remoteDir: string;
  /** Paths that were not there before. */
  readonly created: readonly string[];
  /**
   * Paths that had other contents, mode, time or link target. The times of folders do not count.
   */
  readonly updated: readonly string[];
  /** Paths that were removed. */
  readonly deleted: readonly string[];
  /** How many paths were the same already. */
  readonly unchanged: number;
  /** Paths that cannot be transferred: sockets, devices and pipes, and files that went away. */
  readonly skipped: readonly string[];
  /** Bytes of contents that were transferred. */
  readonly bytes: number;
  /**
   * What changes, if the options ask for it: unified diffs of the files that are UTF-8 texts, as in
   * {@linkcode PutResult}, and a line for each other path. Times do not count. It ends with a line
   * that says so if it would have more than 1 MiB, or more than 1,000 paths. Without `dryRun`, it
   * is found out before anything is changed.
   */
  readonly diff?: string;
}
