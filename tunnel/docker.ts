import { ownVersion } from "./provision/own_version.ts";
import { SubprocessTunnel } from "./subprocess_tunnel.ts";
import { checkArgs, checkBoolean } from "./arguments/check.ts";
import { checkContainerName } from "./arguments/container_name.ts";
import { checkNoLeadingDash } from "./arguments/leading_dash.ts";
import { checkNames, type TunnelOptions } from "./tunnel_options.ts";

/** Options for {@linkcode Docker}. */
export interface DockerOptions extends TunnelOptions {
  /**
   * The image to run. It must have a POSIX shell, `cat`, and Deno or Node, unless `provision` is
   * set.
   *
   * @default {the official image of the Deno that runs this script}
   */
  readonly image?: string | undefined;
  /**
   * Whether the container is removed when the tunnel is closed.
   *
   * @default {true}
   */
  readonly rm?: boolean | undefined;
  /** More arguments for `docker run`, such as `["--network", "none"]`. */
  readonly dockerArgs?: readonly string[] | undefined;
}

/**
 * A tunnel into a new Docker container, which lives as long as the connection does. If Docker has
 * to pull the image first, a longer `connectTimeout` may be needed.
 *
 * @example
 * ```ts ignore
 * import { Docker } from "@chopsticks/chopsticks";
 *
 * await using tun = new Docker("sandbox", { dockerArgs: ["--network", "none"] });
 * console.log(await tun.call(Deno.readTextFile, "/etc/os-release"));
 * ```
 */
export class Docker extends SubprocessTunnel {
  /** The tunnel's name in results and messages. */
  override readonly host: string;
  /** The program that runs containers. */
  protected readonly engine: string = "docker";
  readonly #options: DockerOptions;

  /**
   * Names the container; it is started by the first use.
   *
   * @param name The container's name.
   * @param options The image, and options that every tunnel takes. Default: `{}`.
   * @throws {TypeError} If an option has the wrong type, or Docker would not accept the name.
   */
  constructor(name: string, options: DockerOptions = {}) {
    super(options);
    if (new.target === Docker) checkNames(options, "image", "rm", "dockerArgs");
    checkContainerName("name", name);
    if (options.image !== undefined) checkNoLeadingDash("image", options.image);
    checkBoolean("rm", options.rm);
    checkArgs("dockerArgs", options.dockerArgs);
    this.host = name;
    this.#options = options;
  }

  /** `docker run`, without the image's own entry point. */
  override command(): string[] {
    const { image = this.defaultImage(), rm = true, dockerArgs = [] } = this.#options;
    return [
      this.engine,
      "run",
      "--interactive",
      ...rm ? ["--rm"] : [],
      "--name",
      this.host,
      "--entrypoint",
      "",
      ...dockerArgs,
      image,
    ];
  }

  /** `docker exec`: nothing in the container notices that the client is gone. */
  protected override besideCommand(): string[] {
    return [this.engine, "exec", this.host];
  }

  /** The image to run if the option `image` names none. */
  protected defaultImage(): string {
    return `denoland/deno:${ownVersion()}`;
  }
}
