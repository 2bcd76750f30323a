import type { FileOptions, SyncOptions } from "../file_options.ts";
import { exclusionsOf } from "./exclusions.ts";
import { shown } from "./shown.ts";
import { checkBoolean, checkKeys, checkSignal } from "./check.ts";

/** The options of each kind of transfer, besides those of all. */
const OPTIONS = {
  put: ["mode"],
  fetch: [],
  sync: ["delete", "checksum", "exclude", "dryRun"],
} as const;

/**
 * Checks what does not depend on the host of a transfer.
 *
 * @throws {TypeError} If an option is of the wrong type, or of a name that there is not.
 */
export function checkTransfer(
  kind: keyof typeof OPTIONS,
  options: Omit<FileOptions, "onProgress"> & { readonly onProgress?: unknown },
): void {
  checkKeys(options, "signal", "onProgress", ...OPTIONS[kind]);
  checkSignal(options.signal);
  const { onProgress } = options;
  if (onProgress !== undefined && typeof onProgress !== "function") {
    throw new TypeError(`onProgress is ${shown(onProgress)}: expected a function`);
  }
  if (kind !== "sync") return;
  const { delete: isDeleting, checksum, dryRun } = options as SyncOptions;
  for (const [name, value] of Object.entries({ delete: isDeleting, checksum, dryRun })) {
    checkBoolean(name, value);
  }
}

/**
 * Checks what does not depend on the host of a `sync()` or `fetchDir()`. Rejects with a `TypeError` if `exclude` has
 * something that is no glob.
 */
export async function checkGlobs({ exclude }: SyncOptions): Promise<void> {
  await exclusionsOf(exclude);
}
