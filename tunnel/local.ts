import { linkOf } from "./operation/link.ts";
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
 * import { Local } from "../mod.ts";
 *
 * await using tun = new Local("worker");
 * console.log(await tun.call(Date.now));
 * ```
 */
export class Local extends SubprocessTunnel {
  /** What the tunnel is called in results and messages. */
  override readonly host: string;

  /**
   * Names the tunnel; the process is started by the first use.
   *
   * @param name What the tunnel is called in results. Default: `"localhost"`.
   * @param options Options that every tunnel takes. Default: `{}`.
   * @throws {TypeError} If an option is not what it should be.
   */
  constructor(name = "localhost", options: LocalOptions = {}) {
    super(options);
    if (new.target === Local) checkNames(options);
    linkOf(this).core.launch = { here: true, sameUser: true };
    checkText("name", name);
    this.host = name;
  }

  /** Nothing stands in front of the agent's command. */
  override command(): string[] {
    return [];
  }
}
