import { SubprocessTunnel, type TunnelOptions } from "../../mod.ts";
import { service } from "../services/services.ts";

const HIDE = 'while [ "$1" != -- ];do mount -t tmpfs none "$1"||exit 1;shift;done;shift;exec "$@"';

/**
 * A far end on this machine that does not see some folders, as if it were another machine. The
 * sandbox of the tests that have the service `sudo` lets them mount.
 */
export class Hidden extends SubprocessTunnel {
  readonly host = "hidden";
  readonly #folders: readonly string[];

  constructor(folders: readonly string[], options: TunnelOptions = {}) {
    super({ cwd: "/", ...options });
    this.#folders = folders;
  }

  override command(): string[] {
    return ["unshare", "-m", "sh", "-c", HIDE, "sh", ...this.#folders, "--"];
  }
}

/** The options of each kind of agent. */
export function everyAgent(): Record<string, TunnelOptions> {
  const { paths } = service("node");
  return {
    deno: { runtime: "deno", deno: Deno.execPath() },
    node18: { runtime: "node", node: paths["18"] },
    node26: { runtime: "node", node: paths["26"] },
  };
}
