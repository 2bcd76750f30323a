import { askpassProblem } from "./login/askpass.ts";
import type { LoginSetup } from "./login/login.ts";
import { sshVersion } from "./login/ssh_version.ts";
import { sudoCommand } from "./login/sudo_command.ts";
import { SudoPassword } from "./login/sudo_password.ts";
import { rangeError, typeError } from "./misuse.ts";
import { linkOf } from "./operation/link.ts";
import { shown } from "./arguments/shown.ts";
import { SubprocessTunnel } from "./subprocess_tunnel.ts";
import { checkArgs, checkKeys, checkPassword, checkText } from "./arguments/check.ts";
import { checkNoLeadingDash } from "./arguments/leading_dash.ts";
import type { Password } from "./question.ts";
import { checkNames, type TunnelOptions } from "./tunnel_options.ts";

/** The user to become at the far end, by `sudo`. */
export interface SSHSudoOptions {
  /**
   * The user.
   *
   * @default {"root"}
   */
  readonly user?: string | undefined;
  /**
   * The password that sudo asks for, or a function that gives it. sudo gets it only in answer to
   * its own prompt, and only once.
   *
   * @default {none: connecting fails if sudo asks for one}
   */
  readonly password?: Password | undefined;
}

/** Options for {@linkcode SSHTunnel}. */
export interface SSHTunnelOptions extends TunnelOptions {
  /**
   * The tunnel's name in results and messages, so that one address with several ports or users can
   * be several members of a group.
   *
   * @default {the host}
   */
  readonly name?: string | undefined;
  /**
   * The user to log in as.
   *
   * @default {the one that ssh itself would take}
   */
  readonly user?: string | undefined;
  /**
   * The TCP port, 1 to 65,535.
   *
   * @default {the one that ssh itself would take}
   */
  readonly port?: number | undefined;
  /**
   * The password for the login, or a function that gives it, such as one of {@linkcode askOnce}. It
   * answers the one question of the host itself; all else that is asked goes to `ask`.
   *
   * @default {what is asked goes to `ask`}
   */
  readonly password?: Password | undefined;
  /**
   * Whether to run as another user at the far end, by `sudo` there: `true` for root, or the user's
   * name, if sudo asks for no password; otherwise the password, too.
   *
   * @default {false}
   */
  readonly sudo?: boolean | string | SSHSudoOptions | undefined;
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
 * in `~/.ssh/config` are as always. ssh is out of the terminal's reach: what it asks is asked by
 * the script, one question after the other, and Ctrl-C reaches the script alone.
 *
 * @example
 * ```ts ignore
 * import { SSHTunnel } from "@chopsticks/chopsticks";
 * import { ip } from "@chopsticks/chopsticks/facts";
 *
 * await using tun = new SSHTunnel("www.example.com", { user: "admin", sudo: true });
 * console.log(await tun.call(ip));
 * ```
 */
export class SSHTunnel extends SubprocessTunnel {
  /** The tunnel's name in results and messages. */
  override readonly host: string;
  /** The host, as ssh is given it. */
  readonly address: string;
  /** The login shell at the far end reads the command. */
  override readonly remoteShell = true;
  readonly #options: SSHTunnelOptions;
  readonly #sudo: SudoAt | undefined;

  /**
   * Takes the host; the connection is made by the first use.
   *
   * @param host The host, as it would be given to ssh.
   * @param options How to log in, and options that every tunnel takes. Default: `{}`.
   * @throws {TypeError} If an option has the wrong type, or the host is not a host name.
   * @throws {RangeError} If the port is not a port.
   */
  constructor(host: string, options: SSHTunnelOptions = {}) {
    super(options);
    if (new.target === SSHTunnel) {
      checkNames(options, "name", "user", "port", "password", "sudo", "sshArgs");
    }
    checkHost(host);
    const { name = host, user, port, password } = options;
    checkText("name", name);
    if (user !== undefined) checkNoLeadingDash("user", user);
    checkPassword("password", password);
    const sudo = sudoOf(options.sudo);
    checkArgs("sshArgs", options.sshArgs);
    if (port !== undefined && !(Number.isInteger(port) && port > 0 && port < 65_536)) {
      throw rangeError(`port is ${shown(port)}: expected an integer, 1 to 65535`);
    }
    this.host = name;
    this.address = host;
    this.#options = options;
    this.#sudo = sudo;
    const core = linkOf(this).core;
    core.launch = {
      address: hostOf(host),
      port,
      // A getter, since nobody needs to ask ssh for its version before it is used.
      get login(): LoginSetup {
        const problem = askProblem();
        const ssh = problem === "" ? sshVersion("ssh") : undefined;
        return { ssh, problem, password, sudo: sudo?.password };
      },
    };
  }

  /** `ssh`, with the far end's shell replaced by what follows. */
  override command(): string[] {
    const { user, port, sshArgs = [] } = this.#options;
    const sudo = this.#sudo;
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
      // A host's own settings may keep stdin and the command from the far end.
      ...sshVersion("ssh") < 8.7 ? [] : PLAIN_SESSION,
      ...askProblem() === "" ? [] : ["-o", "BatchMode=yes"],
      "--",
      this.address,
      "exec",
      ...sudo === undefined ? [] : sudoCommand(sudo.user, sudo.password),
    ];
  }
}

/** The host alone, of what ssh is given: it may be with a user, or a URI. */
function hostOf(address: string): string {
  return address.startsWith("ssh://")
    ? new URL(address).hostname
    : address.slice(address.lastIndexOf("@") + 1);
}

/**
 * A tunnel over ssh, by its short name: {@linkcode SSHTunnel}. Most of what it does is described
 * where all tunnels have it from: {@linkcode BaseTunnel.prototype.call | call},
 * {@linkcode BaseTunnel.prototype.put | put}, {@linkcode BaseTunnel.prototype.fetch | fetch},
 * {@linkcode BaseTunnel.prototype.sync | sync}, {@linkcode Forwarding.prototype.forward | forward},
 * {@linkcode BaseTunnel.prototype.with | with}, {@linkcode BaseTunnel.prototype.close | close}.
 *
 * @example
 * ```ts ignore
 * import { Tunnel } from "@chopsticks/chopsticks";
 * import { sh } from "@chopsticks/chopsticks/sh";
 *
 * await using tun = new Tunnel("www.example.com", { user: "admin" });
 * console.log(await tun.call(Date.now));
 * const { stdout } = await tun.call(sh, "df -h /");
 * await tun.put("nginx.conf", "/etc/nginx/nginx.conf");
 * ```
 */
export const Tunnel: typeof SSHTunnel = SSHTunnel;
/** The type of a {@linkcode Tunnel}. */
export type Tunnel = SSHTunnel;

/** These options are of OpenSSH 8.7; an older one would refuse them. */
const PLAIN_SESSION: readonly string[] = [
  ...["-o", "StdinNull=no"],
  ...["-o", "ForkAfterAuthentication=no"],
  ...["-o", "SessionType=default"],
];

/** @throws {TypeError} If ssh would read `host` as something else. */
function checkHost(host: string): void {
  checkNoLeadingDash("host", host);
  // deno-lint-ignore no-control-regex -- they must not be in a host name
  if (/[\x00-\x20\x7f]/.test(host)) {
    throw typeError(
      `host is ${shown(host)}: expected a host name without spaces and control characters`,
    );
  }
  if (WITH_PORT.test(host)) {
    throw typeError(
      `host is ${shown(host)}: not a host name; set the port with the option \`port\``,
    );
  }
}

/** Why ssh cannot ask by a helper, or an empty text. OpenSSH before 8.4 asks only a terminal. */
function askProblem(): string {
  const version = sshVersion("ssh");
  if (version >= 8.4) return askpassProblem();
  return version === 0 ? "this ssh is not OpenSSH" : `OpenSSH ${version} is older than 8.4`;
}

/** The user to become, and how. */
interface SudoAt {
  readonly user: string | undefined;
  readonly password: SudoPassword | undefined;
}

/** @throws {TypeError} If the option `sudo` is of the wrong type. */
function sudoOf(option: unknown): SudoAt | undefined {
  if (option === undefined || option === false) return undefined;
  if (option === true) return { user: undefined, password: undefined };
  if (typeof option === "string") {
    checkNoLeadingDash("sudo", option);
    return { user: option, password: undefined };
  }
  if (typeof option !== "object" || option === null || Array.isArray(option)) {
    throw typeError(
      `sudo is ${shown(option)}: expected a boolean, a user's name or { user, password }`,
    );
  }
  checkKeys(option, "user", "password");
  const { user, password } = option as SSHSudoOptions;
  if (user !== undefined) checkNoLeadingDash("sudo.user", user);
  checkPassword("sudo.password", password);
  return { user, password: password === undefined ? undefined : new SudoPassword(password) };
}
