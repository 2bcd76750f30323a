import { userInfo } from "node:os";
import { dirname } from "node:path";
import { SSHTunnel, type SSHTunnelOptions } from "../../../mod.ts";
import { command, startDaemon, which } from "../../services/command.ts";
import { freePorts } from "../../services/free_port.ts";
import { service } from "../../services/services.ts";
import { bareCommand, type BareMachine } from "./_bare.ts";

/**
 * An sshd on a bare machine, and nothing else: ssh, its login shell and its sessions are the real
 * ones. The user's home folder there is empty, in memory, and nobody else's. Needs the services
 * `ssh` and `sudo`.
 */
export class BareSshd implements AsyncDisposable {
  readonly #name: string;
  readonly #port: number;
  readonly #daemon: Deno.ChildProcess;
  readonly #log: string;

  /** Starts one; `name` is what its tunnels are called. Several at once need a `port` each. */
  static async start(
    machine: Omit<BareMachine, "home"> = {},
    name = "bare",
    port: number = freePorts(1)[0]!,
  ): Promise<BareSshd> {
    const sshd = new BareSshd(machine, name, port);
    try {
      await sshd.#untilUp();
    } catch (error) {
      await sshd[Symbol.asyncDispose]();
      throw error;
    }
    return sshd;
  }

  private constructor(
    { setup = "", ...machine }: Omit<BareMachine, "home">,
    name: string,
    port: number,
  ) {
    this.#name = name;
    this.#port = port;
    this.#log = Deno.makeTempFileSync({ prefix: "chopsticks-bare-sshd-" });
    const home = userInfo().homedir;
    const own = `mkdir -p /run/sshd;mount -t tmpfs -o mode=700 none ${home};${setup}`;
    const argv = bareCommand({ ...machine, home, setup: own });
    const config = `${dirname(service("ssh").config)}/sshd_config`;
    this.#daemon = startDaemon(
      [...argv, which("sshd")!, "-D", "-e", "-o", `Port=${port}`, "-f", config],
      this.#log,
    );
  }

  /** A tunnel to it. */
  tunnel(options: SSHTunnelOptions = {}, host = "host1"): SSHTunnel {
    return new SSHTunnel(host, { name: this.#name, ...options, sshArgs: this.sshArgs });
  }

  /** Arguments for `ssh` and `scp`. */
  get sshArgs(): string[] {
    const { config } = service("ssh");
    const known = Deno.readTextFileSync(`${dirname(config)}/known_hosts`).split(",")[0];
    return ["-F", config, "-o", `Port=${this.#port}`, "-o", `HostKeyAlias=${known}`];
  }

  /** The path by which this machine sees a path of that one. */
  path(path: string): string {
    return `/proc/${this.#daemon.pid}/root${path.replace(/^~/, userInfo().homedir)}`;
  }

  /** The names in a folder there; none if there is no such folder. */
  names(folder: string): string[] {
    try {
      return [...Deno.readDirSync(this.path(folder))].map(({ name }) => name).sort();
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return [];
      throw error;
    }
  }

  async #untilUp(): Promise<void> {
    let ended = false;
    this.#daemon.status.then(() => ended = true);
    for (;;) {
      const { success } = await command(["ssh", ...this.sshArgs, "host1", "true"]);
      if (success) return;
      if (ended) throw new Error(await Deno.readTextFile(this.#log));
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#daemon.ref();
    try {
      this.#daemon.kill("SIGTERM");
    } catch {
      // It has ended.
    }
    await this.#daemon.status;
    await Deno.remove(this.#log);
  }
}
