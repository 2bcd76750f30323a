import process from "node:process";

/** The permission bits that new files and folders do not get. */
export function umask(): number {
  try {
    return process.umask();
  } catch {
    // The system tells it only to those who may also set it.
    return 0o022;
  }
}
