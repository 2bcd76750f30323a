import * as facts from "../agent/facts.ts";

/** The facts that can be asked for. */
export const FACT_NAMES = [
  "hostname",
  "ip",
  "os",
  "runtime",
  "memory",
  "disks",
  "routes",
] as const;

/** One of {@linkcode FACT_NAMES}. */
export type FactName = typeof FACT_NAMES[number];

/** Gathers facts of the host that it runs on. */
export async function hostFacts(names: readonly FactName[]): Promise<Record<string, unknown>> {
  const known: Record<FactName, () => unknown> = {
    hostname: facts.hostname,
    ip: facts.ip,
    os: facts.os,
    runtime: facts.runtime,
    memory: facts.memory,
    disks: facts.disks,
    routes: facts.routes,
  };
  const values = await Promise.all(names.map(async (name) => [name, await known[name]()]));
  return Object.fromEntries(values);
}
