import { resolve, sep } from "node:path";
import { pathOf } from "../tunnel/local_path.ts";

const HOST = "{host}";

/**
 * The path here for each host.
 *
 * @param template A path or `file:` URL in which `{host}` stands for the host, once or more often.
 * @param hosts The hosts.
 * @throws {TypeError} If two hosts would have one path, or a host would lead out of the template's folder.
 */
export function localPaths(
  template: string | URL,
  hosts: readonly string[],
): ReadonlyMap<string, string> {
  // A URL has its braces as %7B and %7D.
  const path = pathOf("localTemplate", template);
  const refuse = (why: string): never => {
    throw new TypeError(`Cannot fetch to ${JSON.stringify(path)}: ${why}`);
  };
  if (!path.includes(HOST)) refuse(`it has no ${HOST}, so that all hosts would write one path`);
  const paths = new Map<string, string>();
  const owners = new Map<string, string>();
  for (const host of hosts) {
    const own = expand(path, host) ??
      refuse(`host ${JSON.stringify(host)} would lead out of that folder`);
    // What comes behind {host} can undo it.
    const owner = owners.get(resolve(own));
    if (owner !== undefined) refuse(`${owner} and ${host} would both write ${resolve(own)}`);
    owners.set(resolve(own), host);
    paths.set(host, own);
  }
  return paths;
}

/** `undefined` if the host would be more than a part of a name. */
function expand(path: string, host: string): string | undefined {
  if (/[/\0]/.test(host) || sep === "\\" && /[\\:]/.test(host)) return undefined;
  const parts = path.split(sep === "\\" ? /([\\/])/ : /(\/)/);
  const expanded = parts.map((part) => part.replaceAll(HOST, () => host));
  const climbs = expanded.some((part, i) => part !== parts[i] && /^\.{0,2}$/.test(part));
  return climbs ? undefined : expanded.join("");
}
