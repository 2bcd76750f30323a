import type { BaseTunnel } from "../../tunnel/base_tunnel.ts";
import { Container, type ContainerOptions } from "../../tunnel/container.ts";
import { Local } from "../../tunnel/local.ts";
import { misuse } from "../../tunnel/misuse.ts";
import { type SSHSudoOptions, SSHTunnel, type SSHTunnelOptions } from "../../tunnel/ssh_tunnel.ts";
import { Sudo } from "../../tunnel/sudo.ts";
import { ansibleOptions } from "./ansible_options.ts";
import type { HostEntry } from "./entries.ts";

/**
 * Makes the tunnel to a host of an inventory.
 *
 * @param host Its name, which is the tunnel's, too.
 * @param entry What the inventory says of it.
 * @param given Options that count before those of the inventory.
 * @throws {TypeError} If an option has the wrong type, or means nothing for its kind of tunnel.
 * @throws {RangeError} If the port is not a port.
 */
export function tunnelTo(host: string, entry: HostEntry, given: SSHTunnelOptions): BaseTunnel {
  try {
    const ansible = ansibleOptions(entry.vars);
    const address = entry.address ?? ansible.address ?? host;
    const { user, port, password, sudo, sshArgs, name: _, ...common } = {
      ...ansible.options,
      ...entry.connect,
      ...withoutUndefined(given),
      // Where an option is set twice, ssh takes the first.
      sshArgs: [given, entry.connect, ansible.options].flatMap(({ sshArgs }) => sshArgs ?? []),
    };
    switch (ansible.connection) {
      case "ssh": {
        const login = withoutUndefined({ user, port, password, sudo });
        return new SSHTunnel(address, { ...common, ...login, sshArgs, name: host });
      }
      case "local":
        if (sudo === undefined || sudo === false) return new Local(host, common);
        return new Sudo({ ...common, ...sudoOptions(sudo), name: host });
      case "docker":
      case "podman":
        if (sudo !== undefined && sudo !== false) {
          throw new TypeError("there is no sudo into a container: set its user instead");
        }
        return new NamedContainer(host, address, {
          ...common,
          engine: ansible.connection,
          ...user !== undefined && { user },
        });
    }
  } catch (error) {
    throw misuse(`Cannot make a tunnel to ${host}: `, error);
  }
}

/** A container that an inventory calls by another name. */
class NamedContainer extends Container {
  override readonly host: string;
  readonly #container: string;

  constructor(host: string, container: string, options: ContainerOptions) {
    super(container, options);
    this.host = host;
    this.#container = container;
  }

  override command(): string[] {
    return [...super.command().slice(0, -1), this.#container];
  }
}

/** The options of `Sudo` that mean what the option `sudo` of a tunnel over ssh means. */
function sudoOptions(sudo: true | string | SSHSudoOptions): SSHSudoOptions {
  if (sudo === true) return {};
  return typeof sudo === "string" ? { user: sudo } : sudo;
}

/** The options that are set: one that is not must not hide another. */
function withoutUndefined<T extends object>(options: T): T {
  return Object.fromEntries(
    Object.entries(options).filter(([, value]) => value !== undefined),
  ) as T;
}
