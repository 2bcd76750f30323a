import { codeOf, isFolderExpected } from "../../agent/files/file_error.ts";

/**
 * What to do instead, to be said behind the reason why something of this machine cannot be sent; nothing if there is
 * nothing to say.
 *
 * @param operation What it was to be sent by.
 * @param path The path of it.
 * @param error The reason, an error with a `code` like those of the system.
 */
export function sourceAdvice(operation: "put" | "sync", path: string, error: unknown): string {
  if (operation === "sync") return isFolderExpected(error) ? "; put() sends files" : "";
  if (codeOf(error) === "EISDIR") return "; sync() sends folders";
  return path.includes("\n") ? "; for contents, give { text }" : "";
}
