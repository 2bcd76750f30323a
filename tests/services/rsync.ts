import { which } from "./command.ts";
import type { RsyncService, Unavailable } from "./services.ts";

/** Finds rsync, which tells whether two folders are the same. */
export function findRsync(): RsyncService | Unavailable {
  const path = which("rsync");
  return path === undefined
    ? { available: false, reason: "install rsync" }
    : { available: true, path };
}
