import { ownUid } from "../agent/files/own_uid.ts";
import { agentHost } from "../agent/agent_host.ts";
import { AgentConnection } from "./connection/agent_connection.ts";
import { AGENT_COMMAND, commandThatTells } from "./connection/bootstrap.ts";
import { checkDepth } from "./connection/depth_limit.ts";
import { ownInterpreter } from "./connection/interpreters.ts";
import { telemetryVariables } from "./connection/telemetry_variables.ts";
import { typeError } from "./misuse.ts";
import { linkOf, setCore } from "./operation/link.ts";
import { permissionFlags } from "./arguments/permission_flags.ts";
import { entryModule } from "./modules/entry_module.ts";
import { IncludedFiles } from "./modules/included_files.ts";
import { ServedFolders } from "./modules/served_folders.ts";
import { Session } from "./session/session.ts";
import { quote } from "./connection/shell_quote.ts";
import { sshVersion } from "./login/ssh_version.ts";
import { lineReporter } from "./connection/stderr_lines.ts";
import { BaseTunnel } from "./base_tunnel.ts";
import { checkText } from "./arguments/check.ts";
import { checkOptions, DEFAULTS, provisionOptions, type TunnelOptions } from "./tunnel_options.ts";

/**
 * A tunnel through the stdin and stdout of a process. To write a driver for another kind of pipe,
 * make a subclass that says how to run a command at the far end.
 *
 * @example A tunnel into a chroot
 * ```ts
 * import { SubprocessTunnel } from "@chopsticks/chopsticks";
 *
 * class Chroot extends SubprocessTunnel {
 *   readonly host = "jail";
 *   command(): string[] {
 *     return ["chroot", "/srv/jail"];
 *   }
 * }
 *
 * console.log(`${new Chroot()}`); // Chroot('jail')
 * ```
 */
export abstract class SubprocessTunnel extends BaseTunnel {
  /** Path of Deno at the far end, for all tunnels of the type that do not set the option `deno`. */
  static deno: string | undefined = undefined;
  /** Path of Node at the far end, for all tunnels of the type that do not set the option `node`. */
  static node: string | undefined = undefined;

  /**
   * Whether a shell at the far end reads the words that follow
   * {@linkcode SubprocessTunnel.prototype.command | command}, as with ssh.
   *
   * @default {false}
   */
  readonly remoteShell: boolean = false;

  /**
   * Whether the far end is another machine, a container or the like, where no signal of this
   * process reaches. If not, the interpreter that runs this script is the first choice there.
   *
   * @default {true}
   */
  protected readonly otherMachine: boolean = true;

  /**
   * Whether the agent belongs to another user. On this machine, it then does not use Deno's cache.
   *
   * @default {false}
   */
  protected readonly otherUser: boolean = false;

  /**
   * Whether the process stays at the terminal of this script, where it can ask something by itself,
   * and where Ctrl-C reaches it too. Only for another machine: at the end, the agent's shell there
   * ends its whole process group, which would be that of this script.
   *
   * @default {false}
   */
  protected readonly terminal: boolean = false;

  /**
   * Whether the agent's command may have to wait until it is run, as in the queue of a cluster.
   * `connectTimeout` then counts from when it runs.
   *
   * @default {false}
   */
  protected readonly queued: boolean = false;

  readonly #options: TunnelOptions;
  readonly #serve: ServedFolders;
  readonly #include: IncludedFiles;

  /**
   * Checks the options; the process is started by the first use.
   *
   * @param options Options that every tunnel takes. Those of the subclass may be among them.
   * Default: `{}`.
   * @throws {TypeError} If an option has the wrong type.
   * @throws {RangeError} If `connectTimeout` or `keepAlive` is not a time, `connectRetries` not a
   * number of attempts, or `maxResult` not a number of bytes.
   */
  constructor(options: TunnelOptions = {}) {
    super();
    checkOptions(options);
    this.#options = options;
    this.#serve = new ServedFolders(options.serve ?? []);
    const { include = [], includeLimit = DEFAULTS.includeLimit } = options;
    this.#include = new IncludedFiles(include, includeLimit);
    const { connectRetries = DEFAULTS.connectRetries } = options;
    setCore(this, (onEnd) => this.#open(onEnd), connectRetries);
  }

  /** The argv in front of the agent's own command. It is called at each connect. */
  abstract command(): string[];

  /**
   * The argv of a command that ends what {@linkcode SubprocessTunnel.prototype.command | command}
   * has begun, for programs that may leave something behind when they are killed, such as a job. It
   * runs whenever the connection has ended, by whatever death of this script, and may run more than
   * once. It must do no harm when there is nothing to end. It is called at each connect.
   *
   * @returns `undefined`, unless a driver overrides it: no such command is needed.
   */
  protected cancelCommand(): string[] | undefined {
    return undefined;
  }

  /**
   * The argv in front of a command that runs beside the agent, for far ends where nothing notices
   * that the process of `command()` is gone, such as a container. A command that kills the agent,
   * with what it runs, is run with it when the connection has ended, by whatever death of this
   * script, unless the agent has told its end. It is called at each connect, and not for a driver
   * that has a `cancelCommand()`.
   *
   * @returns `undefined`, unless a driver overrides it: the far end notices that.
   */
  protected besideCommand(): string[] | undefined {
    return undefined;
  }

  #open(onEnd: () => void): Session {
    const { host } = this;
    checkText("host", host);
    const { path, depthLimit } = checkDepth(host);
    const controller = agentHost();
    const main = controller === undefined ? entryModule() : controller.main;
    const options = this.#options;
    const type = this.constructor as typeof SubprocessTunnel;
    const { launch } = linkOf(this).core;
    const { runtime = "auto", permissions, env = {}, cwd, stderr } = options;
    const report = lineReporter(host, stderr);
    const start = launch.login?.sudo === undefined
      ? AGENT_COMMAND
      : commandThatTells(launch.login.sudo.started);
    const words = (argv: readonly string[]): readonly string[] =>
      this.remoteShell ? [argv.map(quote).join(" ")] : argv;
    const login = launch.login !== undefined
      ? { ...launch.login, host, ask: options.ask }
      : this.remoteShell && options.ask !== undefined
      // The ssh of a driver of the user's own.
      ? { ssh: sshVersion("ssh"), host, ask: options.ask }
      : undefined;
    const { otherMachine, otherUser, terminal } = this;
    if (terminal && !otherMachine) {
      throw typeError(
        `Cannot connect to ${host}: the driver has terminal, but not otherMachine; ` +
          "a process at the terminal is in the process group of this script, which would end with it",
      );
    }
    const cancelCommand = this.cancelCommand();
    const besideCommand = cancelCommand === undefined ? this.besideCommand() : undefined;
    const connection = new AgentConnection({
      host,
      command: [...this.command(), ...words(start)],
      cancelCommand,
      beside: besideCommand && ((command) => [...besideCommand, ...words(command)]),
      queued: this.queued,
      login,
      // A session of its own, out of reach of the terminal: Ctrl-C is the script's affair.
      detached: !terminal,
      isLocal: !otherMachine,
      outOfReach: otherMachine || otherUser && ownUid() !== 0,
      bootstrap: {
        runtime: permissions === undefined ? runtime : "deno",
        deno: options.deno ?? type.deno,
        node: options.node ?? type.node,
        own: otherMachine ? undefined : ownInterpreter(),
        useCache: !otherMachine && !otherUser && typeof Deno !== "undefined" &&
          !("HOME" in env || "XDG_CACHE_HOME" in env),
        permissionFlags: permissionFlags(permissions),
        env: { ...telemetryVariables(), ...env },
        cwd,
      },
      // A path that was given is the only one of its kind.
      provision: (options.deno ?? type.deno) === undefined
        ? provisionOptions(options.provision)
        : undefined,
      connectTimeout: options.connectTimeout ?? DEFAULTS.connectTimeout,
      keepAlive: options.keepAlive ?? DEFAULTS.keepAlive,
      info: {
        ...{ path, depthLimit, serve: controller?.serve ?? this.#serve.urls },
        ...main !== undefined && { main },
      },
      onLine: report,
      holdsLines: stderr === undefined,
      onChannel: (channel, header) => session.handleChannel(channel, header),
      onEnd,
    });
    const maxResult = options.maxResult ?? DEFAULTS.maxResult;
    const session = new Session(
      { host, serve: this.#serve, include: this.#include, report, maxResult },
      connection,
    );
    return session;
  }
}
