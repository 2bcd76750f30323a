import { codeOf, isFolderExpected } from "../../agent/files/file_error.ts";

/**
 * Advice for a source here that cannot be sent, as a text to put behind the reason; empty if there
 * is no advice.
 *
 * @param operation The operation that was to send it.
 * @param path Its path.
 * @param error The reason, an error with a `code` like those of the system.
 */
export function sourceAdvice(operation: "put" | "sync", path: string, error: unknown): string {
  if (operation === "sync") return isFolderExpected(error) ? "; put() sends files" : "";
  if (codeOf(error) === "EISDIR") return "; sync() sends folders";
  return path.includes("\n") ? "; for contents, give { text }" : "";
}
