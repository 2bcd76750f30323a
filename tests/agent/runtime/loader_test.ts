import { assert, assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import { needing, service } from "../../services/services.ts";
import { cases, runCase } from "./_loader_cases.ts";

for (const name of Object.keys(cases)) {
  Deno.test(`Loader ${name}`, () => runCase(name));
}

Deno.test(needing("node", "Loader does the same on Node", async (t) => {
  const folder = await Deno.makeTempDir();
  try {
    const script = `${folder}/loader.mjs`;
    await bundle(import.meta.resolve("./_loader_on_node.ts"), script);
    for (const [major, path] of Object.entries(service("node").paths)) {
      await t.step(`Node ${major}`, async () => {
        const { stdout, stderr } = await new Deno.Command(path, {
          args: ["--experimental-vm-modules", "--no-warnings", script],
        }).output();
        assertEquals(new TextDecoder().decode(stderr), "");
        const result = JSON.parse(new TextDecoder().decode(stdout));
        assertEquals(result, { count: Object.keys(cases).length, failures: {} });
      });
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}));

/** Bundles a module into one JavaScript file, as the agent is bundled. */
async function bundle(url: string, target: string): Promise<void> {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "-A", "npm:esbuild@0.28.2", fileURLToPath(url), "--bundle", `--outfile=${target}`],
      ...["--format=esm", "--platform=node", "--target=node18", "--tsconfig-raw={}"],
    ],
  }).output();
  assert(success, new TextDecoder().decode(stderr));
}
