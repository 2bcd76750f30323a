import type { FetchOptions, PutOptions, SyncOptions } from "../file_options.ts";
import { typeError } from "../misuse.ts";
import { checkArgs, checkBoolean, checkSignal } from "./check.ts";
import { copyOptions } from "./copy_options.ts";
import { shown } from "./shown.ts";

/**
 * Copies and checks the options of a `put()`, except for the mode.
 *
 * @throws {TypeError} If an option is of the wrong type, or has a name that `put()` does not know.
 */
export function copyPutOptions(options: PutOptions): PutOptions {
  const copy = checked(copyOptions(options, ["signal", "onProgress", "mode", "dryRun", "diff"]));
  for (const name of ["dryRun", "diff"] as const) checkBoolean(name, copy[name]);
  return copy;
}

/**
 * Copies and checks the options of a `fetch()`.
 *
 * @throws {TypeError} If an option is of the wrong type, or has a name that `fetch()` does not
 * know.
 */
export function copyFetchOptions(options: FetchOptions): FetchOptions {
  return checked(copyOptions(options, ["signal", "onProgress"]));
}

/**
 * Copies and checks the options of a `sync()` or `fetchDir()`, except for the syntax of the globs.
 *
 * @throws {TypeError} If an option is of the wrong type, or has a name that `sync()` does not know.
 */
export function copySyncOptions(options: SyncOptions): SyncOptions {
  const copy = checked(copyOptions(options, [
    ...["signal", "onProgress", "delete", "checksum", "exclude", "dryRun", "diff"] as const,
  ]));
  for (const name of ["delete", "checksum", "dryRun", "diff"] as const) {
    checkBoolean(name, copy[name]);
  }
  const { exclude } = copy;
  if (!Array.isArray(exclude)) {
    checkArgs("exclude", exclude);
    return copy;
  }
  const globs = [...exclude];
  checkArgs("exclude", globs);
  return { ...copy, exclude: globs };
}

/** The options of every transfer. */
interface Transferring {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: unknown;
}

function checked<T extends Transferring>(options: T): T {
  const { signal, onProgress } = options;
  checkSignal(signal);
  if (onProgress !== undefined && typeof onProgress !== "function") {
    throw typeError(`onProgress is ${shown(onProgress)}: expected a function`);
  }
  return options;
}
