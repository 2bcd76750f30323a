import process from "node:process";
import { linkOf } from "./operation/link.ts";
import { shown } from "./arguments/shown.ts";
import { SubprocessTunnel } from "./subprocess_tunnel.ts";
import { checkArgs, checkBoolean } from "./arguments/check.ts";
import { checkNoLeadingDash } from "./arguments/leading_dash.ts";
import { checkNames, type TunnelOptions } from "./tunnel_options.ts";

/** Options for {@linkcode SSHTunnel}. */
export interface SSHTunnelOptions extends TunnelOptions {
  /**
   * The user to log in as.
   *
   * @default The one that ssh itself would take
   */
  readonly user?: string | undefined;
  /**
   * The TCP port, 1 to 65,535.
   *
   * @default The one that ssh itself would take
   */
  readonly port?: number | undefined;
  /**
   * Whether to run as root at the far end, by a `sudo` there that asks for no password.
   *
   * @default false
   */
  readonly sudo?: boolean | undefined;
  /** More arguments for ssh, such as `["-F", "my_ssh_config"]` or `["-J", "jump.example.com"]`. */
  readonly sshArgs?: readonly string[] | undefined;
}

/**
 * A host with a port, which ssh would look up as a name. An IPv6 address has more colons, and a
 * URI may have a port.
 */
const WITH_PORT = /^(?!ssh:\/\/)(.*@)?([^:@]+|\[.*\]):\d+$/;

/**
 * A tunnel over ssh. The user's ssh does the work, so keys, agents, jump hosts and everything else
 * in `~/.ssh/config` are as always. Without a terminal, ssh fails rather than ask something.
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
  /** The tunnel's name in results and messages. */
  override readonly host: string;
  /** The login shell at the far end reads the command. */
  override readonly remoteShell = true;
  readonly #options: SSHTunnelOptions;

  /**
   * Names the host; the connection is made by the first use.
   *
   * @param host The host, as it would be given to ssh.
   * @param options How to log in, and options that every tunnel takes. Default: `{}`.
   * @throws {TypeError} If an option has the wrong type, or the host is not a host name.
   * @throws {RangeError} If the port is not a port.
   */
  constructor(host: string, options: SSHTunnelOptions = {}) {
    super(options);
    if (new.target === SSHTunnel) checkNames(options, "user", "port", "sudo", "sshArgs");
    linkOf(this).core.launch = { atTerminal: hasTerminal() };
    checkHost(host);
    const { user, port } = options;
    if (user !== undefined) checkNoLeadingDash("user", user);
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
      // When an option is given twice, ssh takes the first, so the user's win.
      ...["-o", "ServerAliveInterval=15", "-o", "RemoteCommand=none"],
      // As the master of the user's own sessions, this ssh would end them when the tunnel closes.
      ...["-o", "ControlMaster=no"],
      ...hasTerminal() ? [] : ["-o", "BatchMode=yes"],
      "--",
      this.host,
      "exec",
      ...sudo ? ["sudo", "-n", "-H", "--"] : [],
    ];
  }
}

/** @throws {TypeError} If ssh would read `host` as something else. */
function checkHost(host: string): void {
  checkNoLeadingDash("host", host);
  // deno-lint-ignore no-control-regex -- they must not be in a host name
  if (/[\x00-\x20\x7f]/.test(host)) {
    throw new TypeError(
      `host is ${shown(host)}: expected a host name without spaces and control characters`,
    );
  }
  if (WITH_PORT.test(host)) {
    throw new TypeError(
      `host is ${shown(host)}: not a host name; set the port with the option \`port\``,
    );
  }
}

/** Whether somebody can answer a prompt. */
function hasTerminal(): boolean {
  return Boolean(process.stdin.isTTY || process.stderr.isTTY);
}
