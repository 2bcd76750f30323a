import { assertEquals } from "@std/assert";
import { needing } from "../../services/services.ts";
import { everyAgent, Hidden } from "../_hidden.ts";
import { IMPORT_COMPARE, makeProject, projectTest } from "../_project.ts";

/** CommonJS modules whose exports a lexer finds, and others. */
const MODULES = {
  "plain.cjs": `exports.a = 1; exports["b-c"] = 2;`,
  "getter.cjs": `Object.defineProperty(exports, "a", { enumerable: true, get: () => 1 });`,
  "object.cjs": `const b = 1;
    module.exports = { a: 1 + b, b, c() { return 3 }, async d() {}, ["e"]: 5, ...{ f: 6 } };`,
  "assigned.cjs": `Object.assign(module.exports, { a: 1 });`,
  "function.cjs": `module.exports = function named() {}; module.exports.a = 1;`,
  "again.cjs": `module.exports = require("./object.cjs");`,
  "compiled.cjs": `Object.defineProperty(exports, "__esModule", { value: true });
    exports.default = 1; exports.a = 2;`,
  "value.cjs": `module.exports = 7;`,
};

Deno.test(needing(
  ["deno", "node", "sudo"],
  "a CommonJS module has the named exports that it has here",
  async () => {
    const names = Object.keys(MODULES);
    await using project = await makeProject({
      ...MODULES,
      "main.ts": names.map((name, i) => `import * as m${i} from "./${name}";`).join("\n") +
        `import { c } from "./again.cjs"; import { v } from "./lazy.ts";
         export const shapes = () => [${names.map((_, i) => `m${i}`)}].map((one) =>
           Object.entries(one).map(([key, value]) => [key, typeof value]));
         export const spread = () => c();
         export const lazy = async () => (await import("./unloaded.ts")).seen();
         export const later = async () => Object.keys(await import("./later.cjs"));`,
      "lazy.ts": `export const v = 1;`,
      // It is not loaded here, so Deno does not tell what it exports.
      "unloaded.ts":
        `import { a, b as c } from "./computed.cjs"; export { d } from "./computed.cjs";
         export const seen = () => [a, c];`,
      "computed.cjs": `const b = 2; module.exports = { a: 1 + b, b: 2, d: 4 };`,
      "later.cjs": `exports.a = 1; exports.b = 2;`,
    });
    const main = await import(`file://${project.folder}/main.ts`);
    for (const options of Object.values(everyAgent())) {
      await using tun = new Hidden([project.folder], options);
      for (const name of ["shapes", "spread"]) {
        assertEquals(await tun.call(main[name]), main[name](), name);
      }
      assertEquals(await tun.call(main.lazy), [3, 2]);
      assertEquals(await tun.call(main.later), ["a", "b", "default", "module.exports"]);
    }
    assertEquals(await main.lazy(), [3, 2]);
    assertEquals(await main.later(), ["a", "b", "default", "module.exports"]);
  },
));

Deno.test(needing(
  ["deno", "node", "sudo"],
  "a CommonJS module that was sent for one who requires it can be imported later",
  async () => {
    await using project = await makeProject({
      "main.cjs": `exports.first = () => require("./object.cjs").a;`,
      "second.ts": `import { a, c } from "./object.cjs"; export const second = () => [a, c()];`,
      ...MODULES,
    });
    const { first } = await import(`file://${project.folder}/main.cjs`);
    for (const options of Object.values(everyAgent())) {
      await using tun = new Hidden([project.folder], options);
      assertEquals(await tun.call(first), 2);
      const { second } = await import(`file://${project.folder}/second.ts`);
      assertEquals(await tun.call(second), [2, 3]);
    }
  },
));

Deno.test(projectTest(
  "a project with detect-cjs has CommonJS modules in .js files",
  {
    "deno.json": `{ "unstable": ["detect-cjs"] }`,
    "main.ts": `${IMPORT_COMPARE}
      import common, { base } from "./common.js";
      await compare({ named: () => base("/a/b"), all: () => common.later() });`,
    "common.js": `exports.base = (path) => require("node:path").basename(path);
      exports.later = () => require("./later.js");`,
    "later.js": `module.exports = typeof __dirname;`,
  },
  { named: "b", all: "string" },
));
