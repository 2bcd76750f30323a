import type { SyncOptions } from "./file_options.ts";
import { exclusionsOf } from "./_exclusions.ts";

/** What the options of all transfers have in common. */
interface TransferOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: unknown;
}

/**
 * Checks what does not depend on the host of a transfer.
 *
 * @throws {TypeError} If an option is of the wrong type.
 */
export function checkTransfer({ signal, onProgress }: TransferOptions): void {
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw new TypeError(`signal is ${String(signal)}: expected an AbortSignal`);
  }
  if (onProgress !== undefined && typeof onProgress !== "function") {
    throw new TypeError(`onProgress is ${String(onProgress)}: expected a function`);
  }
}

/**
 * Checks what does not depend on the host of a `sync()` or `fetchDir()`. Rejects with a `TypeError` if `exclude` has
 * something that is no glob.
 */
export async function checkGlobs({ exclude }: SyncOptions): Promise<void> {
  await exclusionsOf(exclude);
}
