import { assertEquals, assertStringIncludes } from "@std/assert";
import { Local } from "../../../mod.ts";
import { rejectsAs } from "../_deadline.ts";
import { makeProject } from "../_project.ts";

/** A module that is there at run time only. */
type AnyModule = Record<string, () => unknown>;

Deno.test("call() sends what was loaded of files that were edited since", async () => {
  const files = (value: number): Record<string, string> => ({
    "dep.ts": `export const v: number = ${value};`,
    "fn.ts": `export const g = (): number => ${value};`,
    "c.cjs": `module.exports = ${value};`,
    "t.txt": `${value}`,
    "d.json": `${value}`,
    "r.json": `"${value}"`,
    "req.cjs": `exports.r = require("./r.json"); exports.f = () => 0;`,
  });
  await using project = await makeProject({
    ...files(1),
    "main.ts": `import { v } from "./dep.ts"; import { g } from "./fn.ts"; import c from "./c.cjs";
      import t from "./t.txt" with { type: "text" }; import q from "./req.cjs";
      import j from "./d.json" with { type: "json" };
      export const f = () => [v, g(), c, t, j, q.r];`,
  });
  const { f } = await import(`${project.folder}/main.ts`);
  for (const [path, text] of Object.entries(files(2))) {
    await Deno.writeTextFile(`${project.folder}/${path}`, text);
  }
  for (const runtime of ["deno", "node"] as const) {
    await using tunnel = new Local(runtime, { runtime });
    assertEquals(await tunnel.call(f), [1, 1, 1, "1", 1, "1"]);
  }
});

Deno.test("call() sends a JSON file that was just written, not what code made of its value", async () => {
  await using project = await makeProject({
    "r.json": `{"a":1}`,
    "r.cjs": `const r = require("./r.json"); module.exports = () => r.a++;`,
    "i.json": `{"a":1}`,
    "i.ts": `import i from "./i.json" with { type: "json" }; export const f = () => i.a++;`,
    "b.json": `{"a":1}`,
    "b.cjs": `const b = require("./b.json"); b.a = 2; exports.b = b;`,
    "both.ts": `import { b } from "./b.cjs"; import i from "./b.json" with { type: "json" };
      export const f = () => [b.a, i.a];`,
    "main.ts": `import r from "./r.cjs"; import { f as both } from "./both.ts";
      import { f } from "./i.ts"; export const fns = [() => r(), f, both];`,
  });
  const { fns } = await import(`${project.folder}/main.ts`);
  await using tunnel = new Local();
  const [r, i, both] = fns;
  assertEquals([r(), both()], [1, [2, 1]]);
  assertEquals(await tunnel.call(both), [2, 1]);
  // Whether it was edited or code changed its value, nothing tells.
  assertStringIncludes((await rejectsAs(TypeError, tunnel.call(r))).message, "r.json: it was");
  assertEquals(await tunnel.call(i), 1);
  await Deno.writeTextFile(`${project.folder}/i.json`, `{"a":2}`);
  assertEquals(await tunnel.call(i), 2);
});

Deno.test("call() refuses a JSON file that was edited since it was loaded", async () => {
  await using project = await makeProject({
    "i.json": `{"a":1}`,
    "i.ts": `import i from "./i.json" with { type: "json" }; export const f = () => i;`,
    "r.json": "[1]",
    "r.cjs":
      `let r; try { r = require("./r.json"); } catch { r = "none"; } module.exports = () => r;`,
    "main.ts":
      `import { f } from "./i.ts"; import r from "./r.cjs"; export const fns = [f, () => r()];`,
  });
  const { fns } = await import(`${project.folder}/main.ts`);
  for (const name of ["i", "r"]) await Deno.writeTextFile(`${project.folder}/${name}.json`, "[2]");
  await using tunnel = new Local();
  for (const fn of fns) {
    const { message } = await rejectsAs(TypeError, tunnel.call(fn));
    assertStringIncludes(message, "json: it was written after this process started, and differs");
  }
});

Deno.test("call() refuses a WebAssembly module that was edited since it was loaded", async () => {
  const head = [0, 97, 115, 109, 1, 0, 0, 0, 1, 7, 1, 96, 2, 127, 127, 1, 127, 3, 2, 1, 0];
  const bytes = (operator: number): Uint8Array =>
    new Uint8Array([
      ...[...head, 7, 7, 1, 3, 114, 117, 110, 0, 0, 10, 9, 1, 7, 0, 32, 0, 32, 1],
      ...[operator, 11],
    ]);
  await using project = await makeProject({
    "a.wasm": bytes(0x6a),
    "b.wasm": bytes(0x6c),
    "a.ts": `import { run } from "./a.wasm"; export const f = () => run(5, 2);`,
    "b.ts": `import { run } from "./b.wasm"; export const f = () => run(5, 2);`,
  });
  const a = await import(`${project.folder}/a.ts`);
  const b = await import(`${project.folder}/b.ts`);
  await Deno.writeFile(`${project.folder}/a.wasm`, bytes(0x6b));
  await using tunnel = new Local();
  assertEquals([a.f(), await tunnel.call(b.f)], [7, 10]);
  const error = await rejectsAs(TypeError, tunnel.call(a.f));
  assertStringIncludes(error.message, "a.wasm: it was written after this process started");
});

Deno.test("call() sends a file that was written and not loaded here before", async () => {
  await using project = await makeProject({
    "c.cjs": `module.exports = 1;`,
    "main.ts":
      `import c from "./c.cjs"; import { v } from "./v.ts"; export const f = () => [c, v];`,
    "v.ts": `export const v = 1;`,
  });
  await using tunnel = new Local();
  const module = tunnel.module<AnyModule>(`file://${project.folder}/main.ts`);
  assertEquals(await module.f!(), [1, 1]);
});

Deno.test("module() says why Deno cannot load a module, and what imports it", async () => {
  await using project = await makeProject({
    "bad.ts": "export const a = ;",
    "uses_bad.ts": `import { a } from "./bad.ts"; export const f = () => a;`,
    "uses_none.ts": `import { a } from "./none.ts"; export const f = () => a;`,
    "source.ts": `import source a from "./a.wasm"; export const f = () => a;`,
    "named_source.ts": `import source from "./named.ts"; export const f = () => source;`,
    "named.ts": "export default 1;",
    "a.wasm": new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]),
  });
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, ({ url }) => {
    const { pathname } = new URL(url);
    return pathname === "/500.ts"
      ? new Response("", { status: 500 })
      : new Response("export const a = ;", { headers: { "content-type": "text/typescript" } });
  });
  const base = `http://127.0.0.1:${server.addr.port}`;
  const folder = `file://${project.folder}`;
  await using tunnel = new Local();
  const failure = async (url: string): Promise<Error> =>
    await rejectsAs(TypeError, tunnel.module<AnyModule>(url).f!());
  const bad = `Cannot send module ${folder}/bad.ts: SyntaxError: Expression expected`;
  assertEquals((await failure(`${folder}/bad.ts`)).message, `${bad} at ${folder}/bad.ts:1:18`);
  const deep = await failure(`${folder}/uses_bad.ts`);
  const importer = `(imported by ${folder}/uses_bad.ts)`;
  assertEquals(deep.message, `${bad} at ${folder}/bad.ts:1:18 ${importer}`);
  assertStringIncludes((deep.cause as Error).message, "Expression expected");
  assertStringIncludes(
    (await failure(`${folder}/uses_none.ts`)).message,
    `none.ts: there is no such module (imported by ${folder}/uses_none.ts)`,
  );
  assertStringIncludes((await failure(`${base}/500.ts`)).message, "500 Internal Server Error");
  assertStringIncludes((await failure(`${base}/bad.ts`)).message, `at ${base}/bad.ts:1:18`);
  assertStringIncludes((await failure("http://127.0.0.1:1/x.ts")).message, "failed");
  assertStringIncludes((await failure(`${folder}/source.ts`)).message, "`import source`");
  assertEquals(await tunnel.module<AnyModule>(`${folder}/named_source.ts`).f!(), 1);
  await server.shutdown();
});
