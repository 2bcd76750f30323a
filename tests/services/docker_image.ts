import { command, which } from "./command.ts";

/** The content of an image, besides `sh` and a few common commands. */
export interface DockerImage {
  /** From a path in the image to a file of this machine. */
  readonly files: Readonly<Record<string, string>>;
  /** Programs that the image has the libraries of, but not the programs. */
  readonly librariesOf?: readonly string[];
  /** From a path in the image to the text of an executable. */
  readonly scripts?: Readonly<Record<string, string>>;
  /** Lines of a Dockerfile, such as `ENTRYPOINT`. */
  readonly changes?: readonly string[];
}

/** Deno as in the official image: with its entrypoint. */
export function denoImage(): DockerImage {
  const init = which("docker-init");
  const entrypoint = "/usr/local/bin/docker-entrypoint.sh";
  const start = init === undefined ? [entrypoint] : ["/tini", "--", entrypoint];
  return {
    files: { "/usr/bin/deno": Deno.execPath(), ...(init === undefined ? {} : { "/tini": init }) },
    scripts: { [entrypoint]: ENTRYPOINT },
    changes: [`ENTRYPOINT ${JSON.stringify(start)}`, 'CMD ["eval", "console.log(\'Deno\')"]'],
  };
}

/** Neither Deno nor Node, like the image of a distribution: a C library and a few commands. */
export function bareImage(): DockerImage {
  const files: Record<string, string> = {};
  for (const name of ["chmod", "gzip", "head", "mv"]) {
    const path = which(name);
    if (path !== undefined) files[`/bin/${name}`] = path;
  }
  return { files, librariesOf: [Deno.execPath()] };
}

/**
 * Like the entrypoint of the official image: options and subcommands go to Deno, everything else is
 * a command.
 */
const ENTRYPOINT = `#!/bin/sh
set -e
if [ "$1" != "\${1#-}" ]; then exec deno "$@"; fi
case "$1" in
  bench | bundle | cache | check | compile | completions | coverage | doc | eval | fmt | help | \\
  info | install | lint | lsp | repl | run | serve | task | test | types | upgrade | vendor)
    exec deno "$@" ;;
esac
exec "$@"
`;

const COMMANDS = ["cat", "echo", "env", "false", "id", "kill", "ls", "mkdir", "ps", "pwd", "rm"];
const MORE_COMMANDS = ["sleep", "stat", "touch", "true", "uname"];

/**
 * Lays out an image's files, as links to those of this machine, for `tar --dereference`.
 *
 * @param folder An empty folder.
 * @throws {Error} If a file or a library is missing.
 */
export async function layOutImage(
  folder: string,
  image: DockerImage,
  signal: AbortSignal,
): Promise<void> {
  const files = new Map(Object.entries(image.files));
  files.set("/bin/sh", "/bin/sh");
  for (const name of [...COMMANDS, ...MORE_COMMANDS]) {
    const path = which(name);
    if (path !== undefined) files.set(`/bin/${name}`, path);
  }
  const programs = [...files.values(), ...image.librariesOf ?? []];
  for (const library of await libraries(programs, signal)) files.set(library, library);
  for (const [path, source] of files) {
    await makeParent(`${folder}${path}`);
    await Deno.symlink(source, `${folder}${path}`);
  }
  for (const [path, text] of Object.entries(image.scripts ?? {})) {
    await makeParent(`${folder}${path}`);
    await Deno.writeTextFile(`${folder}${path}`, text);
    await Deno.chmod(`${folder}${path}`, 0o755);
  }

  await Deno.mkdir(`${folder}/root`);
  await Deno.mkdir(`${folder}/tmp`);
  await Deno.chmod(`${folder}/tmp`, 0o1777);
  await Deno.mkdir(`${folder}/etc`);
  await Deno.writeTextFile(
    `${folder}/etc/passwd`,
    "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/bin/sh\n",
  );
  await Deno.writeTextFile(`${folder}/etc/group`, "root:x:0:\nnogroup:x:65534:\n");
}

/** The shared libraries that programs load, as `ldd` names them. */
async function libraries(programs: readonly string[], signal: AbortSignal): Promise<string[]> {
  // ldd fails if a program is a static binary or a script, but still lists those of the others.
  const { stdout } = await command(["ldd", ...programs], { signal });
  const missing = stdout.match(/\S+ => not found/)?.[0];
  if (missing !== undefined) throw new Error(`library ${missing}`);
  return [...new Set([...stdout.matchAll(/\/\S+(?= \(0x)/g)].map(([path]) => path))];
}

async function makeParent(path: string): Promise<void> {
  await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
}
