import { Local } from "../../mod.ts";
import { needing, service } from "../services/services.ts";

/** Runs `test` with an agent on Deno and with one on each Node that has something of its own. */
export function onRuntimes(name: string, test: (tun: Local) => Promise<void>): void {
  Deno.test(`${name}, on Deno`, async () => {
    await using tun = new Local("here", { runtime: "deno", stderr: () => {} });
    await test(tun);
  });
  for (const major of ["18", "26"] as const) {
    Deno.test(needing("node", `${name}, on Node ${major}`, async () => {
      const node = service("node").paths[major];
      await using tun = new Local("here", { runtime: "node", node, stderr: () => {} });
      await test(tun);
    }));
  }
}
