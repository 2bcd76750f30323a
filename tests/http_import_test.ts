import { assert, assertEquals } from "@std/assert";
import { ROOT, serveRepository } from "./_serve_repository.ts";

Deno.test("mod.ts can be imported by its URL, where our deno.json does not apply", async (t) => {
  await using served = serveRepository();
  const { base, paths } = served;
  const folder = await Deno.makeTempDir();
  try {
    await Deno.mkdir(`${folder}/empty`);
    /** Runs a script in an empty folder, and gives what it prints. */
    const run = async (script: string, ...flags: string[]): Promise<string> => {
      await Deno.writeTextFile(`${folder}/empty/main.ts`, script);
      const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["run", "-A", "--no-config", "--no-lock", ...flags, "main.ts"],
        cwd: `${folder}/empty`,
        env: { DENO_DIR: `${folder}/cache`, NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" },
      }).output();
      assert(success, new TextDecoder().decode(stderr));
      return new TextDecoder().decode(stdout);
    };
    await t.step("and runs a call", async () => {
      const script = `import { Local } from "${base}/mod.ts";
        await using tun = new Local();
        console.log(await tun.call(Math.max, 1, 2, 3));`;
      assertEquals(await run(script), "3\n");
    });
    await t.step("and checks the types of every entry point", async () => {
      const { exports } = JSON.parse(await Deno.readTextFile(`${ROOT}/deno.json`));
      const paths = Object.values(exports as Record<string, string>);
      const script = paths.map((path, i) =>
        `import * as m${i} from "${new URL(
          path,
          `${base}/`,
        )}"; console.log(Object.keys(m${i}).length > 0);`
      ).join("\n");
      assertEquals(await run(script, "--check=all"), "true\n".repeat(paths.length));
    });
    assertEquals(paths.filter((path) => path.endsWith(".json")), []);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
