import { command, startDaemon, which } from "../services/command.ts";
import { freePorts } from "../services/free_port.ts";
import { service } from "../services/services.ts";

/** An sshd of its own, so that all that it runs belongs to one moment. */
export class Server implements AsyncDisposable {
  /** Its process. */
  readonly pid: number;
  /** Where it listens. */
  readonly address: string;
  readonly port: number;
  readonly #daemon: Deno.ChildProcess;

  private constructor(daemon: Deno.ChildProcess, address: string, port: number) {
    this.#daemon = daemon;
    this.pid = daemon.pid;
    this.address = address;
    this.port = port;
  }

  /**
   * Starts sshd, with the keys of the service `ssh`.
   *
   * @param folder A folder for its files, which is in that of the run.
   * @param address Where to listen, in the network namespace `namespace`.
   */
  static async start(folder: string, address: string, namespace?: string): Promise<Server> {
    const { config } = service("ssh");
    const port = namespace === undefined ? freePorts(1)[0]! : 22;
    const text = (await Deno.readTextFile(config.replace(/ssh_config$/, "sshd_config")))
      .replace(/^ListenAddress .*\n/gm, "")
      .replace(/^Port .*$/m, `Port ${port}\nListenAddress ${address}`);
    const path = `${folder}/sshd_config_${port}`;
    await Deno.writeTextFile(path, text);
    const argv = [which("sshd")!, "-D", "-e", "-f", path];
    if (namespace !== undefined) argv.unshift(which("ip")!, "netns", "exec", namespace);
    const server = new Server(startDaemon(argv, `${path}.log`), address, port);
    await server.#untilUp(namespace);
    return server;
  }

  async #untilUp(namespace: string | undefined): Promise<void> {
    const probe = [
      ...namespace === undefined ? [] : ["ip", "netns", "exec", namespace],
      ...["ssh", ...this.sshArgs(), "-o", "ConnectTimeout=5", "host1", "true"],
    ];
    for (let tries = 0;; tries++) {
      const { success, problem } = await command(probe);
      if (success) return;
      if (tries === 100) throw new Error(`Cannot start sshd: ${problem}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** What ssh needs to log in there as `host1`, or by way of another port. */
  sshArgs(port: number = this.port): string[] {
    const options = [
      `HostName=${this.address}`,
      "StrictHostKeyChecking=no",
      "UserKnownHostsFile=/dev/null",
      "LogLevel=ERROR",
    ];
    return [
      ...["-F", service("ssh").config, "-p", `${port}`],
      ...options.flatMap((option) => ["-o", option]),
    ];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#daemon.ref();
    this.#daemon.kill("SIGKILL");
    await this.#daemon.status;
  }
}
