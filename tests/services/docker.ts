import { command, lastLine, startDaemon, which } from "./command.ts";
import { bareImage, denoImage, type DockerImage, layOutImage } from "./docker_image.ts";
import type { DockerService, NodeService, Unavailable } from "./services.ts";

const NODE_IMAGE = "chopsticks-node:20";
const BARE_IMAGE = "chopsticks-bare:1";

/** The containers that run all the time. */
const UP = "up";
const NODE_UP = "node-up";

/**
 * Starts a dockerd without a network, and makes its images from programs of this machine.
 *
 * @param runFolder The run's folder.
 * @param node Settles when it is known whether there is a Node to put into an image.
 */
export async function startDocker(
  runFolder: string,
  node: Promise<NodeService | Unavailable>,
  signal: AbortSignal,
): Promise<DockerService | Unavailable> {
  const missing = (reason: string): Unavailable => ({
    available: false,
    reason: `no docker: ${reason}`,
  });
  if (Deno.build.os !== "linux") return missing("this is not Linux");
  if (Deno.uid() !== 0) return missing("only root can start dockerd");
  const dockerd = which("dockerd");
  if (dockerd === undefined || which("docker") === undefined) return missing("install docker.io");

  const folder = `${runFolder}/docker`;
  await Deno.mkdir(folder);
  const docker = new DockerClient(folder, signal);
  const image = `denoland/deno:${Deno.version.deno}`;
  const log = `${folder}/dockerd.log`;
  const daemon = startDaemon(daemonCommand(dockerd, runFolder), log);
  let ended = false;
  daemon.status.then(() => ended = true);
  try {
    await Promise.all([
      docker.waitUntilUp(async () => ended ? lastLine(await Deno.readTextFile(log)) : ""),
      docker.layOut(image, denoImage()),
      docker.layOut(BARE_IMAGE, bareImage()),
    ]);
    await docker.import(image);
    await docker.keepUp(UP, image, runFolder);
    await docker.import(BARE_IMAGE);
    const nodes = await node;
    if (nodes.available) {
      await docker.layOut(NODE_IMAGE, { files: { "/usr/bin/node": nodes.paths["20"] } });
      await docker.import(NODE_IMAGE);
      await docker.keepUp(NODE_UP, NODE_IMAGE, runFolder);
    }
  } catch (error) {
    return missing(error instanceof Error ? error.message : String(error));
  }
  const images = { image, nodeImage: NODE_IMAGE, bareImage: BARE_IMAGE };
  return { available: true, host: docker.host, ...images, up: UP, nodeUp: NODE_UP };
}

/**
 * A mount namespace of its own, with an empty /run and /etc/docker, keeps dockerd from using the
 * system's containerd or configuration, and from leaving files there. Its mounts end with it.
 */
function daemonCommand(dockerd: string, runFolder: string): string[] {
  const folder = `${runFolder}/docker`;
  const script = "mount -t tmpfs tmpfs /run && " +
    "{ [ ! -d /etc/docker ] || mount -t tmpfs tmpfs /etc/docker; } && " +
    'exec "$@"';
  return [
    "unshare",
    "--mount",
    "--propagation=private",
    "sh",
    "-c",
    script,
    "sh",
    dockerd,
    "--host",
    `unix://${folder}/docker.sock`,
    "--pidfile",
    `${folder}/dockerd.pid`,
    "--data-root",
    `${folder}/data`,
    "--exec-root",
    `${folder}/exec`,
    "--iptables=false",
    "--bridge=none",
    // Groups of this run, which are removed with its folder.
    "--exec-opt",
    "native.cgroupdriver=cgroupfs",
    "--cgroup-parent",
    runFolder.slice(runFolder.lastIndexOf("/")),
  ];
}

class DockerClient {
  readonly host: string;
  readonly #folder: string;
  readonly #signal: AbortSignal;
  readonly #images = new Map<string, DockerImage>();

  constructor(folder: string, signal: AbortSignal) {
    this.host = `unix://${folder}/docker.sock`;
    this.#folder = folder;
    this.#signal = signal;
  }

  /** @param ended Gives the reason if dockerd has ended. */
  async waitUntilUp(ended: () => Promise<string>): Promise<void> {
    const deadline = Date.now() + 60_000;
    for (;;) {
      const tried = await command(["docker", "--host", this.host, "version"], {
        signal: this.#signal,
      });
      if (tried.success) return;
      const reason = await ended();
      if (reason !== "") throw new Error(reason);
      if (Date.now() > deadline || this.#signal.aborted) throw new Error(tried.problem);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async layOut(name: string, image: DockerImage): Promise<void> {
    const folder = this.#imageFolder(name);
    await Deno.mkdir(folder);
    await layOutImage(folder, image, this.#signal);
    this.#images.set(name, image);
  }

  async import(name: string): Promise<void> {
    const changes = ["ENV PATH=/usr/bin:/bin", ...this.#images.get(name)?.changes ?? []];
    const { success, problem } = await command([
      "sh",
      "-c",
      'folder=$1; shift; tar --create --dereference --directory "$folder" . | docker "$@"',
      "sh",
      this.#imageFolder(name),
      ...["--host", this.host, "import"],
      ...changes.flatMap((change) => ["--change", change]),
      "-",
      name,
    ], { signal: this.#signal });
    if (!success) throw new Error(problem);
  }

  /** Starts a container that runs all the time, and sees the temporary files of the tests. */
  async keepUp(name: string, image: string, runFolder: string): Promise<void> {
    const { success, problem } = await command([
      ...["docker", "--host", this.host, "run", "--detach", "--network", "none"],
      ...["--volume", `${runFolder}/temp:${runFolder}/temp`, "--name", name],
      // The shell takes care of orphans.
      ...["--entrypoint", "", image, "sh", "-c", "sleep infinity&wait"],
    ], { signal: this.#signal });
    if (!success) throw new Error(problem);
  }

  #imageFolder(name: string): string {
    return `${this.#folder}/${name.replaceAll(/[/:]/g, "_")}`;
  }
}
