import { command, which } from "./command.ts";
import {
  POSIX_SHELLS,
  type PosixShell,
  type PosixShellsService,
  type Unavailable,
} from "./services.ts";

/** Where Debian's packages have another name than the program. */
const PACKAGES: Readonly<Partial<Record<PosixShell, string>>> = { ksh93: "ksh93u+m" };

/** Finds the shells, and whether each can be put in the place of `/bin/sh`. */
export async function findPosixShells(
  signal: AbortSignal,
): Promise<PosixShellsService | Unavailable> {
  const missing = POSIX_SHELLS.filter((name) => which(name) === undefined)
    .map((name) => PACKAGES[name] ?? name);
  if (missing.length > 0) {
    return { available: false, reason: `not all shells: apt-get install ${missing.join(" ")}` };
  }
  const mounting = ["unshare", "-m", "mount", "--bind", "/bin/true", "/bin/sh"];
  const { success, problem } = await command(mounting, { signal });
  if (!success) return { available: false, reason: `no mount namespaces: ${problem}` };
  const paths = Object.fromEntries(POSIX_SHELLS.map((name) => [name, which(name)!]));
  return { available: true, paths: paths as Record<PosixShell, string> };
}
