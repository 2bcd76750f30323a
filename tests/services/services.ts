/**
 * What the test runner (`tests/run.ts`) has started, as the tests see it.
 *
 * The runner describes its services in one environment variable; a test that needs one says so,
 * and shows why in its name when it has to be skipped:
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
  /** What is missing, and where known, what to do about it. */
  readonly reason: string;
}

/** The local Deno, where every user of the machine can run it. */
export interface DenoService {
  readonly available: true;
  /** Absolute path; its folder can be used in a `PATH`. */
  readonly path: string;
}

/** The oldest Deno that agents run on, which the tests get from npm. */
export const OLD_DENO = "2.9.0";

/** Node, one of each major version, where every user of the machine can run it. */
export interface NodeService {
  readonly available: true;
  /** Absolute path for each major version; each folder holds `node` only, for use in a `PATH`. */
  readonly paths: Readonly<Record<NodeMajor, string>>;
}

/** An sshd of our own on loopback. */
export interface SSHService {
  readonly available: true;
  /** A file for `ssh -F`, with the aliases below. */
  readonly config: string;
  /** `host1` to `host60`: one sshd, as the current user. */
  readonly hosts: readonly string[];
  /** `refused`: nothing listens there. */
  readonly refused: string;
  /** `badkey`: refuses the key. */
  readonly badKey: string;
  /** `unverified`: its host key is not known, and ssh would ask about it. */
  readonly unverified: string;
  /** `password`: ssh would ask for a password. */
  readonly password: string;
  /** `silent`: accepts connections and never says anything. */
  readonly silent: string;
}

/** Users of the machine with unusual login shells, as aliases in the ssh service's `config`. */
export interface ShellsService {
  readonly available: true;
  /** `fish`, `csh`, `noisy` (1 MiB without a newline first), `bash` (prints from its rc file), `plain` (sh). */
  readonly aliases: readonly string[];
}

/** A dockerd of our own, without a network. The runner points `DOCKER_HOST` at it. */
export interface DockerService {
  readonly available: true;
  /** The daemon's address, as in `DOCKER_HOST`. */
  readonly host: string;
  /** An image with Deno: named as the official one of this version, and with its entrypoint. */
  readonly image: string;
  /** An image with Node and without Deno; it exists when the service `node` is available too. */
  readonly nodeImage: string;
}

/** A sudo that asks nothing. */
export interface SudoService {
  readonly available: true;
  /** The users that sudo has been tried with. */
  readonly users: readonly string[];
}

/** A program that executes notebooks. */
export interface JupyterService {
  readonly available: true;
  /** Absolute path of `jupyter-execute`. */
  readonly path: string;
}

/** A program that tells whether two folders are the same. */
export interface RsyncService {
  readonly available: true;
  /** Absolute path of `rsync`. */
  readonly path: string;
}

/** Everything that tests can need; see each member. */
export interface Services {
  /** The folder of this run: world-readable, removed at the end. */
  readonly folder: string;
  readonly deno: DenoService | Unavailable;
  /** The version {@linkcode OLD_DENO}. */
  readonly oldDeno: DenoService | Unavailable;
  readonly node: NodeService | Unavailable;
  readonly ssh: SSHService | Unavailable;
  readonly shells: ShellsService | Unavailable;
  readonly docker: DockerService | Unavailable;
  readonly sudo: SudoService | Unavailable;
  readonly jupyter: JupyterService | Unavailable;
  readonly rsync: RsyncService | Unavailable;
}

/** The name of a service. */
export type ServiceName = Exclude<keyof Services, "folder">;

const NOT_STARTED: Unavailable = { available: false, reason: "run deno task test" };

/** What the runner has started; without the runner, nothing. */
export const services: Services = JSON.parse(Deno.env.get(SERVICES_VARIABLE) ?? "null") ?? {
  folder: "",
  deno: NOT_STARTED,
  oldDeno: NOT_STARTED,
  node: NOT_STARTED,
  ssh: NOT_STARTED,
  shells: NOT_STARTED,
  docker: NOT_STARTED,
  sudo: NOT_STARTED,
  jupyter: NOT_STARTED,
  rsync: NOT_STARTED,
};

/**
 * Why a service cannot be used.
 *
 * @param names One service or several.
 * @returns The reason of the first that is missing, or `undefined` if all are there.
 */
export function unavailable(names: ServiceName | readonly ServiceName[]): string | undefined {
  for (const name of [names].flat() as ServiceName[]) {
    const state = services[name];
    if (!state.available) return state.reason;
  }
  return undefined;
}

/**
 * A service that is there.
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
 * Describes a test that needs services, for `Deno.test`. Where one is missing the test is skipped, and
 * its name says why.
 *
 * @param needs The services it uses.
 * @param name The test's name.
 * @param fn The test.
 * @returns What `Deno.test` takes; called there, so that Deno reports the place of the test itself.
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
