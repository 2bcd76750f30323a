import { Docker, type DockerOptions } from "./docker.ts";
import { checkNames } from "./tunnel_options.ts";

/**
 * Options for {@linkcode Podman}: those of {@linkcode Docker}. `dockerArgs` are more arguments for
 * `podman run`.
 */
export type PodmanOptions = DockerOptions;

/**
 * A tunnel into a new container of podman, which lives as long as the connection does.
 *
 * @example
 * ```ts ignore
 * import { Podman } from "@chopsticks/chopsticks";
 *
 * await using tun = new Podman("sandbox", { dockerArgs: ["--network", "none"] });
 * console.log(await tun.call(Deno.readTextFile, "/etc/os-release"));
 * ```
 */
export class Podman extends Docker {
  /** The program that runs containers. */
  protected override readonly engine = "podman";

  /**
   * Names the container; it is started by the first use.
   *
   * @param name The container's name.
   * @param options The image, and options that every tunnel takes. Default: `{}`.
   * @throws {TypeError} If an option has the wrong type, or podman would not accept the name.
   */
  constructor(name: string, options: PodmanOptions = {}) {
    super(name, options);
    if (new.target === Podman) checkNames(options, "image", "rm", "dockerArgs");
  }

  /** With its registry: podman does not look for a short name at Docker's registry by itself. */
  protected override defaultImage(): string {
    return `docker.io/${super.defaultImage()}`;
  }
}
