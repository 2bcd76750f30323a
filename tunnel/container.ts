import { checkContainerName } from "./arguments/container_name.ts";
import { checkNoLeadingDash } from "./arguments/leading_dash.ts";
import { SubprocessTunnel } from "./subprocess_tunnel.ts";
import { checkNames, type TunnelOptions } from "./tunnel_options.ts";

/** Options for {@linkcode Container}. */
export interface ContainerOptions extends TunnelOptions {
  /**
   * The program that knows the container: `"docker"`, `"podman"`, or one that is called in the same
   * way, such as `"nerdctl"`.
   *
   * @default {"docker"}
   */
  readonly engine?: string | undefined;
  /**
   * The user in the container: a name or a number, and perhaps a group, such as `"www-data"` or
   * `"1000:1000"`.
   *
   * @default {the one that the container runs as}
   */
  readonly user?: string | undefined;
}

/**
 * A tunnel into a container that runs already. It is there before and after the connection; what
 * the agent has started in it ends with the connection.
 *
 * @example
 * ```ts ignore
 * import { Container } from "@chopsticks/chopsticks";
 *
 * await using tun = new Container("my-app-1", { engine: "podman", user: "postgres" });
 * console.log(await tun.call(Deno.readTextFile, "/etc/os-release"));
 * ```
 */
export class Container extends SubprocessTunnel {
  /** The tunnel's name in results and messages. */
  override readonly host: string;
  readonly #options: ContainerOptions;

  /**
   * Names the container; the agent is started in it by the first use.
   *
   * @param name The container's name or id.
   * @param options The engine, the user, and options that every tunnel takes. Default: `{}`.
   * @throws {TypeError} If an option has the wrong type, or the engine would read a name as an
   * option.
   */
  constructor(name: string, options: ContainerOptions = {}) {
    super(options);
    if (new.target === Container) checkNames(options, "engine", "user");
    checkContainerName("name", name);
    if (options.engine !== undefined) checkNoLeadingDash("engine", options.engine);
    if (options.user !== undefined) checkNoLeadingDash("user", options.user);
    this.host = name;
    this.#options = options;
  }

  /** `docker exec`, or the same of another engine. */
  override command(): string[] {
    const { engine = "docker", user } = this.#options;
    return [engine, "exec", "-i", ...user === undefined ? [] : ["-u", user], this.host];
  }

  /** The same again: nothing in the container notices that the client is gone. */
  protected override besideCommand(): string[] {
    return this.command();
  }
}
