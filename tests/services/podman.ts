import { command, which } from "./command.ts";
import { denoImage, layOutImage } from "./docker_image.ts";
import { startNamespace } from "./namespace.ts";
import type { PodmanService, Unavailable } from "./services.ts";

/** The container that runs all the time. */
const UP = "up";

/**
 * Makes a podman of this run, without a network, with an image from programs of this machine.
 *
 * @param runFolder The run's folder.
 */
export async function startPodman(
  runFolder: string,
  signal: AbortSignal,
): Promise<PodmanService | Unavailable> {
  const missing = (reason: string): Unavailable => ({
    available: false,
    reason: `no podman: ${reason}`,
  });
  if (Deno.build.os !== "linux") return missing("this is not Linux");
  if (Deno.uid() !== 0) return missing("the tests run it only as root");
  const podman = which("podman");
  if (podman === undefined) return missing("install podman");
  if (which("runc") === undefined) return missing("install runc");

  const folder = `${runFolder}/podman`;
  const image = `docker.io/denoland/deno:${Deno.version.deno}`;
  const bin = `${folder}/bin`;
  try {
    await Deno.mkdir(bin, { recursive: true });
    await Deno.writeTextFile(`${folder}/containers.conf`, CONTAINERS_CONF);
    await Deno.writeTextFile(
      `${folder}/storage.conf`,
      `[storage]\ndriver="vfs"\nrunroot="/run/containers"\ngraphroot="${folder}/root"\n`,
    );
    const first = await startNamespace("sleep infinity&", [folder], `${folder}/log`);
    // This podman comes first in the $PATH of the tests.
    await Deno.writeTextFile(
      `${bin}/podman`,
      `#!/bin/sh
export CONTAINERS_CONF='${folder}/containers.conf' CONTAINERS_STORAGE_CONF='${folder}/storage.conf'
exec nsenter --target ${first} --pid --mount -- '${podman}' "$@"
`,
      { mode: 0o755 },
    );
    const content = `${folder}/image`;
    await Deno.mkdir(content);
    await layOutImage(content, denoImage(), signal);
    const imported = await command([
      "sh",
      "-c",
      'folder=$1;shift;tar --create --dereference --directory "$folder" .|"$@"',
      ...["sh", content, `${bin}/podman`, "import", "--change", "ENV PATH=/usr/bin:/bin"],
      ...["-", image],
    ], { signal });
    if (!imported.success) return missing(imported.problem);
    const started = await command([
      ...[`${bin}/podman`, "run", "--detach", "--name", UP, "--entrypoint", ""],
      ...["--volume", `${runFolder}/temp:${runFolder}/temp`, image],
      ...["sh", "-c", "sleep infinity&wait"],
    ], { signal });
    if (!started.success) return missing(started.problem);
  } catch (error) {
    return missing(error instanceof Error ? error.message : String(error));
  }
  return { available: true, bin, image, up: UP };
}

/** crun and the default limits want more rights than a sandbox may have. */
const CONTAINERS_CONF = `[containers]
netns="none"
default_ulimits=["nofile=1024:4096","nproc=1000:1000"]
[engine]
runtime="runc"
cgroup_manager="cgroupfs"
events_logger="file"
lock_type="file"
`;
