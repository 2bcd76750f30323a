import { typeError } from "../misuse.ts";
import { sep } from "node:path";
import { pathOf } from "./local_path.ts";

/** The part of a template that stands for the host. */
export const HOST = "{host}";

/** Gives the path here that belongs to a host. */
export type HostPath = (host: string) => string;

/**
 * The paths that a template gives, for any host. Without `{host}`, it is one path for all hosts.
 *
 * @param key How an error calls the template.
 * @param template A path or `file:` URL.
 * @throws {TypeError} If it is neither; and later, if a host would lead out of the template's
 * folder.
 */
export function hostPath(key: string, template: string | URL): HostPath {
  // As a path, because a URL has braces as %7B and %7D.
  const path = pathOf(key, template);
  return (host) => expandHost(path, host);
}

/**
 * The path that a template gives for a host.
 *
 * @param path The template, in which `{host}` may stand any number of times.
 * @param host The host.
 * @throws {TypeError} If the host would be more than a part of a name.
 */
export function expandHost(path: string, host: string): string {
  const refuse = (): never => {
    throw typeError(
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
