/**
 * Inventories: which hosts there are, how to reach them, and what else is known of them.
 *
 * ```ts ignore
 * import { inventory } from "@chopsticks/chopsticks/inventory";
 * import { sh } from "@chopsticks/chopsticks/sh";
 *
 * const all = await inventory("hosts.yaml");
 * await using web = all.group("web,!web3");
 * console.log(await web.call(sh, "uptime"));
 * ```
 *
 * @module
 */
import { typeError } from "../tunnel/misuse.ts";
import { withoutOwnFramesIfShort } from "../tunnel/own_frames.ts";
import { homedir } from "node:os";
import { shown } from "../tunnel/arguments/shown.ts";
import { pathOf } from "../tunnel/arguments/local_path.ts";
import type { SSHTunnelOptions } from "../tunnel/ssh_tunnel.ts";
import { Group } from "./group.ts";
import type { Entries } from "./inventory/entries.ts";
import { tunnelTo } from "./inventory/host_tunnel.ts";
import { type HostData, type InventoryData, readData } from "./inventory/inventory_data.ts";
import { readAnsible } from "./inventory/read_ansible.ts";
import { readInventoryFile } from "./inventory/read_file.ts";
import { readSSHConfig } from "./inventory/read_ssh_config.ts";
import { hostsOfGroup, selectHosts } from "./inventory/select_hosts.ts";
import type { GroupOptions } from "./members.ts";

export type { HostData, InventoryData };

/**
 * Reads an inventory.
 *
 * @param source One of these:
 * - the path or `file:` URL of a JSON or YAML file in the form of {@linkcode InventoryData};
 * - such data itself;
 * - `"ssh_config"`: the hosts that ssh's configuration names, or `"ssh_config:PATH"` for another
 *   file of that form. `Host *` and other patterns, and `Match`, are no hosts;
 * - `"ansible:PATH"`: an inventory of Ansible, of whatever kind, which `ansible-inventory` reads.
 * @throws {Error} If it cannot be read. The message says where and why.
 *
 * @example
 * ```ts
 * import { inventory } from "@chopsticks/chopsticks/inventory";
 *
 * const all = await inventory({
 *   hosts: { web1: { address: "10.0.0.1", rack: 7 }, db1: { connect: { user: "postgres" } } },
 *   groups: { web: ["web[1-9]"], prod: ["web,!web9", "db1"] },
 * });
 * console.log(all.group("prod,!web[2-8]").hosts); // ["web1", "db1"]
 * console.log(all.vars<{ rack: number }>("web1").rack); // 7
 * ```
 */
export async function inventory(source: string | URL | InventoryData): Promise<Inventory> {
  const name = typeof source === "string" || source instanceof URL ? ` ${source}` : "";
  try {
    const entries = await read(source);
    addMembers(entries);
    return new ReadInventory(entries);
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === "ENOENT";
    const reason = isMissing
      ? `there is no file ${(error as NodeJS.ErrnoException).path ?? name.trim()}`
      : (error as Error).message;
    const type = error instanceof TypeError ? TypeError : Error;
    const text = `Cannot read the inventory${name}: ${reason}`;
    throw withoutOwnFramesIfShort(new type(text, { cause: error }));
  }
}

/**
 * Hosts that are known by their names, and groups of them. {@linkcode inventory} reads one.
 *
 * @example
 * ```ts
 * import { inventory } from "@chopsticks/chopsticks/inventory";
 *
 * const all = await inventory({ groups: { web: "web[1-3]" } });
 * console.log(all.hosts); // ["web1", "web2", "web3"]
 * ```
 */
export interface Inventory {
  /** The names of all hosts, in the order of the source. */
  readonly hosts: readonly string[];
  /** The names of all groups, each with its hosts. */
  readonly groups: ReadonlyMap<string, readonly string[]>;

  /**
   * The names of the hosts that an expression means, each once.
   *
   * @param expression Names of hosts and groups, written as for `hosts()`: `web,db[1-3]`, and `!x`
   * or `,!x` to leave out a host or a group. `all` means all hosts. A name that a host and a group
   * have means both.
   * @throws {TypeError} If it is not understood, or names what is not in the inventory.
   */
  select(expression: string): string[];

  /**
   * A group of hosts, which are reached as the inventory says. Each group has tunnels of its own.
   *
   * @param expression Which hosts; see `select()`.
   * @param options As those of a `Group`. What its `ssh` says counts before what the inventory
   * says; of both `sshArgs`, ssh gets all. Hosts that are not reached by ssh take of it what is
   * not about ssh, and `sudo`. Default: `{}`.
   * @throws {TypeError} If the expression names what is not there, or an option has the wrong type.
   *
   * @example
   * ```ts
   * import { inventory } from "@chopsticks/chopsticks/inventory";
   * import { hostname } from "@chopsticks/chopsticks/facts";
   *
   * const all = await inventory({ hosts: { here: { ansible_connection: "local" } } });
   * await using group = all.group("all", { concurrency: 10 });
   * console.log(await group.call(hostname));
   * ```
   */
  group(expression: string, options?: GroupOptions): Group;

  /**
   * The variables of a host: all that the inventory says of it, but `address` and `connect`.
   *
   * @param host The host's name.
   * @throws {TypeError} If there is no such host.
   */
  vars<V = Readonly<Record<string, unknown>>>(host: string): V;
}

class ReadInventory implements Inventory {
  readonly hosts: readonly string[];
  readonly groups: ReadonlyMap<string, readonly string[]>;
  readonly #entries: Entries;

  constructor(entries: Entries) {
    this.hosts = [...entries.hosts.keys()];
    this.groups = new Map(
      [...entries.groups.keys()].map((name) => [name, [...hostsOfGroup(entries, name)]]),
    );
    this.#entries = entries;
  }

  select(expression: string): string[] {
    if (typeof expression !== "string") {
      throw typeError(
        `expression is ${shown(expression)}: expected a text such as "web,!web3"`,
      );
    }
    return [...selectHosts(this.#entries, expression)];
  }

  group(expression: string, options: GroupOptions = {}): Group {
    const ssh: SSHTunnelOptions = options?.ssh ?? {};
    const tunnels = this.select(expression).map((host) =>
      tunnelTo(host, this.#entries.hosts.get(host)!, ssh)
    );
    return new Group(tunnels, options);
  }

  vars<V>(host: string): V {
    const entry = this.#entries.hosts.get(host);
    if (entry === undefined) throw typeError(`The inventory has no host ${shown(host)}`);
    return entry.vars as V;
  }
}

async function read(source: string | URL | InventoryData): Promise<Entries> {
  if (typeof source !== "string" && !(source instanceof URL)) return readData(source);
  if (source === "ssh_config") return await readSSHConfig();
  const [, kind, path = ""] = String(source).match(/^(ssh_config|ansible):(.+)$/) ?? [];
  // No shell expands it behind the colon.
  const full = path.replace(/^~(?=\/)/, homedir());
  if (kind === "ssh_config") return await readSSHConfig(full);
  if (kind === "ansible") return await readAnsible(full);
  return await readInventoryFile(pathOf("source", source));
}

/** Adds the hosts that only groups name, and finds what is wrong with the groups. */
function addMembers({ hosts, groups }: Entries): void {
  for (const terms of groups.values()) {
    for (const { names, isExclusion } of terms) {
      for (const name of names) {
        if (isExclusion || hosts.has(name) || groups.has(name)) continue;
        if (name !== "all") hosts.set(name, { connect: {}, vars: {} });
      }
    }
  }
}
