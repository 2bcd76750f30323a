import process from "node:process";

/** The user id of this process; `undefined` if that may not be known. */
export function ownUid(): number | undefined {
  try {
    return process.getuid?.();
  } catch {
    return undefined;
  }
}
