import type { BaseTunnel } from "../../mod.ts";
import { residentSize } from "./_remote.ts";

/** Time between two measurements, in milliseconds. */
const PAUSE = 50;

/** By how many bytes a controller and its agent grew at most during some work. */
export interface Growth {
  readonly controller: number;
  readonly agent: number;
}

/** Does some work with a connected tunnel, and watches the memory of both ends. */
export async function growthDuring(
  tunnel: BaseTunnel,
  work: () => Promise<unknown>,
): Promise<Growth> {
  const look = async (): Promise<Growth> => ({
    controller: residentSize(),
    agent: await tunnel.call(residentSize),
  });
  const before = await look();
  let peak = before;
  let working = true;
  const done = work().finally(() => working = false);
  while (working) {
    const now = await look();
    peak = {
      controller: Math.max(peak.controller, now.controller),
      agent: Math.max(peak.agent, now.agent),
    };
    await new Promise((resolve) => setTimeout(resolve, PAUSE));
  }
  await done;
  return { controller: peak.controller - before.controller, agent: peak.agent - before.agent };
}
