/**
 * What to do instead, to be said behind the reason why something of this machine cannot be sent;
 * nothing if there is nothing to say.
 *
 * @param operation What it was to be sent by.
 * @param path The path of it.
 * @param error The reason, an error with a `code` like those of the system.
 */
export function sourceAdvice(operation: "put" | "sync", path: string, error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (operation === "sync") {
    // And not a part of the path.
    return message.includes("it is no folder") ? "; put() sends files" : "";
  }
  if (code === "EISDIR") return "; sync() sends folders";
  return path.includes("\n") ? "; for contents, give { text }" : "";
}
