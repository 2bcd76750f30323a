import { Group, Local } from "../../mod.ts";

/** Connects to agents on the machine that it runs on, has each do something, and closes them. */
export async function driveAgents(count: number): Promise<number> {
  const tunnels = Array.from({ length: count }, (_, i) => new Local(`agent${i}`));
  await using group = new Group(tunnels, { concurrency: count });
  return [...(await group.call(Date.now)).raiseFailures().values()].length;
}
