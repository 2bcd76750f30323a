/**
 * Deploys a folder to many hosts, a few at a time, and shows how far each of them is. When too many
 * have failed, it does not touch the hosts that have not begun.
 *
 * ```sh
 * deno run -A examples/deploy.ts   # this folder, to three processes of this machine
 * deno run -A examples/deploy.ts --folder ./site --to /srv/www --config nginx.conf --batch 25% \
 *   --restart "systemctl reload nginx" --check "curl -fsS http://localhost/health" \
 *   web1 web2 web3 web4
 * ```
 *
 * The exit code is 1 unless every host is as it should be. Ctrl-C stops the work on all hosts.
 */
import { exec } from "node:child_process";
import { existsSync } from "node:fs";
import { statfs } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { type BaseTunnel, ErrorResult, Group, GroupResult, Local, type PutSource } from "../mod.ts";
import { HostLines } from "./_host_lines.ts";

const MIB = 1024 ** 2;

const USAGE = `Usage: deno run -A examples/deploy.ts [options] [host ...]

Without hosts, three processes of this machine stand for some.

  --folder <path>        what to deploy (default: the folder of the examples)
  --to <path>            the folder on the hosts; relative to the home folder (default: site)
  --config <path>        the file that becomes app.conf there
  --restart <command>    run in the folder on the hosts (default: true)
  --check <command>      tried until it succeeds, or has failed ten times (default: echo healthy)
  --batch <n|n%>         how many hosts at a time (default: 50%)
  --max-failures <n|n%>  how many hosts may fail before no more are begun (default: 0)
  --space <MiB>          how much space a host must have (default: 100)`;

const { values: options, positionals: names } = readArguments();
if (options.help) {
  console.log(USAGE);
  Deno.exit();
}
const { folder, to, restart, check } = options;
const config: PutSource = options.config ?? { text: "port = 8080\n" };
const shareOf = (text: string): number | string => text.endsWith("%") ? text : Number(text);
const batchSize = shareOf(options.batch);
const maxFailures = shareOf(options["max-failures"]);

function readArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        folder: { type: "string", default: import.meta.dirname! },
        to: { type: "string", default: "site" },
        config: { type: "string" },
        restart: { type: "string", default: "true" },
        check: { type: "string", default: "echo healthy" },
        batch: { type: "string", default: "50%" },
        "max-failures": { type: "string", default: "0" },
        space: { type: "string", default: "100" },
        help: { type: "boolean", short: "h", default: false },
      },
    });
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${USAGE}`);
    Deno.exit(2);
  }
}

// The next three functions run on the hosts.

async function checkSpace(folder: string, needed: number): Promise<void> {
  let path = resolve(folder);
  while (!existsSync(path)) path = dirname(path);
  const { bavail, bsize } = await statfs(path);
  const free = Math.floor(bavail * bsize / MIB);
  if (free < needed) throw new Error(`${free} MiB free at ${path}, ${needed} MiB needed`);
}

function run(command: string, cwd: string): Promise<string> {
  return new Promise((resolve, reject) => {
    exec(command, { cwd }, (error, stdout, stderr) => {
      if (error === null) return resolve(stdout.trim());
      const said = (stderr.trim() || stdout.trim()).split("\n").at(-1);
      reject(new Error(`exit code ${error.code ?? error.signal}: ${said}`));
    });
  });
}

async function untilHealthy(command: string, cwd: string): Promise<string> {
  for (let attempt = 1;; attempt++) {
    try {
      return await run(command, cwd);
    } catch (error) {
      if (attempt === 10) throw error;
      // A service may need a moment to come up.
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }
}

// Everything from here on runs on this machine.

const lines = new HostLines();

async function deploy(tunnel: BaseTunnel): Promise<string> {
  const { host } = tunnel;
  lines.begin(host, "check space");
  await tunnel.call(checkSpace, to, Number(options.space));
  lines.begin(host, "sync");
  await tunnel.sync(folder, to, {
    delete: true,
    exclude: ["/app.conf"],
    onProgress({ files, totalFiles, bytes, totalBytes }) {
      const size = `${(bytes / MIB).toFixed(1)} of ${(totalBytes / MIB).toFixed(1)} MiB`;
      lines.progress(host, `${files} of ${totalFiles} files, ${size}`);
    },
  });
  lines.begin(host, "configure");
  await tunnel.put(config, `${to}/app.conf`, { mode: 0o600 });
  lines.begin(host, "restart");
  await tunnel.call(run, restart, to);
  lines.begin(host, "check health");
  return await tunnel.call(untilHealthy, check, to);
}

await using cleanup = new AsyncDisposableStack();
const stderr = (line: string, host: string): void => lines.print(`[${host}] ${line}`);
const hosts = names.length > 0 ? names : ["web1", "web2", "web3"].map((name) => {
  const cwd = Deno.makeTempDirSync({ prefix: `${name}-` });
  cleanup.defer(() => Deno.remove(cwd, { recursive: true }));
  return new Local(name, { cwd, stderr });
});
await using group = new Group(hosts, { ssh: { stderr } });

const interruption = new AbortController();
const { signal } = interruption;
Deno.addSignalListener("SIGINT", () => interruption.abort(new Error("Interrupted")));

/** Deploys, and shows the outcome as soon as there is one. */
async function attempt(tunnel: BaseTunnel): Promise<string> {
  try {
    const health = await deploy(tunnel);
    lines.end(tunnel.host, true, health);
    return health;
  } catch (error) {
    lines.end(tunnel.host, false, (error as Error).message);
    throw error;
  }
}

const results = new GroupResult<string>();
lines.expect(group.hosts);
try {
  for (const batch of group.with({ signal, maxFailures }).batches(batchSize)) {
    for (const [host, result] of await batch.each(attempt)) {
      results.set(host, result);
      if (result instanceof ErrorResult && result.skipped) {
        lines.end(host, false, `skipped: ${result.msg}`);
      }
    }
  }
} finally {
  lines.close();
}
console.log(results);
// Not Deno.exitCode: the code that shows the cursor again at the end would reset it.
process.exitCode = [...results.failures()].length > 0 ? 1 : 0;
