/**
 * The services that the test runner (`tests/run.ts`) has started, as the tests see them.
 *
 * The runner describes its services in one environment variable. A test names the services that it
 * needs; if one is missing, the test is skipped, and its name says why:
 *
 * ```ts ignore
 * Deno.test(needing("ssh", "SSHTunnel.call() runs a function", async () => {
 *   const { config } = service("ssh");
 *   await using tun = new SSHTunnel("host1", { sshArgs: ["-F", config] });
 * }));
 * ```
 */

/** The environment variable that holds the {@linkcode Services} as JSON. */
export const SERVICES_VARIABLE = "CHOPSTICKS_TEST_SERVICES";

/** The major versions of Node that are tested. */
export const NODE_MAJORS = ["18", "20", "22", "24", "26"] as const;

/** One of {@linkcode NODE_MAJORS}. */
export type NodeMajor = typeof NODE_MAJORS[number];

/** A service that could not be started, and why. */
export interface Unavailable {
  readonly available: false;
  /** The cause and, if known, a remedy. */
  readonly reason: string;
}

/** The local Deno, in a folder where every user of the machine can run it. */
export interface DenoService {
  readonly available: true;
  /** Absolute path; its folder can be used in a `PATH`. */
  readonly path: string;
}

/** The oldest Deno that agents run on. The tests get it from npm. */
export const OLD_DENO = "2.9.0";

/** Node in each major version, in folders where every user of the machine can run it. */
export interface NodeService {
  readonly available: true;
  /** Absolute path of each version; its folder has only `node`, and can be used in a `PATH`. */
  readonly paths: Readonly<Record<NodeMajor, string>>;
}

/** An sshd on loopback. */
export interface SSHService {
  readonly available: true;
  /** A file for `ssh -F`, with the aliases below. */
  readonly config: string;
  /** `host1` to `host60`: all are one sshd, as the current user. */
  readonly hosts: readonly string[];
  /** `refused`: nothing listens on its port. */
  readonly refused: string;
  /** `badkey`: refuses the key. */
  readonly badKey: string;
  /** `unverified`: its host key is unknown, so ssh would ask about it. */
  readonly unverified: string;
  /** `password`: ssh would ask for a password. */
  readonly password: string;
  /** `silent`: accepts connections and never says anything. */
  readonly silent: string;
}

/** Users of the machine with unusual login shells, as aliases in the ssh service's `config`. */
export interface ShellsService {
  readonly available: true;
  /**
   * `fish`, `csh`, `noisy` (first prints 1 MiB without a newline), `bash` (prints from its rc
   * file), `plain` (sh).
   */
  readonly aliases: readonly string[];
}

/** Programs that are `sh` somewhere, such as on Fedora, Alpine, macOS and Android. */
export const POSIX_SHELLS = [
  "bash",
  "busybox",
  "zsh",
  "yash",
  "posh",
  "ksh93",
  "mksh",
] as const;

/** One of {@linkcode POSIX_SHELLS}. */
export type PosixShell = typeof POSIX_SHELLS[number];

/** All those shells, and mount namespaces in which they take the place of `/bin/sh`. */
export interface PosixShellsService {
  readonly available: true;
  /** Absolute path of each. */
  readonly paths: Readonly<Record<PosixShell, string>>;
}

/**
 * Users of the machine with a password, as aliases in the ssh service's `config`: `login-plain`
 * logs in by key, `asks-plain` by the password. `asks-1` to `asks-5` are `plain` at other
 * addresses, and `via-asks-1` to `via-asks-5` the same by way of `asks-1`.
 *
 * sudo asks them for the password: `plain`, `pty` (use_pty), `lecture`, `localised`, `tty`
 * (requiretty), but not `free`.
 */
export interface LoginsService {
  readonly available: true;
  readonly password: string;
  /** From the alias to the user's name. */
  readonly users: Readonly<
    Record<"plain" | "pty" | "lecture" | "localised" | "tty" | "free", string>
  >;
}

/** A dockerd without a network. The runner points `DOCKER_HOST` at it. */
export interface DockerService {
  readonly available: true;
  /** The daemon's address, as in `DOCKER_HOST`. */
  readonly host: string;
  /** An image with Deno, with the name and the entrypoint of the official image of this version. */
  readonly image: string;
  /** An image with Node and without Deno. It exists if the service `node` is available too. */
  readonly nodeImage: string;
  /** An image with neither. */
  readonly bareImage: string;
  /**
   * A container of `image` that runs all the time. It sees the folder of temporary files, by the
   * same path.
   */
  readonly up: string;
  /** The same of `nodeImage`. */
  readonly nodeUp: string;
}

/** A podman without a network. The runner puts it first in `PATH`. */
export interface PodmanService {
  readonly available: true;
  /** The folder with the program. */
  readonly bin: string;
  /** An image with Deno, with the name of the official one. */
  readonly image: string;
  /**
   * A container of `image` that runs all the time. It sees the folder of temporary files, by the
   * same path.
   */
  readonly up: string;
}

/** A Slurm cluster on this machine. The runner points `SLURM_CONF` at it. */
export interface SlurmService {
  readonly available: true;
  /** Its configuration. */
  readonly config: string;
}

/** A stand-in for kubectl, which runs pods as processes. The runner puts it first in `PATH`. */
export interface KubectlService {
  readonly available: true;
  /** The folder with the program. */
  readonly bin: string;
  /** A folder in which each new pod has an entry, as long as it is there. */
  readonly pods: string;
}

/** A sudo that asks for no password. */
export interface SudoService {
  readonly available: true;
  /** The users that sudo works for. */
  readonly users: readonly string[];
}

/** The program that executes notebooks. */
export interface JupyterService {
  readonly available: true;
  /** Absolute path of `jupyter-execute`. */
  readonly path: string;
}

/** The program that tells whether two folders are the same. */
export interface RsyncService {
  readonly available: true;
  /** Absolute path of `rsync`. */
  readonly path: string;
}

/** The program that expands and folds ranges of hosts. */
export interface NodesetService {
  readonly available: true;
  /** Absolute path of `nodeset`. */
  readonly path: string;
}

/** A `deno compile` that can get the runtime for its programs. */
export interface CompilerService {
  readonly available: true;
}

/** A program that this machine has. */
export interface ProgramService {
  readonly available: true;
  /** Its absolute path. */
  readonly path: string;
}

/** Everything that tests can need; see each member. */
export interface Services {
  /** The folder of this run: world-readable, removed at the end. */
  readonly folder: string;
  /** Whether slow tests are left out. */
  readonly quick: boolean;
  readonly deno: DenoService | Unavailable;
  /** The version {@linkcode OLD_DENO}. */
  readonly oldDeno: DenoService | Unavailable;
  readonly node: NodeService | Unavailable;
  readonly ssh: SSHService | Unavailable;
  readonly shells: ShellsService | Unavailable;
  readonly posixShells: PosixShellsService | Unavailable;
  readonly logins: LoginsService | Unavailable;
  readonly docker: DockerService | Unavailable;
  readonly podman: PodmanService | Unavailable;
  readonly slurm: SlurmService | Unavailable;
  readonly kubectl: KubectlService | Unavailable;
  readonly sudo: SudoService | Unavailable;
  readonly jupyter: JupyterService | Unavailable;
  readonly rsync: RsyncService | Unavailable;
  readonly nodeset: NodesetService | Unavailable;
  readonly compiler: CompilerService | Unavailable;
  /** `ansible-inventory`. */
  readonly ansible: ProgramService | Unavailable;
  readonly tmux: ProgramService | Unavailable;
}

/** The name of a service. */
export type ServiceName = Exclude<keyof Services, "folder" | "quick">;

/** No services, all of them for the same reason. */
export function noServices(folder: string, reason: string): Services {
  const missing: Unavailable = { available: false, reason };
  return {
    folder,
    quick: false,
    deno: missing,
    oldDeno: missing,
    node: missing,
    ssh: missing,
    shells: missing,
    posixShells: missing,
    logins: missing,
    docker: missing,
    podman: missing,
    slurm: missing,
    kubectl: missing,
    sudo: missing,
    jupyter: missing,
    rsync: missing,
    nodeset: missing,
    compiler: missing,
    ansible: missing,
    tmux: missing,
  };
}

/** The services that the runner has started; without the runner, none is available. */
export const services: Services = JSON.parse(Deno.env.get(SERVICES_VARIABLE) ?? "null") ??
  noServices("", "run deno task test");

/**
 * Why a service cannot be used.
 *
 * @param names One service or several.
 * @returns The reason of the first one that is missing, or `undefined` if all are available.
 */
export function unavailable(names: ServiceName | readonly ServiceName[]): string | undefined {
  for (const name of [names].flat() as ServiceName[]) {
    const state = services[name];
    if (!state.available) return state.reason;
  }
  return undefined;
}

/**
 * The description of a service that is available.
 *
 * @param name The service.
 * @returns Its description.
 * @throws {Error} If it is not available.
 */
export function service<N extends ServiceName>(
  name: N,
): Extract<Services[N], { available: true }> {
  const state = services[name];
  if (!state.available) throw new Error(`Cannot use ${name}: ${state.reason}`);
  return state as Extract<Services[N], { available: true }>;
}

/**
 * Describes a test that needs services, for `Deno.test`. If one is missing, the test is skipped,
 * and its name says why.
 *
 * @param needs The services that it uses.
 * @param name The test's name.
 * @param fn The test.
 * @returns The argument for `Deno.test`, which is called by the test file: Deno reports its line.
 */
export function needing(
  needs: ServiceName | readonly ServiceName[],
  name: string,
  fn: (t: Deno.TestContext) => void | Promise<void>,
): Deno.TestDefinition {
  const reason = unavailable(needs);
  return reason === undefined
    ? { name, fn }
    : { name: `${name} (skipped: ${reason})`, fn, ignore: true };
}

/**
 * Describes a test that needs no service but takes seconds, for `Deno.test`. `deno task quick`
 * skips it.
 *
 * @param name The test's name.
 * @param fn The test.
 * @returns What `Deno.test` takes.
 */
export function slow(
  name: string,
  fn: (t: Deno.TestContext) => void | Promise<void>,
): Deno.TestDefinition {
  return services.quick
    ? { name: `${name} (skipped: it is slow)`, fn, ignore: true }
    : { name, fn };
}
