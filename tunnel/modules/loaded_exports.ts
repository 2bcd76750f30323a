import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

/**
 * The exports of a CommonJS module that is loaded, under `default` as for modules that import it:
 * that has every one, and not each is found as a name.
 */
export function loadedExports(url: string): Readonly<Record<string, unknown>> | undefined {
  if (!url.startsWith("file:")) return undefined;
  const module = createRequire("file:///").cache[fileURLToPath(url)];
  return module && { default: module.exports };
}
