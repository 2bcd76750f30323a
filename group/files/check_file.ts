import { access, constants, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { fileExpected, folderExpected, withPath } from "../../agent/files/file_error.ts";
import { pathOf } from "../../tunnel/arguments/local_path.ts";
import { sourceAdvice } from "../../tunnel/operation/source_advice.ts";

/**
 * Checks what is to be sent to several hosts, before any host is begun.
 *
 * Rejects with an `Error` if `source` is missing, cannot be read, or is of the wrong kind: `sync`
 * needs a folder, and `put` a file.
 */
export async function checkFile(operation: "put" | "sync", source: string | URL): Promise<void> {
  const path = resolve(pathOf("source", source));
  try {
    await withPath(path, async () => {
      const isFolder = (await stat(path)).isDirectory();
      if (isFolder && operation === "put") throw fileExpected(path);
      if (!isFolder && operation === "sync") throw folderExpected(path);
      await access(path, constants.R_OK);
    });
  } catch (cause) {
    const text = cause instanceof Error ? cause.message : `${path}: ${cause}`;
    const advice = sourceAdvice(operation, path, cause);
    throw new Error(`Cannot ${operation} ${path}: here, ${text}${advice}`, { cause });
  }
}
