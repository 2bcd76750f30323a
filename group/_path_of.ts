import { fileURLToPath } from "node:url";
import { checkText } from "../tunnel/tunnel_options.ts";

/**
 * The path that a path or `file:` URL is.
 *
 * @throws {TypeError} If it is neither.
 */
export function pathOf(key: string, value: string | URL): string {
  if (value === undefined) throw new TypeError(`${key} is undefined: expected a path or file: URL`);
  if (value instanceof URL) {
    if (value.protocol === "file:") return fileURLToPath(value);
    throw new TypeError(`${key} is ${value.href}: expected a path or file: URL`);
  }
  checkText(key, value);
  return value.startsWith("file:") ? fileURLToPath(value) : value;
}
