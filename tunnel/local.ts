import { SubprocessTunnel } from "./subprocess_tunnel.ts";
import { checkText } from "./arguments/check.ts";
import { checkNames, type TunnelOptions } from "./tunnel_options.ts";

/** Options for {@linkcode Local}. */
export type LocalOptions = TunnelOptions;

/**
 * A tunnel to a process on this machine.
 *
 * @example
 * ```ts
 * import { Local } from "@chopsticks/chopsticks";
 *
 * await using tun = new Local("worker");
 * console.log(await tun.call(Date.now));
 * ```
 */
export class Local extends SubprocessTunnel {
  /** The tunnel's name in results and messages. */
  override readonly host: string;
  /** The agent runs on this machine. */
  protected override readonly otherMachine = false;

  /**
   * Names the tunnel; the process is started by the first use.
   *
   * @param name The tunnel's name in results and messages. Default: `"localhost"`.
   * @param options Options that every tunnel takes. Default: `{}`.
   * @throws {TypeError} If an option or the name has the wrong type.
   */
  constructor(name = "localhost", options: LocalOptions = {}) {
    super(options);
    if (new.target === Local) checkNames(options);
    checkText("name", name);
    this.host = name;
  }

  /** Empty: the agent's command runs as it is. */
  override command(): string[] {
    return [];
  }
}
