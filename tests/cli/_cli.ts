import { fileURLToPath } from "node:url";
import { service } from "../services/services.ts";
import { soon } from "../tunnel/_deadline.ts";

/** The program. */
export const CLI: string = fileURLToPath(new URL("../../cli.ts", import.meta.url));

/** How a command line is run. */
export interface RunOptions {
  /** What is piped into it; `null` for nothing. */
  readonly stdin?: string | null;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** The program, if it is another file. */
  readonly program?: string;
}

/** What came of a command line. */
export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Starts a command line, with pipes on all sides. */
export function startCli(args: readonly string[], options: RunOptions = {}): Deno.ChildProcess {
  const { cwd, env = {}, program = CLI } = options;
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", program, ...args],
    ...cwd !== undefined && { cwd },
    env: { NO_COLOR: "1", ...env },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

/** Runs a command line to its end. */
export async function runCli(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const child = startCli(args, options);
  const { stdin = null } = options;
  const writer = child.stdin.getWriter();
  // It may end without having read its input.
  if (stdin !== null) await writer.write(new TextEncoder().encode(stdin)).catch(() => {});
  await writer.close().catch(() => {});
  return await ended(child, args);
}

/** Waits for the end of a command line. */
export async function ended(child: Deno.ChildProcess, args: readonly string[]): Promise<Ran> {
  const all = Promise.all([
    child.status,
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  // Some work on hundreds of hosts.
  const [{ code }, out, err] = await soon(all, `the end of ${args.join(" ")}`, 600_000);
  return { code, out, err };
}

/** The arguments with which the hosts of the tests are found. */
export function sshHosts(hosts: string): string[] {
  return ["-F", service("ssh").config, "-w", hosts];
}

/** A folder of temporary files. */
export async function tempFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await Deno.makeTempDir();
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}
