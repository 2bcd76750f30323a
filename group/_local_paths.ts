import { typeError } from "../tunnel/misuse.ts";
import { resolve } from "node:path";
import { expandHost, HOST } from "../tunnel/arguments/host_template.ts";
import { pathOf } from "../tunnel/arguments/local_path.ts";

/**
 * The path here for each host.
 *
 * @param template A path or `file:` URL in which `{host}` stands for the host, once or more often.
 * @param hosts The hosts.
 * @throws {TypeError} If two hosts would have one path, or a host would lead out of the template's
 * folder.
 */
export function localPaths(
  template: string | URL,
  hosts: readonly string[],
): ReadonlyMap<string, string> {
  // As a path, because a URL has braces as %7B and %7D.
  const path = pathOf("localTemplate", template);
  const refuse = (why: string): never => {
    throw typeError(`Cannot fetch to ${JSON.stringify(path)}: ${why}`);
  };
  if (!path.includes(HOST)) refuse(`it has no ${HOST}, so that all hosts would write one path`);
  const paths = new Map<string, string>();
  const owners = new Map<string, string>();
  for (const host of hosts) {
    const own = expandHost(path, host);
    // Parts of the template behind {host}, such as "..", can make paths the same.
    const owner = owners.get(resolve(own));
    if (owner !== undefined) refuse(`${owner} and ${host} would both write ${resolve(own)}`);
    owners.set(resolve(own), host);
    paths.set(host, own);
  }
  return paths;
}
