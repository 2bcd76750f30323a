import process from "node:process";
import { fileURLToPath } from "node:url";
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { Local, RemoteError } from "../../../mod.ts";
import { needing, service } from "../../services/services.ts";
import { rejectsAs } from "../_deadline.ts";
import { IMPORT_COMPARE, makeProject, projectTest } from "../_project.ts";

Deno.test(needing(
  ["node"],
  "call() on a Node agent tells again why a module threw, and has the globals of a script",
  async () => {
    await using project = await makeProject({
      "bad.ts": `if (!("Deno" in globalThis)) throw new Error("this needs Deno");
        export const f = () => 1;`,
      "main.ts": `import { f } from "./bad.ts";
        export const fns = [() => f(), () => f() + 1]; export const g = () => f() + 2;`,
      "plain.ts": `export const globals = () =>
          ["fs", "path", "module", "process"].filter((name) => name in globalThis);
        export const data = async () =>
          (await import("data:text/javascript," + "export default 3")).default;
        export const blob = async () => {
          const text = "export const text = 'é%'; export { sep } from 'node:path';";
          const url = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
          const [one, two] = [await import(url), await import(url)];
          return [one.text, one.sep, one === two];
        };`,
    });
    const { fns, g } = await import(`${project.folder}/main.ts`);
    const plain = await import(`${project.folder}/plain.ts`);
    for (const node of Object.values(service("node").paths)) {
      await using tunnel = new Local("node", { runtime: "node", node });
      for (const fn of [...fns, g, ...fns]) {
        const { message } = await rejectsAs(Error, tunnel.call(fn));
        assertStringIncludes(message, "this needs Deno", node);
      }
      assertEquals(await tunnel.call(plain.globals), ["process"], node);
      assertEquals(await tunnel.call(plain.data), 3, node);
      assertEquals(await tunnel.call(plain.blob), ["é%", "/", true], node);
    }
  },
));

Deno.test(projectTest(
  "call() gives a JSON file that is required and imported as two objects, as Deno does",
  {
    "main.ts": `${IMPORT_COMPARE}
      import { both } from "./both.ts";
      await compare({ both });`,
    "both.ts": `import r from "./r.cjs"; import j from "./j.json" with { type: "json" };
      export const both = () => [r, j.a];`,
    "j.json": `{"a":1}`,
    "r.cjs": `const j = require("./j.json"); j.a = 2; module.exports = require("./j.json").a;`,
  },
  { both: [2, 1] },
));

Deno.test("call() says that a native addon is missing, though the package hides it", async () => {
  await using project = await makeProject({
    "main.ts": `import a from "./a.cjs"; import { f as b } from "./b.ts";
      export const plain = () => a(); export const hiding = () => b();
      export const falling = () => a.fallback(); export const other = () => { throw new Error("o"); };
      export const platform = () => a.platform();`,
    "a.cjs": `module.exports = () => require("./x.node");
      module.exports.fallback = () => { try { require("./y.node"); } catch { return 1; } };
      module.exports.platform = () => {
        try { return require(\`@x/\${process.platform}-\${process.arch}-gnu\`); }
        catch (error) { throw new Error(\`No binding, \${error.code}\`); } };`,
    "b.ts": `import c from "./c.cjs"; export const f = () => c();`,
    "c.cjs": `const name = "linux"; module.exports = () => {
      try { return require(\`@x/\${name}/x.node\`); } catch { throw new Error("Could not load x"); } };`,
    "x.node": "",
  });
  const { plain, hiding, falling, other, platform } = await import(`${project.folder}/main.ts`);
  const reason = "a native addon only runs where it was installed";
  await using tunnel = new Local();
  const message = async (fn: () => unknown): Promise<string> =>
    (await rejectsAs(RemoteError, tunnel.call(fn))).message;
  assertStringIncludes(
    await message(plain),
    `x.node from file://${project.folder}/a.cjs: ${reason}`,
  );
  assertStringIncludes(
    await message(hiding),
    `Could not load x (it required @x/linux/x.node: ${reason})`,
  );
  assertMatch(
    await message(platform),
    /No binding, MODULE_NOT_FOUND \(it required @x\/\w+-\w+-gnu: a native addon only runs/,
  );
  assertEquals(await tunnel.call(falling), 1);
  assertEquals((await message(other)).includes("addon"), false);
});

Deno.test("call() names the script that runs here, also in process.argv", async () => {
  const names = () => [process.argv.slice(1, 2), globalThis.Deno?.mainModule, import.meta.main];
  for (const runtime of ["deno", "node"] as const) {
    await using tunnel = new Local(runtime, { runtime });
    const main = runtime === "deno" ? Deno.mainModule : undefined;
    assertEquals(await tunnel.call(names), [[fileURLToPath(Deno.mainModule)], main, false]);
  }
});
