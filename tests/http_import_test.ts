import { assert, assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** Serves the repository on loopback, as any web server would. */
function serve(): { server: Deno.HttpServer<Deno.NetAddr>; paths: string[] } {
  const paths: string[] = [];
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {} },
    async (request) => {
      const { pathname } = new URL(request.url);
      paths.push(pathname);
      try {
        const body = await Deno.readFile(`${ROOT}${decodeURIComponent(pathname)}`);
        return new Response(body, { headers: { "content-type": "application/typescript" } });
      } catch {
        return new Response("Not here", { status: 404 });
      }
    },
  );
  return { server, paths };
}

Deno.test("mod.ts can be imported by its URL, where our deno.json does not apply", async (t) => {
  const { server, paths } = serve();
  const folder = await Deno.makeTempDir();
  try {
    const { port } = server.addr;
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
    const base = `http://127.0.0.1:${port}`;
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
    await server.shutdown();
    await Deno.remove(folder, { recursive: true });
  }
});
