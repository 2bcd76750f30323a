import { Group } from "../group/group.ts";
import { hosts } from "../group/hosts.ts";
import { askOnce } from "../tunnel/ask_once.ts";
import type { BaseTunnel } from "../tunnel/base_tunnel.ts";
import { Docker } from "../tunnel/docker.ts";
import { Local } from "../tunnel/local.ts";
import type { SSHTunnelOptions } from "../tunnel/ssh_tunnel.ts";
import { Sudo } from "../tunnel/sudo.ts";
import type { TunnelOptions } from "../tunnel/tunnel_options.ts";
import { Misuse } from "./misuse.ts";
import type { Reach } from "./request.ts";

/**
 * Makes the group that a command line means; nothing is connected yet.
 *
 * @param reach Which hosts, and how they are reached.
 * @param stderr Takes the lines that a host prints.
 * @throws {Misuse} If something about it is wrong.
 */
export async function openGroup(
  reach: Reach,
  stderr: (line: string, host: string) => void,
): Promise<Group> {
  const { retries, runtime, provision, concurrency } = reach;
  const common: TunnelOptions = {
    stderr,
    ...retries !== undefined && { connectRetries: retries },
    ...runtime !== undefined && { runtime },
    ...provision && { provision },
  };
  try {
    const group = await groupOf(reach, common, { ...concurrency !== undefined && { concurrency } });
    if (group.size === 0) throw new TypeError(`--hosts ${reach.hosts} names no host`);
    return group;
  } catch (error) {
    // The texts of the library name the option or the host, and a remedy.
    throw new Misuse((error as Error).message, { cause: error });
  }
}

async function groupOf(
  reach: Reach,
  common: TunnelOptions,
  options: { concurrency?: number },
): Promise<Group> {
  const { kind, image, dockerArgs, sudo } = reach;
  const sudoPassword = reach.asksSudoPassword ? { password: askOnce("sudo password") } : {};
  if (kind === "ssh") {
    const { user, port, sshArgs } = reach;
    const ssh: SSHTunnelOptions = {
      ...common,
      ...user !== undefined && { user },
      ...port !== undefined && { port },
      ...sshArgs.length > 0 && { sshArgs },
      ...reach.asksPassword && { password: askOnce("Password") },
      ...sudo !== undefined && { sudo: { user: sudo, ...sudoPassword } },
    };
    if (reach.inventory === undefined) {
      const names = hosts(reach.hosts);
      names.forEach(refusePort);
      return new Group(names, { ...options, ssh });
    }
    return (await read(reach.inventory)).group(reach.hosts, { ...options, ssh });
  }
  const names = reach.inventory === undefined
    ? hosts(reach.hosts)
    : (await read(reach.inventory)).select(reach.hosts);
  const tunnelTo = (name: string): BaseTunnel => {
    if (kind === "docker") return new Docker(name, { ...common, image, dockerArgs });
    if (sudo === undefined) return new Local(name, common);
    return new Sudo({ ...common, name, user: sudo, ...sudoPassword });
  };
  return new Group(names.map(tunnelTo), options);
}

/** @throws {TypeError} If a name has a port: the library would name its own option, not ours. */
function refusePort(name: string): void {
  const [, host, port] = /^([^:]+):(\d+)$/.exec(name) ?? [];
  if (port === undefined) return;
  throw new TypeError(
    `${name} is not a host name: write -w ${host} -p ${port}, or give ${host} its port in ` +
      "your ssh_config or an inventory",
  );
}

/** An inventory, which most command lines do not have. */
async function read(source: string) {
  const { inventory } = await import("../group/inventory.ts");
  return await inventory(source);
}
