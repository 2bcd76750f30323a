/**
 * The time to connect to 100 hosts over ssh, call a function on each and close, in relation to as
 * many `ssh host true`, and to as many `ssh host deno run`, all at once: `deno task bench hosts`.
 * All hosts are this machine.
 *
 * @module
 */
import { Group, SSHTunnel } from "../../mod.ts";
import { service, unavailable } from "../services/services.ts";
import { measure, printRatio, printTitle, timed } from "./_measure.ts";
import { run as command } from "./_run.ts";

const COUNTS = [40, 100] as const;
const ROUNDS = 1;

/** Prints the ratios. */
export async function run(): Promise<void> {
  printTitle("Many hosts over ssh at once: connect, call, close (less is better)");
  const missing = unavailable(["ssh", "deno"]);
  if (missing !== undefined) return console.log(`  without ssh: ${missing}`);
  const { config, hosts } = service("ssh");
  const { path: deno } = service("deno");
  for (const count of COUNTS) {
    const members = Array.from({ length: count }, (_, i) => hosts[i % hosts.length]!);
    const ssh = (...remote: readonly string[]): Promise<number> =>
      timed(() =>
        Promise.all(members.map((host) => command(["ssh", "-F", config, host, ...remote])))
      );
    const { ours, shell, bare } = await measure(ROUNDS, {
      ours: () =>
        timed(async () => {
          const tunnels = members.map((host, i) =>
            new SSHTunnel(host, { name: `member${i}`, sshArgs: ["-F", config], deno })
          );
          await using group = new Group(tunnels, { concurrency: count });
          (await group.call(Date.now)).raiseFailures();
        }),
      shell: () => ssh("true"),
      bare: () => ssh(deno, "run", "-A", "--no-config", "--no-lock", "data:,"),
    });
    const row = { ours, unit: "ms" } as const;
    printRatio({ ...row, what: `${count} hosts / ssh host true`, baseline: shell, aim: 1.25 });
    printRatio({ ...row, what: `${count} hosts / ssh host deno run`, baseline: bare, aim: 1.2 });
  }
}

if (import.meta.main) await run();
