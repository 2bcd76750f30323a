import { IMPORT_COMPARE, makeProject, runProject } from "../_project.ts";
import { assertEquals } from "@std/assert";
import { needing } from "../../services/services.ts";

const TYPES: Readonly<Record<string, string>> = {
  ts: "application/typescript",
  tsx: "text/tsx",
  js: "text/javascript",
  json: "application/json",
  wasm: "application/wasm",
  txt: "text/plain",
};

Deno.test(needing("node", "call() sends modules that came over http", async () => {
  const files: Record<string, string> = {
    "/lib/mod.ts": `import data from "./data.json" with { type: "json" };
      import text from "../text.txt" with { type: "text" };
      import { plain } from "/plain.js";
      import { view } from "./view.tsx";
      import { redirected } from "../old.ts";
      import { typed } from "../noextension"; data.count++;
      enum Kind { One = 1, Two }
      export function all(): unknown {
        return [data.from, text, plain, view(), redirected, typed, Kind.Two, import.meta.filename ?? null, data.count];
      }
      export const lazy = async () => [
        (await import("./lazy.ts")).lazy,
        await import("./missing.ts").catch(() => "missing"),
      ];
      export const where = () => {
        const stack = new Error("here").stack!; type After = 1;
        return /(http.*:\\d+:\\d+)/.exec(stack)![1];
      };
      export const own = () => import.meta.resolve("./x.ts").replace(/:\\d+/, "");`,
    "/lib/data.json": '{ "from": "json", "count": 1 }',
    "/text.txt": "text\n",
    "/plain.js": `export const plain = "plain";`,
    "/lib/view.tsx": `/** @jsxRuntime classic */
      /** @jsx h */
      const h = (tag: string): string => tag; export const view = () => <p />;`,
    "/new/place.ts": `import { near } from "./near.ts"; export const redirected = near;`,
    "/new/near.ts": `export const near: string = "near";`,
    "/noextension": `export const typed: string = "typed";`,
    "/lib/lazy.ts": `export const lazy = "lazy" as const;`,
  };
  await using server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {} },
    (request) => {
      const { pathname } = new URL(request.url);
      if (pathname === "/old.ts") {
        return new Response(null, { status: 302, headers: { location: "/new/place.ts" } });
      }
      const body = files[pathname];
      if (body === undefined) return new Response("Not here", { status: 404 });
      const type = TYPES[/\.(\w+)$/.exec(pathname)?.[1] ?? "ts"]!;
      return new Response(body, { headers: { "content-type": type } });
    },
  );
  const base = `http://127.0.0.1:${(server.addr as Deno.NetAddr).port}`;
  await using project = await makeProject({
    "deno.json": JSON.stringify({ imports: { "remote/": `${base}/lib/` } }),
    "main.ts": `${IMPORT_COMPARE}
      import { all, lazy, own, where } from "remote/mod.ts";
      const local = () => all();
      await compare({ all, lazy, own, where, local });`,
  });
  const all = ["json", "text\n", "plain", "p", "near", "typed", 2, null, 2];
  assertEquals(await runProject(project.folder, "--reload", "--unstable-raw-imports"), {
    all,
    local: all,
    lazy: ["lazy", "missing"],
    own: "http://127.0.0.1/lib/x.ts",
    where: `${base}/lib/mod.ts:16:23`,
  });
}));
