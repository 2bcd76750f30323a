import { assertEquals, assertStringIncludes } from "@std/assert";
import { command } from "./services/command.ts";
import { makeProject } from "./tunnel/_project.ts";
import { ROOT, serveRepository } from "./_serve_repository.ts";

const OWN = {
  "acorn": "8.19.0",
  "cjs-module-lexer": "2.3.0",
  "diff": "9.0.0",
  "es-module-lexer": "3.0.5",
  "fast-string-width": "3.0.2",
};

const INSTALL = ["install", "--quiet"];

/** The ways out that README.md names: the settings, the dependencies, and what installs them. */
const WAYS: Readonly<Record<string, [settings: object, dependencies: object, install?: string[]]>> =
  {
    none: [{ nodeModulesDir: "none" }, {}],
    auto: [{ nodeModulesDir: "auto" }, {}],
    entrypoint: [{}, {}, [...INSTALL, "--entrypoint", "main.ts"]],
    named: [{}, OWN, INSTALL],
  };

Deno.test("mod.ts can be imported below a package.json in the ways that README names", async (t) => {
  await using served = serveRepository();
  const run = async (args: string[], cwd: string): Promise<{ stdout: string; stderr: string }> =>
    await command([Deno.execPath(), ...args], { cwd, env: { NO_COLOR: "1" } });
  for (const mod of [`${ROOT}mod.ts`, `${served.base}/mod.ts`]) {
    const main = `import { Local } from ${JSON.stringify(mod)}; import { f } from "./f.ts";
      await using tunnel = new Local(); console.log(await tunnel.call(f));`;
    const files = { "main.ts": main, "f.ts": "export const f = () => 42;" };
    const isUrl = mod.startsWith("http");
    await t.step(`${isUrl ? "by URL" : "by path"}: it fails without them`, async () => {
      await using project = await makeProject({ ...files, "package.json": "{}" });
      const { stderr } = await run(["run", "-A", "main.ts"], project.folder);
      assertStringIncludes(stderr, "Could not find a matching package");
    });
    for (const [name, [settings, dependencies, install]] of Object.entries(WAYS)) {
      await t.step(`${isUrl ? "by URL" : "by path"}: ${name}`, async () => {
        await using project = await makeProject({
          ...files,
          "deno.json": JSON.stringify(settings),
          "package.json": JSON.stringify({ dependencies }),
        });
        const allow = isUrl ? [`--allow-import=${new URL(mod).host}`] : [];
        if (install !== undefined) await run([...install, ...allow], project.folder);
        const { stdout, stderr } = await run(["run", "-A", "main.ts"], project.folder);
        assertEquals(stdout, "42\n", stderr);
      });
    }
  }
});
