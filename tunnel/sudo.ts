import { sudoCommand } from "./login/sudo_command.ts";
import { SudoPassword } from "./login/sudo_password.ts";
import { linkOf } from "./operation/link.ts";
import { SubprocessTunnel } from "./subprocess_tunnel.ts";
import { checkPassword, checkText } from "./arguments/check.ts";
import { checkNoLeadingDash } from "./arguments/leading_dash.ts";
import type { Password } from "./question.ts";
import { checkNames, type TunnelOptions } from "./tunnel_options.ts";

/** Options for {@linkcode Sudo}. */
export interface SudoOptions extends TunnelOptions {
  /**
   * The user to become.
   *
   * @default {"root"}
   */
  readonly user?: string | undefined;
  /**
   * The password that sudo asks for, or a function that gives it, such as one of
   * {@linkcode askOnce}. sudo gets it only in answer to its own prompt, and only once.
   *
   * @default {none: connecting fails if sudo asks for one}
   */
  readonly password?: Password | undefined;
  /**
   * The tunnel's name in results and messages.
   *
   * @default {the user's name}
   */
  readonly name?: string | undefined;
}

/**
 * A tunnel to a process of another user on this machine, by `sudo`. If sudo asks for a password, it
 * gets that of the option `password`. If it is configured not to ask (NOPASSWD), this user can run
 * anything as the other user, since any function can be called.
 *
 * @example
 * ```ts ignore
 * import { Sudo } from "@chopsticks/chopsticks";
 *
 * await using root = new Sudo();
 * await root.call(Deno.readTextFile, "/etc/shadow");
 * ```
 */
export class Sudo extends SubprocessTunnel {
  /** The tunnel's name in results and messages. */
  override readonly host: string;
  /** The agent runs on this machine. */
  protected override readonly otherMachine = false;
  /** The agent belongs to the user that sudo becomes. */
  protected override readonly otherUser = true;
  readonly #user: string;
  readonly #password: SudoPassword | undefined;

  /**
   * Chooses the user; the process is started by the first use.
   *
   * @param options The user, and options that every tunnel takes. Default: `{}`.
   * @throws {TypeError} If an option has the wrong type, or the user would be read as an option.
   */
  constructor(options: SudoOptions = {}) {
    super(options);
    if (new.target === Sudo) checkNames(options, "user", "name", "password");
    const { user = "root", name = user, password } = options;
    checkPassword("password", password);
    this.#password = password === undefined ? undefined : new SudoPassword(password);
    linkOf(this).core.launch = { login: { sudo: this.#password } };
    checkNoLeadingDash("user", user);
    checkText("name", name);
    this.#user = user;
    this.host = name;
  }

  /** `sudo`, which fails rather than ask for a password that it was not given. */
  override command(): string[] {
    return sudoCommand(this.#user, this.#password);
  }
}
