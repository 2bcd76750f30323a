import process from "node:process";
import { linkOf } from "./operation/link.ts";
import { shown } from "./arguments/shown.ts";
import { SubprocessTunnel } from "./subprocess_tunnel.ts";
import { checkArgs, checkBoolean, checkName } from "./arguments/check.ts";
import { checkNames, type TunnelOptions } from "./tunnel_options.ts";

/** Options for {@linkcode SSHTunnel}. */
export interface SSHTunnelOptions extends TunnelOptions {
  /**
   * The user to log in as.
   *
   * @default What ssh itself would take
   */
  readonly user?: string;
  /**
   * The TCP port, 1 to 65,535.
   *
   * @default What ssh itself would take
   */
  readonly port?: number;
  /**
   * Whether to run as root at the far end, by a `sudo` there that needs no password.
   *
   * @default false
   */
  readonly sudo?: boolean;
  /** More arguments for ssh, such as `["-F", "my_ssh_config"]` or `["-J", "jump.example.com"]`. */
  readonly sshArgs?: readonly string[];
}

/** A host with a port, which ssh would look up as a name; an IPv6 address has more colons, and a URI may have it. */
const WITH_PORT = /^(?!ssh:\/\/)(.*@)?([^:@]+|\[.*\]):\d+$/;

/**
 * A tunnel over ssh. The user's ssh does the work, so keys, agents, jump hosts and everything
 * else in `~/.ssh/config` are as always. Where there is no terminal, ssh asks nothing, but fails.
 *
 * @example
 * ```ts ignore
 * import { SSHTunnel } from "../mod.ts";
 * import { ip } from "../agent/facts.ts";
 *
 * await using tun = new SSHTunnel("www.example.com", { user: "admin", sudo: true });
 * console.log(await tun.call(ip));
 * ```
 */
export class SSHTunnel extends SubprocessTunnel {
  /** What the tunnel is called in results and messages. */
  override readonly host: string;
  /** The login shell at the far end reads the command. */
  override readonly remoteShell = true;
  readonly #options: SSHTunnelOptions;

  /**
   * Names the host; the connection is made by the first use.
   *
   * @param host The host, as it would be given to ssh.
   * @param options How to log in, and options that every tunnel takes. Default: `{}`.
   * @throws {TypeError} If an option or the host is not what it should be.
   * @throws {RangeError} If the port is no port.
   */
  constructor(host: string, options: SSHTunnelOptions = {}) {
    super(options);
    if (new.target === SSHTunnel) checkNames(options, "user", "port", "sudo", "sshArgs");
    linkOf(this).core.launch = { atTerminal: hasTerminal() };
    // deno-lint-ignore no-control-regex -- no host has one
    if (typeof host !== "string" || host.startsWith("-") || /^$|[\x00-\x20\x7f]/.test(host)) {
      throw new TypeError(`host is ${shown(host)}: that is no host name`);
    }
    if (WITH_PORT.test(host)) {
      throw new TypeError(`host is ${shown(host)}: that is no host name, use the option port`);
    }
    const { user, port } = options;
    if (user !== undefined) checkName("user", user);
    checkBoolean("sudo", options.sudo);
    checkArgs("sshArgs", options.sshArgs);
    if (port !== undefined && !(Number.isInteger(port) && port > 0 && port < 65_536)) {
      throw new RangeError(`port is ${shown(port)}: expected an integer, 1 to 65535`);
    }
    this.host = host;
    this.#options = options;
  }

  /** `ssh`, with the far end's shell replaced by what follows. */
  override command(): string[] {
    const { user, port, sudo = false, sshArgs = [] } = this.#options;
    return [
      "ssh",
      "-T",
      ...user === undefined ? [] : ["-l", user],
      ...port === undefined ? [] : ["-p", `${port}`],
      ...sshArgs,
      // Of an option that is given twice, ssh takes the first.
      ...["-o", "ServerAliveInterval=15", "-o", "RemoteCommand=none"],
      ...hasTerminal() ? [] : ["-o", "BatchMode=yes"],
      "--",
      this.host,
      "exec",
      ...sudo ? ["sudo", "-n", "-H", "--"] : [],
    ];
  }
}

/** Whether there is somebody to answer a prompt. */
function hasTerminal(): boolean {
  return Boolean(process.stdin.isTTY || process.stderr.isTTY);
}
