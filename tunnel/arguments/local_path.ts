import { typeError } from "../misuse.ts";
import { isAbsolute, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { checkText } from "./check.ts";

/**
 * A path or `file:` URL of this machine, as an absolute path.
 *
 * @param key How an error calls it.
 * @throws {TypeError} If it is neither.
 */
export function localPath(key: string, value: string | URL): string {
  const path = pathOf(key, value);
  return isAbsolute(path) ? path : resolve(path);
}

/**
 * A path or `file:` URL as a path, which may be relative, of whichever machine.
 *
 * @param key How an error calls it.
 * @throws {TypeError} If it is neither.
 */
export function pathOf(key: string, value: string | URL): string {
  if (value === undefined) throw typeError(`${key} is undefined: expected a path or file: URL`);
  if (value instanceof URL) {
    if (value.protocol !== "file:") {
      throw typeError(`${key} is ${value.href}: expected a path or file: URL`);
    }
    return pathOfURL(key, value);
  }
  checkText(key, value);
  return value.startsWith("file:") ? pathOfURL(key, value) : value;
}

function pathOfURL(key: string, url: string | URL): string {
  const path = fileURLToPath(url);
  // A URL can have an escaped NUL.
  checkText(key, path);
  return path;
}
