import { isPlain } from "../table/plain.ts";
import { shown } from "../../tunnel/arguments/shown.ts";
import type { SSHTunnelOptions } from "../../tunnel/ssh_tunnel.ts";
import { type ExpandedTerm, expandTerms } from "../ranges/expand_terms.ts";
import type { Entries, HostEntry } from "./entries.ts";

/** An inventory as data: the form of its JSON and YAML files. */
export interface InventoryData {
  /**
   * What is known of each host, by its name. A name can have ranges: all of its hosts are alike.
   *
   * @default {`{}`}
   */
  readonly hosts?: Readonly<Record<string, HostData | null>> | undefined;
  /**
   * The hosts of each group, in expressions such as `web[1-9],!web3`. They can name other groups,
   * and hosts of which nothing else is known.
   *
   * @default {`{}`}
   */
  readonly groups?: Readonly<Record<string, string | readonly string[]>> | undefined;
}

/** What an inventory says of a host. */
export interface HostData {
  /**
   * What ssh is given, if it is not the name.
   *
   * @default {the name}
   */
  readonly address?: string | undefined;
  /**
   * Options of its tunnel, all but `name`.
   *
   * @default {`{}`}
   */
  readonly connect?: Omit<SSHTunnelOptions, "name"> | undefined;
  /**
   * Anything else is a variable of the host. Those that Ansible connects by, such as
   * `ansible_host`, `ansible_user` and `ansible_connection`, are heeded, too.
   */
  readonly [variable: string]: unknown;
}

/**
 * Reads an inventory from data, which may have come from a file.
 *
 * @throws {TypeError} If it has another form.
 */
export function readData(data: unknown): Entries {
  if (!isPlain(data)) throw new TypeError(`it is ${shown(data)}: expected { hosts, groups }`);
  for (const [key, value] of Object.entries(data)) {
    if (key === "hosts" || key === "groups") continue;
    if (isPlain(value) && ["hosts", "children", "vars"].some((name) => name in value)) {
      throw new TypeError(
        `it has the form of Ansible: write "ansible:PATH" to have Ansible read it`,
      );
    }
    throw new TypeError(`it has the key ${shown(key)}: expected hosts and groups`);
  }
  const hosts = new Map<string, HostEntry>();
  for (const [names, host] of entriesOf("hosts", data.hosts)) {
    const entry = hostEntry(`hosts.${names}`, host);
    for (const name of expanded(`hosts.${names}`, names).flatMap(({ names }) => names)) {
      if (hosts.has(name)) throw new TypeError(`hosts has ${shown(name)} twice`);
      hosts.set(name, entry);
    }
  }
  const groups = new Map<string, ExpandedTerm[]>();
  for (const [name, members] of entriesOf("groups", data.groups)) {
    const expressions = typeof members === "string" ? [members] : members;
    if (!Array.isArray(expressions) || expressions.some((one) => typeof one !== "string")) {
      throw new TypeError(
        `groups.${name} is ${shown(members)}: expected texts, such as ["web[1-9]", "db1"]`,
      );
    }
    groups.set(name, expanded(`groups.${name}`, expressions.join(",")));
  }
  return { hosts, groups };
}

function entriesOf(key: string, value: unknown): [string, unknown][] {
  if (value === undefined || value === null) return [];
  if (isPlain(value)) return Object.entries(value);
  throw new TypeError(`${key} is ${shown(value)}: expected an object with names as its keys`);
}

function expanded(key: string, expression: string): ExpandedTerm[] {
  try {
    return [...expandTerms(expression)];
  } catch (error) {
    throw new TypeError(`${key}: ${(error as Error).message}`);
  }
}

function hostEntry(key: string, host: unknown): HostEntry {
  // In YAML, a name without anything behind it is null.
  if (host !== undefined && host !== null && !isPlain(host)) {
    throw new TypeError(
      `${key} is ${shown(host)}: expected an object such as { address, connect }`,
    );
  }
  const { address, connect, ...vars } = host ?? {};
  if (address !== undefined && (typeof address !== "string" || address === "")) {
    throw new TypeError(`${key}.address is ${shown(address)}: expected a host name or an address`);
  }
  if (connect === undefined || connect === null) return { address, connect: {}, vars };
  if (!isPlain(connect)) {
    throw new TypeError(`${key}.connect is ${shown(connect)}: expected options of a tunnel`);
  }
  if (connect.name !== undefined) {
    throw new TypeError(`${key}.connect has a name: the host's name is its key`);
  }
  return { address, connect, vars };
}
