import process from "node:process";
import { linkOf } from "./operation/link.ts";
import { SubprocessTunnel } from "./subprocess_tunnel.ts";
import { checkText } from "./arguments/check.ts";
import { checkNoLeadingDash } from "./arguments/leading_dash.ts";
import { checkNames, type TunnelOptions } from "./tunnel_options.ts";

/** Options for {@linkcode Sudo}. */
export interface SudoOptions extends TunnelOptions {
  /**
   * The user to become.
   *
   * @default "root"
   */
  readonly user?: string | undefined;
  /**
   * The tunnel's name in results and messages.
   *
   * @default The user's name
   */
  readonly name?: string | undefined;
}

/**
 * A tunnel to a process of another user on this machine, by `sudo`. It never asks for a password,
 * so `sudo` must be configured not to need one. Such a configuration lets this user run anything as
 * the other user, since any function can be called.
 *
 * @example
 * ```ts ignore
 * import { Sudo } from "../mod.ts";
 *
 * await using root = new Sudo();
 * await root.call(Deno.readTextFile, "/etc/shadow");
 * ```
 */
export class Sudo extends SubprocessTunnel {
  /** The tunnel's name in results and messages. */
  override readonly host: string;
  readonly #user: string;

  /**
   * Chooses the user; the process is started by the first use.
   *
   * @param options The user, and options that every tunnel takes. Default: `{}`.
   * @throws {TypeError} If an option has the wrong type, or the user would be read as an option.
   */
  constructor(options: SudoOptions = {}) {
    super(options);
    if (new.target === Sudo) checkNames(options, "user", "name");
    linkOf(this).core.launch = { here: true, otherUser: process.getuid?.() !== 0 };
    const { user = "root", name = user } = options;
    checkNoLeadingDash("user", user);
    checkText("name", name);
    this.#user = user;
    this.host = name;
  }

  /** `sudo`, which fails rather than ask for a password. */
  override command(): string[] {
    return ["sudo", "-n", "-H", "-u", this.#user, "--"];
  }
}
