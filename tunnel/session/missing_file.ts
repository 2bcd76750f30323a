import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Failure } from "../../agent/protocol/failure.ts";
import { mayRead } from "../modules/may_read.ts";

/**
 * Completes the failure of code that opened a file by path which is only here: code finds the files
 * of its own folder here, and the text of the system does not tell why not there.
 */
export function explainMissingFile(failure: Failure): Failure {
  const { message } = failure;
  if (!/no such file or directory/i.test(message)) return failure;
  // Texts of our own tell it already.
  if (/at the controller/.test(message)) return failure;
  const [, url, path = url && pathOf(url)] =
    /["'](file:\/\/[^"'\n]+)["']|["'](\/[^"'\n]+)["']/.exec(message) ?? [];
  if (path === undefined || !mayRead(path) || !existsSync(path)) return failure;
  return {
    ...failure,
    message:
      `${message}: it is only here, at the controller; send it along by the option include, or put() it there`,
  };
}

function pathOf(url: string): string | undefined {
  try {
    return fileURLToPath(url);
  } catch {
    return undefined;
  }
}
