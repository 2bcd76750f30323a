import { assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import { which } from "../services/command.ts";
import { service } from "../services/services.ts";
import { soon } from "../tunnel/_deadline.ts";

/** The folder of the examples. */
export const EXAMPLES: string = fileURLToPath(new URL("../../examples", import.meta.url));

/** How long an example may take on a slow machine, in milliseconds. */
const PATIENCE = 120_000;

/** The output of an example, and how it ended. */
export interface Run {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Options for {@linkcode runExample}. */
export interface RunOptions {
  /** Whether `ssh` knows `host1` and the other names of the ssh service. */
  readonly ssh?: boolean;
  /** Shell scripts that these hosts find as programs with these names. */
  readonly programs?: Readonly<Record<string, string>>;
  /** The folder to run it in. Default: an empty one. */
  readonly cwd?: string;
  /** A terminal to run it in; `stdout` is its output. */
  readonly terminal?: {
    readonly columns: number;
    readonly rows: number;
    /** Gets all output so far, and may return text to type. */
    onOutput?(output: string): Promise<string | undefined>;
  };
}

/**
 * Runs an example to its end, and checks that it has left neither files nor processes.
 *
 * @param name The name of its file, without `.ts`.
 * @param args Its arguments.
 */
export async function runExample(
  name: string,
  args: readonly string[] = [],
  options: RunOptions = {},
): Promise<Run> {
  const { terminal } = options;
  const deno = [Deno.execPath(), "run", "-A", "--quiet", `${EXAMPLES}/${name}.ts`, ...args];
  const argv = terminal === undefined ? deno : inTerminal(deno, terminal);
  return await run(`${name}.ts`, argv, options);
}

/**
 * Types lines into a REPL, in the folder of the examples.
 *
 * @returns What it printed, line by line; `undefined` for each line without a value.
 */
export async function readRepl(typed: readonly string[], options: RunOptions): Promise<string[]> {
  const argv = [Deno.execPath(), "repl", "-A", "--quiet"];
  const input = typed.map((line) => `${line}\n`).join("");
  const { code, stdout, stderr } = await run("the REPL", argv, {
    ...options,
    cwd: EXAMPLES,
    input,
  });
  assertEquals([stderr, code], ["", 0]);
  return stdout.trimEnd().split("\n");
}

/** Runs a program as {@linkcode runExample} does. */
async function run(
  name: string,
  [program, ...rest]: readonly string[],
  options: RunOptions & { readonly input?: string },
): Promise<Run> {
  const { ssh = false, programs = {}, terminal, input } = options;
  await using folder = await makeFolder();
  const [bin, far, temp] = ["bin", "far", "temp"].map((name) => `${folder.path}/${name}`) as [
    string,
    string,
    string,
  ];
  for (const path of [bin, far, temp]) await Deno.mkdir(path);
  for (const [name, script] of Object.entries(programs)) {
    await Deno.writeTextFile(`${far}/${name}`, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  }
  if (ssh) await writeSSH(`${bin}/ssh`, far);
  const child = new Deno.Command(program!, {
    args: rest,
    cwd: options.cwd ?? folder.path,
    env: {
      NO_COLOR: "1",
      DENO_NO_UPDATE_CHECK: "1",
      TMPDIR: temp,
      PATH: `${bin}:${Deno.env.get("PATH")}`,
    },
    stdin: terminal === undefined && input === undefined ? "null" : "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  try {
    if (input !== undefined) {
      const writer = child.stdin.getWriter();
      await writer.write(new TextEncoder().encode(input));
      await writer.close();
    }
    const [stdout, stderr, { code }] = await soon(
      Promise.all([
        read(child.stdout, terminal === undefined ? undefined : typist(child, terminal)),
        read(child.stderr),
        child.status,
      ]),
      `the end of ${name}`,
      PATIENCE,
    );
    await untilNoneHas(`TMPDIR=${temp}`);
    assertEquals([...Deno.readDirSync(temp)], [], "files left behind");
    return { code, stdout, stderr };
  } catch (error) {
    try {
      child.kill("SIGKILL");
    } catch {
      // The process has ended already.
    }
    throw error;
  }
}

/** The output of an example that must succeed and print nothing to stderr. */
export async function outputOf(
  name: string,
  args: readonly string[] = [],
  options: RunOptions = {},
): Promise<string> {
  const { code, stdout, stderr } = await runExample(name, args, options);
  assertEquals([stderr, code], ["", 0]);
  return stdout;
}

/** An empty folder, which is removed at the end. */
export async function makeFolder(): Promise<{ path: string } & AsyncDisposable> {
  const path = await Deno.realPath(await Deno.makeTempDir());
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

/**
 * An `ssh` that reads the configuration of the service as if it were the user's own.
 *
 * @param far A folder of programs for the far end.
 */
async function writeSSH(path: string, far: string): Promise<void> {
  const { config } = service("ssh");
  const deno = service("deno").path;
  // The far end uses the Deno and the Docker of the services.
  const folder = deno.slice(0, deno.lastIndexOf("/"));
  const docker = Deno.env.get("DOCKER_HOST");
  const variables = `PATH=${far}:${folder}:$PATH${
    docker === undefined ? "" : ` DOCKER_HOST=${docker}`
  }`;
  const script = `#!/bin/sh
for arg do
  shift
  [ "$arg" != exec ] || arg='export ${variables}; exec'
  set -- "$@" "$arg"
done
exec ${quote(which("ssh")!)} -F ${quote(config)} "$@"
`;
  await Deno.writeTextFile(path, script, { mode: 0o755 });
}

function inTerminal(
  argv: readonly string[],
  { columns, rows }: { readonly columns: number; readonly rows: number },
): string[] {
  const shell = `stty cols ${columns} rows ${rows}; exec ${argv.map(quote).join(" ")}`;
  return ["script", "--quiet", "--return", "--command", shell, "/dev/null"];
}

/** Types what `onOutput` gives. The terminal's input stays open until the end. */
function typist(
  child: Deno.ChildProcess,
  { onOutput }: NonNullable<RunOptions["terminal"]>,
): (output: string) => Promise<void> {
  const writer = child.stdin.getWriter();
  child.status.then(() => writer.close()).catch(() => {});
  return async (output) => {
    const text = await onOutput?.(output);
    if (text !== undefined) await writer.write(new TextEncoder().encode(text));
  };
}

async function read(
  stream: ReadableStream<Uint8Array>,
  onOutput?: (output: string) => Promise<void>,
): Promise<string> {
  const decoder = new TextDecoder();
  let output = "";
  for await (const bytes of stream) {
    output += decoder.decode(bytes, { stream: true });
    await onOutput?.(output);
  }
  return output;
}

/** Waits until no process has this in its environment. Agents inherit it from the script. */
async function untilNoneHas(variable: string): Promise<void> {
  if (Deno.build.os !== "linux") return;
  const end = Date.now() + 20_000;
  for (;;) {
    const left = [...Deno.readDirSync("/proc")].filter(({ name }) => {
      if (!/^\d+$/.test(name)) return false;
      try {
        return Deno.readTextFileSync(`/proc/${name}/environ`).split("\0").includes(variable);
      } catch {
        return false; // it has ended, or belongs to another user
      }
    });
    if (left.length === 0) return;
    assertEquals(Date.now() < end, true, `processes left behind: ${left.map(({ name }) => name)}`);
    // The kernel does not report the end of a process that is not a child: poll.
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
