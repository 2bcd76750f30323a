/** The permissions that README.md says each tunnel needs are enough, without a prompt. */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { command, type CommandResult } from "../services/command.ts";
import { needing, service, type ServiceName } from "../services/services.ts";
import { containerName } from "./_kinds.ts";

const SCRIPT = new URL("fixture/permitted.ts", import.meta.url).pathname;

interface Case {
  readonly needs: readonly ServiceName[];
  readonly flags: () => readonly string[];
  /** The name of the class, and the arguments of its constructor. */
  readonly tunnel: () => readonly [string, ...unknown[]];
}

const SYS = "--allow-sys";
const image = { image: "deno", dockerArgs: ["--network", "none"] };

/** The flags for ssh if it has to ask something, where the temporary files are in `folder`. */
function askingFlags(folder: string): string[] {
  return [
    SYS,
    "--allow-run=ssh",
    "--allow-env",
    `--allow-read=${folder}`,
    `--allow-write=${folder}`,
  ];
}

const temporary = (): string => Deno.env.get("TMPDIR") ?? "/tmp";
const sshArgs = (): string[] => ["-F", service("ssh").config];

const CASES: Record<string, Case> = {
  "Local": { needs: [], flags: () => [SYS, "--allow-run=sh"], tunnel: () => ["Local"] },
  "SSHTunnel": {
    needs: ["ssh"],
    flags: () => [SYS, "--allow-run=ssh"],
    tunnel: () => ["SSHTunnel", "host1", { sshArgs: sshArgs() }],
  },
  "SSHTunnel with a question": {
    needs: ["ssh", "logins"],
    flags: () => askingFlags(temporary()),
    tunnel: () => {
      const { password } = service("logins");
      return ["SSHTunnel", "asks-plain", { sshArgs: sshArgs(), password }];
    },
  },
  "Sudo": {
    needs: ["sudo"],
    flags: () => [SYS, "--allow-run=sudo"],
    tunnel: () => ["Sudo", { user: "nobody", deno: service("deno").path }],
  },
  "Sudo of built-ins": {
    needs: ["sudo"],
    flags: () => ["--allow-sys=uid", "--allow-run=sudo"],
    tunnel: () => ["Sudo", { user: "nobody", deno: service("deno").path }],
  },
  "Docker": {
    needs: ["docker"],
    flags: () => [SYS, "--allow-run=docker"],
    tunnel: () => ["Docker", containerName(), { ...image, image: service("docker").image }],
  },
  "Podman": {
    needs: ["podman"],
    flags: () => [SYS, "--allow-run=podman"],
    tunnel: () => ["Podman", containerName()],
  },
  "Container": {
    needs: ["docker"],
    flags: () => [SYS, "--allow-run=docker"],
    tunnel: () => ["Container", service("docker").up],
  },
  "Kubernetes": {
    needs: ["kubectl"],
    flags: () => [SYS, "--allow-run=kubectl"],
    tunnel: () => ["Kubernetes", "web-0"],
  },
  "Kubernetes with a new pod": {
    needs: ["kubectl"],
    flags: () => [SYS, "--allow-run=kubectl,sh"],
    tunnel: () => ["Kubernetes", containerName(), { image: "deno" }],
  },
  "Slurm": {
    needs: ["slurm"],
    flags: () => [SYS, "--allow-run=srun,sh"],
    tunnel: () => ["Slurm", "farm"],
  },
};

function run(
  flags: readonly string[],
  [name, ...args]: readonly unknown[],
): Promise<CommandResult> {
  const common = ["--no-prompt", "--no-check", "--quiet", "--cached-only"];
  const script = [SCRIPT, `${name}`, JSON.stringify(args)];
  return command([Deno.execPath(), "run", ...common, ...flags, ...script]);
}

for (const [name, { needs, flags, tunnel }] of Object.entries(CASES)) {
  Deno.test(needing(needs, `${name} needs no other permissions than README.md says`, async () => {
    const given = flags();
    const { stdout, stderr } = await run(given, tunnel());
    assertEquals([stderr, stdout], ["", given.includes(SYS) ? "2\nstring 5\n" : "2\n"]);
  }));
}

Deno.test(needing(
  ["ssh", "logins"],
  "SSHTunnel says which permission it lacks to ask something",
  async () => {
    const { password } = service("logins");
    const tunnel = ["SSHTunnel", "asks-plain", { sshArgs: sshArgs(), password }];
    const without = async (flag: string): Promise<string> => {
      const all = askingFlags(temporary());
      return (await run(all.filter((one) => !one.startsWith(flag)), tunnel)).stderr;
    };
    assertStringIncludes(
      await without("--allow-env"),
      "; ssh could not ask anything, since the helper cannot be written to the folder of " +
        'temporary files: Requires env access to "TMPDIR", ',
    );
    const folder = temporary();
    assertStringIncludes(
      await without("--allow-write"),
      `, since the helper cannot be written to ${folder}: Requires write access to "${folder}/`,
    );
  },
));
