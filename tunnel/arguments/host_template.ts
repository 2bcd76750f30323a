import { sep } from "node:path";
import { pathOf } from "./local_path.ts";

/** What stands for the host in a template of a path here. */
export const HOST = "{host}";

/**
 * The path that a template gives for a host.
 *
 * @param path The template, in which `{host}` may be any number of times.
 * @param host The host.
 * @throws {TypeError} If the host would be more than a part of a name.
 */
export function expandHost(path: string, host: string): string {
  const refuse = (): never => {
    throw new TypeError(
      `Cannot fetch to ${JSON.stringify(path)}: host ${
        JSON.stringify(host)
      } would lead out of that folder`,
    );
  };
  if (!path.includes(HOST)) return path;
  if (/[/\0]/.test(host) || sep === "\\" && /[\\:]/.test(host)) refuse();
  const parts = path.split(sep === "\\" ? /([\\/])/ : /(\/)/);
  const expanded = parts.map((part) => part.replaceAll(HOST, () => host));
  if (expanded.some((part, i) => part !== parts[i] && /^\.{0,2}$/.test(part))) refuse();
  return expanded.join("");
}

/**
 * Where a tunnel alone is to write to. What is no path is left to be refused where it is used.
 *
 * @param target The template, or anything else that `fetch()` takes.
 * @param host The tunnel's host.
 * @throws {TypeError} If the host would be more than a part of a name.
 */
export function ownTarget<T>(target: T | string | URL, host: string): T | string | URL {
  // A URL has its braces as %7B and %7D.
  const isTemplate = (typeof target === "string" || target instanceof URL) &&
    /\{host\}|^file:.*%7Bhost%7D/is.test(String(target));
  return isTemplate ? expandHost(pathOf("localPath", target), host) : target;
}
