import { assertMatch } from "@std/assert";
import { Slurm, type SubprocessTunnel } from "../../mod.ts";
import { command } from "../services/command.ts";
import { service } from "../services/services.ts";
import { soon } from "./_deadline.ts";
import type { Kind } from "./_kinds.ts";

/** In front of the name of a job. */
const JOB = "--job-name=";

/** What {@linkcode untilContainerGone} needs of a tunnel: its host, or the name of its job. */
export function leavingName(tun: SubprocessTunnel): string {
  const job = tun instanceof Slurm ? tun.command().find((arg) => arg.startsWith(JOB)) : undefined;
  return job?.slice(JOB.length) ?? tun.host;
}

/** What is left of a new container, a new pod or a job. It is removed a moment after its end. */
async function leftOf(kind: Kind, name: string): Promise<string> {
  if (kind.engine !== undefined) {
    const list = ["ps", "--all", "--quiet", "--filter", `name=^/?${name}$`];
    return (await command([kind.engine, ...list])).stdout;
  }
  if (kind.way === "slurm") {
    return (await command(["squeue", "--noheader", `--name=${name}`])).stdout;
  }
  if (kind.way !== "newPod") return "";
  return [...Deno.readDirSync(service("kubectl").pods)].map((pod) => pod.name)
    .filter((pod) => pod === name).join();
}

/**
 * Waits until nothing is left of what a tunnel has made, beside processes.
 *
 * @param name Its {@linkcode leavingName}.
 */
export async function untilContainerGone(kind: Kind, name: string): Promise<void> {
  assertMatch(name, kind.engine === undefined ? /./ : /^test-/);
  const gone = async (): Promise<void> => {
    while (await leftOf(kind, name) !== "");
  };
  await soon(gone(), `the end of ${kind.name} ${name}`);
}
