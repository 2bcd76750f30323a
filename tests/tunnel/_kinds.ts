import {
  Container,
  Docker,
  Kubernetes,
  Local,
  Podman,
  Slurm,
  SSHTunnel,
  SubprocessTunnel,
  Sudo,
  type TunnelOptions,
} from "../../mod.ts";
import {
  NODE_MAJORS,
  type NodeMajor,
  OLD_DENO,
  POSIX_SHELLS,
  service,
  type ServiceName,
} from "../services/services.ts";

/** The runtime of the agent: the local Deno, the oldest one, or a major version of Node. */
export type Runtime = "deno" | "oldDeno" | NodeMajor;

/** Options for {@linkcode Kind.open}. */
export interface OpenOptions extends TunnelOptions {
  /** A folder of this machine that a container must see too. Other tunnels see it anyway. */
  readonly folder?: string;
}

/** A kind of tunnel with a runtime for its agent: one column of the behaviour suite. */
export interface Kind {
  /** Such as `SSHTunnel, Node 20`. */
  readonly name: string;
  readonly way: Way;
  readonly runtime: Runtime;
  readonly isDeno: boolean;
  /** The program that makes a new container for each connection. */
  readonly engine: "docker" | "podman" | undefined;
  /** Whether the far end has a name, processes and a disk of its own. */
  readonly isContainer: boolean;
  /** The services that it needs. */
  readonly needs: readonly ServiceName[];
  /** Makes a new tunnel. */
  open(options?: OpenOptions): SubprocessTunnel;
}

/** How an agent is reached. */
export type Way =
  | ("local" | "ssh" | "sshSudo" | "sudoRoot" | "sudoNobody" | "slurm" | "shell")
  | ("docker" | "podman" | "container" | "podmanContainer" | "pod" | "newPod");

interface WayEntry {
  readonly name: string;
  readonly engine?: Kind["engine"];
  readonly isContainer?: boolean;
  readonly needs: readonly ServiceName[];
  readonly runtimes: readonly Runtime[];
  open(
    options: TunnelOptions,
    more: { folder: string | undefined; runtime: Runtime },
  ): SubprocessTunnel;
}

const WAYS: Readonly<Record<Exclude<Way, "shell">, WayEntry>> = {
  local: {
    name: "Local",
    needs: [],
    runtimes: ["deno", "oldDeno", ...NODE_MAJORS],
    open: (options) => new Local("here", options),
  },
  ssh: {
    name: "SSHTunnel",
    needs: ["ssh"],
    runtimes: ["deno", "22"],
    open: (options) => new SSHTunnel("host1", { ...options, sshArgs: sshArgs() }),
  },
  sshSudo: {
    name: "SSHTunnel with sudo",
    needs: ["ssh", "sudo"],
    runtimes: ["deno", "20"],
    open: (options) => new SSHTunnel("host2", { ...options, sudo: true, sshArgs: sshArgs() }),
  },
  docker: {
    name: "Docker",
    needs: ["docker"],
    engine: "docker",
    isContainer: true,
    // The image with Node has version 20.
    runtimes: ["deno", "20"],
    open: ({ deno: _deno, node: _node, ...options }, { folder, runtime }) =>
      new Docker(containerName(), {
        ...options,
        ...runtime === "deno" ? {} : { image: service("docker").nodeImage },
        dockerArgs: ["--network", "none", ...volume(folder)],
      }),
  },
  podman: {
    name: "Podman",
    needs: ["podman"],
    engine: "podman",
    isContainer: true,
    runtimes: ["deno"],
    open: ({ deno: _deno, ...options }, { folder }) =>
      new Podman(containerName(), { ...options, dockerArgs: volume(folder) }),
  },
  container: {
    name: "Container",
    needs: ["docker"],
    isContainer: true,
    runtimes: ["20"],
    open: ({ node: _node, ...options }) => new Container(service("docker").nodeUp, options),
  },
  podmanContainer: {
    name: "Container of podman",
    needs: ["podman"],
    isContainer: true,
    runtimes: ["deno"],
    open: ({ deno: _deno, ...options }) =>
      new Container(service("podman").up, { ...options, engine: "podman" }),
  },
  pod: {
    name: "Kubernetes (a stand-in)",
    needs: ["kubectl"],
    runtimes: ["22"],
    open: (options) => new Kubernetes("web-0", { ...options, namespace: "shop" }),
  },
  newPod: {
    name: "Kubernetes with a new pod (a stand-in)",
    needs: ["kubectl"],
    runtimes: ["deno"],
    open: (options) => new Kubernetes(containerName(), { ...options, image: "deno" }),
  },
  slurm: {
    name: "Slurm",
    needs: ["slurm"],
    runtimes: ["deno"],
    open: (options) => new Slurm("farm", options),
  },
  sudoRoot: {
    name: "Sudo to root",
    needs: ["sudo"],
    runtimes: ["deno", "24"],
    open: (options) => new Sudo(options),
  },
  sudoNobody: {
    name: "Sudo to nobody",
    needs: ["sudo"],
    runtimes: ["deno", "18"],
    open: (options) => new Sudo({ ...options, user: "nobody" }),
  },
};

/** Every kind of tunnel, on every runtime that makes a difference to it. */
export const KINDS: readonly Kind[] = Object.keys(WAYS).flatMap((key) => {
  const way = key as keyof typeof WAYS;
  return WAYS[way].runtimes.map((runtime) => kindOf(way, WAYS[way], runtime));
});

/** Far ends whose `/bin/sh` is another than Debian's, each on one runtime. */
export const SHELL_KINDS: readonly Kind[] = POSIX_SHELLS.map((shell, i) =>
  kindOf("shell", {
    name: `${shell} as sh`,
    needs: ["posixShells"],
    runtimes: [],
    open: (options) => new Driver(shellInPlace(service("posixShells").paths[shell]), options),
  }, i % 2 === 0 ? "deno" : "20")
);

/** The argv that runs a command where the shell is `/bin/sh`. */
function shellInPlace(shell: string): string[] {
  const script = 'mount --bind "$0" /bin/sh&&exec "$@"';
  return ["unshare", "-m", "/bin/sh", "-c", script, shell];
}

/** The kind with this name. */
export function kindNamed(name: string): Kind {
  const kind = [...KINDS, ...SHELL_KINDS].find((one) => one.name === name);
  if (kind === undefined) throw new Error(`There is no kind ${name}`);
  return kind;
}

/** Shows a folder of this machine in a container. */
function volume(folder: string | undefined): string[] {
  return folder === undefined ? [] : ["--volume", `${folder}:${folder}`];
}

/** A name that no container has. */
export function containerName(): string {
  return `test-${crypto.randomUUID().slice(0, 8)}`;
}

/** The arguments with which ssh finds the hosts of the tests. */
export function sshArgs(): string[] {
  return ["-F", service("ssh").config];
}

/** A driver with a command that the test gives. */
export class Driver extends SubprocessTunnel {
  override readonly host = "driver";
  readonly #command: readonly string[];

  constructor(command: readonly string[], options: TunnelOptions = {}) {
    super(options);
    this.#command = command;
  }

  override command(): string[] {
    return [...this.#command];
  }
}

function kindOf(way: Way, entry: WayEntry, runtime: Runtime): Kind {
  const isDeno = runtime === "deno" || runtime === "oldDeno";
  const name = { deno: "Deno", oldDeno: `Deno ${OLD_DENO}` }[runtime as "deno"] ??
    `Node ${runtime}`;
  return {
    name: `${entry.name}, ${name}`,
    way,
    runtime,
    isDeno,
    engine: entry.engine,
    isContainer: entry.isContainer ?? false,
    needs: [...entry.needs, isDeno ? runtime : "node"],
    open: ({ folder, ...options } = {}) =>
      entry.open({
        ...isDeno
          ? { runtime: "deno", deno: service(runtime).path }
          : { runtime: "node", node: service("node").paths[runtime] },
        ...options,
      }, { folder, runtime }),
  };
}
