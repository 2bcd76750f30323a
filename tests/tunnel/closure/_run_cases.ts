import { Local, type SubprocessTunnel } from "../../../mod.ts";

/** Tests that use a tunnel, by name. */
export type Cases = Readonly<Record<string, (tun: SubprocessTunnel) => Promise<void>>>;

/** Runs `cases` as a script, on an agent on Deno or, with its path as the argument, on Node. */
export async function runCases(cases: Cases): Promise<void> {
  const [node] = Deno.args;
  await using tun = new Local(
    "here",
    node === undefined ? { runtime: "deno", deno: Deno.execPath() } : { runtime: "node", node },
  );
  await tun.connect();
  for (const [name, run] of Object.entries(cases)) {
    try {
      await run(tun);
    } catch (error) {
      console.error(`${name}: ${(error as Error).stack}`);
    }
  }
  console.log("done");
}
