import { assertMatch } from "@std/assert";
import { command } from "../services/command.ts";
import { service } from "../services/services.ts";
import { soon } from "./_deadline.ts";
import type { Kind } from "./_kinds.ts";

/** What is left of a new container, a new pod or a job. It is removed a moment after its end. */
async function leftOf(kind: Kind, name: string): Promise<string> {
  if (kind.engine !== undefined) {
    const list = ["ps", "--all", "--quiet", "--filter", `name=^/?${name}$`];
    return (await command([kind.engine, ...list])).stdout;
  }
  if (kind.way === "slurm") return (await command(["squeue", "--noheader"])).stdout;
  if (kind.way !== "newPod") return "";
  return [...Deno.readDirSync(service("kubectl").pods)].map((pod) => pod.name).join();
}

/** Waits until nothing is left of what a tunnel with this host has made, beside processes. */
export async function untilContainerGone(kind: Kind, name: string): Promise<void> {
  assertMatch(name, kind.engine === undefined ? /./ : /^test-/);
  const gone = async (): Promise<void> => {
    while (await leftOf(kind, name) !== "");
  };
  await soon(gone(), `the end of ${kind.name} ${name}`);
}
