import { assertEquals, assertStringIncludes } from "@std/assert";
import { Local } from "../../../mod.ts";
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
          (await import("data:text/javascript," + "export default 3")).default;`,
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
