import { typeError } from "./misuse.ts";
import { randomBytes } from "node:crypto";
import { checkArgs } from "./arguments/check.ts";
import { checkNoLeadingDash } from "./arguments/leading_dash.ts";
import { SubprocessTunnel } from "./subprocess_tunnel.ts";
import { checkNames, type TunnelOptions } from "./tunnel_options.ts";

/** Options for {@linkcode Kubernetes}. */
export interface KubernetesOptions extends TunnelOptions {
  /**
   * The pod's namespace.
   *
   * @default {the one that kubectl itself would take}
   */
  readonly namespace?: string | undefined;
  /**
   * The context of kubectl's configuration, which says which cluster is meant.
   *
   * @default {the one that kubectl itself would take}
   */
  readonly context?: string | undefined;
  /**
   * The container in the pod. Not together with `image`, since the new pod has only one.
   *
   * @default {the one that kubectl itself would take}
   */
  readonly container?: string | undefined;
  /**
   * The image of a new pod, which lives as long as the connection does. It must have a POSIX shell,
   * `cat`, and Deno or Node, unless `provision` is set.
   *
   * @default {none: the pod exists already}
   */
  readonly image?: string | undefined;
  /** More arguments for `kubectl exec`, or with `image` for `kubectl run`. */
  readonly kubectlArgs?: readonly string[] | undefined;
}

/**
 * A tunnel into a pod of a Kubernetes cluster: one that runs already, or with the option `image` a
 * new one, which lives as long as the connection does. kubectl does the work, so clusters and
 * credentials are as always. If an image has to be pulled first, a longer `connectTimeout` may be
 * needed.
 *
 * @example
 * ```ts ignore
 * import { Kubernetes } from "@chopsticks/chopsticks";
 *
 * await using tun = new Kubernetes("web-0", { namespace: "shop", container: "app" });
 * console.log(await tun.call(Deno.readTextFile, "/etc/os-release"));
 * ```
 */
export class Kubernetes extends SubprocessTunnel {
  /** The tunnel's name in results and messages. */
  override readonly host: string;
  /** A label that only this tunnel's own pod has: another pod may have the same name. */
  readonly #label = `chopsticks=${randomBytes(8).toString("hex")}`;
  readonly #options: KubernetesOptions;

  /**
   * Names the pod; kubectl is started by the first use.
   *
   * @param pod The pod's name, which is the tunnel's in results and messages, too.
   * @param options Where the pod is, and options that every tunnel takes. Default: `{}`.
   * @throws {TypeError} If an option has the wrong type, or kubectl would read it as another one.
   */
  constructor(pod: string, options: KubernetesOptions = {}) {
    super(options);
    if (new.target === Kubernetes) {
      checkNames(options, "namespace", "context", "container", "image", "kubectlArgs");
    }
    checkNoLeadingDash("pod", pod);
    for (const key of ["namespace", "context", "container", "image"] as const) {
      if (options[key] !== undefined) checkNoLeadingDash(key, options[key]);
    }
    checkArgs("kubectlArgs", options.kubectlArgs);
    if (options.container !== undefined && options.image !== undefined) {
      throw typeError(
        "container and image are both set: a new pod has one container; leave out container",
      );
    }
    this.host = pod;
    this.#options = options;
  }

  /** `kubectl exec`, or with an image `kubectl run`. */
  override command(): string[] {
    const { container, image, kubectlArgs = [] } = this.#options;
    if (image === undefined) {
      const inside = container === undefined ? [] : ["-c", container];
      return [...this.#kubectl(), "exec", "-i", ...inside, ...kubectlArgs, this.host, "--"];
    }
    return [
      ...this.#kubectl(),
      ...["run", "-i", "--rm", "--quiet", "--restart=Never"],
      ...[`--image=${image}`, `--labels=${this.#label}`],
      ...kubectlArgs,
      this.host,
      ...["--command", "--"],
    ];
  }

  /** The same again: nothing in the container notices that kubectl is gone. */
  protected override besideCommand(): string[] {
    return this.command();
  }

  /** Deletes the new pod: kubectl does that itself, unless it is killed. */
  protected override cancelCommand(): string[] | undefined {
    return this.#options.image === undefined ? undefined : [
      ...this.#kubectl(),
      ...["delete", "pods", `--selector=${this.#label}`, "--now", "--ignore-not-found"],
    ];
  }

  #kubectl(): string[] {
    const { context, namespace } = this.#options;
    return [
      "kubectl",
      ...context === undefined ? [] : ["--context", context],
      ...namespace === undefined ? [] : ["--namespace", namespace],
    ];
  }
}
