import { randomBytes } from "node:crypto";
import { checkArgs } from "./arguments/check.ts";
import { checkNoLeadingDash } from "./arguments/leading_dash.ts";
import { SubprocessTunnel } from "./subprocess_tunnel.ts";
import { checkNames, type TunnelOptions } from "./tunnel_options.ts";

/** Options for {@linkcode Slurm}. */
export interface SlurmOptions extends TunnelOptions {
  /** More arguments for srun, such as `["--partition", "gpu", "--time", "10", "--mem", "4G"]`. */
  readonly srunArgs?: readonly string[] | undefined;
}

/**
 * srun makes a terminal of what an unbuffered task prints to, which `node:net` cannot write to, so
 * `cat` stands between. It has to write the agent's last frame, so it stays when the agent's shell
 * ends its process group; so does this shell, or srun would report whom the signal ended. When the
 * job is cancelled, it ends the group: some clusters lose sight of processes without a parent.
 */
const RELAY = 'exec 3<&0;trap "(sleep 1;kill -9 0) >/dev/null 2>&1&" TERM;' +
  '"$@" <&3 3<&-|(trap "" TERM;exec cat) 3<&-& p=$!;exec 3<&-;wait $p||wait $p';

/**
 * A tunnel to a job of a Slurm cluster: one task, started by srun. The job begins with the first
 * use, and ends with the connection. It may have to wait in the queue: `connectTimeout` counts from
 * when it runs. To wait no longer than a time of your own, use `with({ signal })` and close the
 * tunnel when that aborts.
 *
 * @example
 * ```ts ignore
 * import { Slurm } from "@chopsticks/chopsticks";
 *
 * await using tun = new Slurm("worker", { srunArgs: ["--cpus-per-task", "4"] });
 * console.log(await tun.call(Deno.hostname));
 * ```
 */
export class Slurm extends SubprocessTunnel {
  /** The tunnel's name in results and messages. */
  override readonly host: string;
  /** The job may have to wait in the queue. */
  protected override readonly queued = true;
  /** The name of the job, by which it can be cancelled without knowing its number. */
  readonly #job = `chopsticks-${randomBytes(8).toString("hex")}`;
  readonly #srunArgs: readonly string[];

  /**
   * Names the tunnel; the job is submitted by the first use.
   *
   * @param name The tunnel's name in results and messages.
   * @param options Arguments for srun, and options that every tunnel takes. Default: `{}`.
   * @throws {TypeError} If an option or the name has the wrong type.
   */
  constructor(name: string, options: SlurmOptions = {}) {
    super(options);
    if (new.target === Slurm) checkNames(options, "srunArgs");
    checkNoLeadingDash("name", name);
    checkArgs("srunArgs", options.srunArgs);
    this.host = name;
    this.#srunArgs = options.srunArgs ?? [];
  }

  /** `srun`, with a job's name of its own. */
  override command(): string[] {
    return [
      "srun",
      ...this.#srunArgs,
      // What is given twice counts the second time: there must be one task, with this name.
      ...["--unbuffered", "--ntasks=1", `--job-name=${this.#job}`],
      ...["sh", "-c", RELAY, "sh"],
    ];
  }

  /** `scancel`: if srun is killed, nothing reaches the job. */
  protected override cancelCommand(): string[] {
    return ["scancel", "--quiet", `--name=${this.#job}`];
  }
}
