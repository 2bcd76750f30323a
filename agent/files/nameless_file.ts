import fs from "node:fs";
import process from "node:process";
import { codeOf } from "./file_error.ts";
import { WRITE_NAMELESS } from "./open_flags.ts";

/** The codes of file systems that cannot make a file without a name. */
const UNSUPPORTED: readonly (string | undefined)[] = ["ENOTSUP", "EISDIR", "EINVAL"];

/**
 * Makes a file without a name in a folder: nobody sees it, and it is gone when it is closed. So the
 * system itself says whether there can be one. `access()` of Deno only looks at some bits.
 *
 * @throws {Error} If there cannot be one. Where the system does not tell, there can.
 */
export function tryToMakeFile(folder: string): void {
  if (process.platform !== "linux") return;
  try {
    fs.closeSync(fs.openSync(folder, WRITE_NAMELESS, 0o600));
  } catch (error) {
    if (!UNSUPPORTED.includes(codeOf(error))) throw error;
  }
}
