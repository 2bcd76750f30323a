import { assertEquals } from "@std/assert";
import { needing } from "../../services/services.ts";
import { IMPORT_COMPARE, makeProject, runProject } from "../_project.ts";

Deno.test(needing(
  ["deno", "node"],
  "A CommonJS module is one for all links to its file, and with any query",
  async () => {
    await using project = await makeProject({
      "main.ts": `${IMPORT_COMPARE}
        import { add } from "./link/counter.cjs";
        import { all, later, unloaded } from "./all.ts";
        await compare({ all, later, unloaded, captured: () => add() });`,
      "all.ts": `import * as real from "./real/counter.cjs"; import * as link from "./link.cjs";
        import folder, { add } from "./link/counter.cjs"; import * as query from "./link.cjs?1";
        const each = [real, link, query].map((one) => one.default);
        export const all = () => [add(), link.add(), each.every((one) => one === folder)];
        export const later = async () => (await import("./link/counter.cjs?later")).add();
        export const unloaded = async () => (await import("./unloaded.ts")).names;`,
      "unloaded.ts": `import { a, b } from "./link/computed.cjs"; export const names = [a, b];`,
      "real/counter.cjs": `let count = 0; exports.add = () => [++count, __filename];`,
      // Of this one, a lexer does not find the names.
      "real/computed.cjs": `const a = 1; module.exports = { a: a + 0, b: 2 };`,
    });
    const { folder } = project;
    await Deno.symlink("real", `${folder}/link`);
    await Deno.symlink("real/counter.cjs", `${folder}/link.cjs`);
    const counted = (count: number) => [count, `${folder}/real/counter.cjs`];
    assertEquals(await runProject(folder), {
      all: [counted(1), counted(2), true],
      later: counted(3),
      unloaded: [1, 2],
      captured: counted(4),
    });
  },
));
