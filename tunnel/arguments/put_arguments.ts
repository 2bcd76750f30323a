import type { PutOptions, PutSource } from "../file_options.ts";
import { rangeError, typeError } from "../misuse.ts";
import { localPath, pathOf } from "./local_path.ts";
import { copyPutOptions } from "./transfer_options.ts";

/** The arguments of a `put()`, checked and copied. The contents themselves are not copied. */
export interface PutArguments {
  readonly source: CheckedSource;
  /** The path at the far end; `null` for a temporary file. */
  readonly target: string | null;
  readonly mode: number;
  readonly signal: AbortSignal | undefined;
  readonly onProgress: PutOptions["onProgress"];
  readonly dryRun: boolean;
  /** Whether to tell the differences, and those of secrets, too. */
  readonly diff: boolean | "secrets";
}

/** A source that has been checked: contents, or a file here. */
export type CheckedSource =
  | Uint8Array
  | Blob
  | ReadableStream<Uint8Array>
  | AsyncIterable<Uint8Array>
  | { readonly text: string }
  | LocalFile;

/** A file here, by its path. */
export interface LocalFile {
  /** The path as it was given. A `/` at its end stands for a folder. */
  readonly given: string;
  /** The absolute path. */
  readonly path: string;
}

/**
 * Usual modes that were written without their `0o`. Most of these decimal numbers are beyond all
 * modes. The others are modes that nobody means: with 644, which is 0o1204, others could do what
 * the owner cannot, and with 640, which is 0o1200, nobody could read the file. 400, which is 0o620,
 * and 500, which is 0o764, are modes that make sense, so they are not listed.
 */
const NOT_OCTAL: readonly number[] = [
  ...[440, 444, 550, 555, 600, 640, 644, 660, 664, 666, 700, 710, 711, 750, 755, 770, 775, 777],
  ...[1777, 2750, 2755, 2770, 2775, 4711, 4750, 4755],
];

/** Whether a source streams, so that it can be read only once. */
export function isStream(
  source: unknown,
): source is ReadableStream<Uint8Array> | AsyncIterable<Uint8Array> {
  return source instanceof ReadableStream ||
    typeof source === "object" && source !== null && Symbol.asyncIterator in source;
}

/**
 * Checks and copies the arguments of a `put()`.
 *
 * @throws {TypeError} If the source, the path or an option is of the wrong type.
 * @throws {RangeError} If the mode is not one.
 */
export function putArguments(
  source: PutSource,
  remotePath: string | URL | undefined,
  options: PutOptions,
): PutArguments {
  const { mode = 0o644, signal, onProgress, dryRun = false, diff } = copyPutOptions(options);
  checkMode(mode);
  if (dryRun && remotePath === undefined) {
    throw typeError("remotePath is undefined: expected a path, since dryRun makes no file");
  }
  return {
    source: checkedSource(source),
    target: remotePath === undefined ? null : pathOf("remotePath", remotePath),
    mode,
    signal,
    onProgress,
    dryRun,
    diff: diff === undefined ? dryRun : diff ? "secrets" : false,
  };
}

function checkMode(mode: unknown): void {
  if (typeof mode !== "number") {
    const shown = typeof mode === "string" ? JSON.stringify(mode) : String(mode);
    throw rangeError(`mode is ${shown}: expected a number such as 0o644`);
  }
  if (NOT_OCTAL.includes(mode)) throw rangeError(`mode is ${mode}: did you mean 0o${mode}?`);
  if (!Number.isInteger(mode) || mode < 0 || mode > 0o7777) {
    throw rangeError(`mode is ${mode}: expected permission bits, 0 to 0o7777`);
  }
}

function checkedSource(source: PutSource): CheckedSource {
  if (typeof source === "string" || source instanceof URL) {
    return { given: pathOf("source", source), path: localPath("source", source) };
  }
  if (source instanceof Uint8Array || source instanceof Blob || isStream(source)) return source;
  const text: unknown = source?.text;
  if (typeof text === "string") return { text };
  throw typeError(
    `source is ${
      String(source)
    }: expected a path, a file: URL, a Uint8Array, a Blob, a ReadableStream, an async iterable ` +
      "or { text }",
  );
}
