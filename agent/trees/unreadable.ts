import { codeOf, fileErrors, isFileError } from "../files/file_error.ts";
import type { ContainedPaths } from "./contained_paths.ts";

/** How many errors are kept. The others are only counted. */
const MAX_KEPT = 100;

/** The system's codes for a file when another one, or none, is at its path by now. */
const GONE: ReadonlySet<string | undefined> = new Set([
  "ENOENT",
  "ENOTDIR",
  "ELOOP",
  "EISDIR",
  "EINVAL",
]);

/** Whether an error says that what was at a path is not there any more. */
export function isGone(error: unknown): boolean {
  return GONE.has(codeOf(error));
}

/** Collects the errors of entries that cannot be read: one of them must not stop the others. */
export class Unreadable {
  readonly #paths: ContainedPaths;
  readonly #first: Error[] = [];
  #count = 0;

  constructor(paths: ContainedPaths) {
    this.#paths = paths;
  }

  /** Adds the error of the entry at `path`. Throws any error that is not of a file. */
  add(error: unknown, path: string): void {
    const described = this.#paths.describe(error, path);
    if (!isFileError(described)) throw described;
    this.#count++;
    if (this.#first.length < MAX_KEPT) this.#first.push(described);
  }

  /** One error for all of them, if there are any. */
  get error(): Error | undefined {
    return this.#count === 0 ? undefined : fileErrors(this.#first, this.#count);
  }
}
