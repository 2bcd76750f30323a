import { Local, RemoteError } from "../../../mod.ts";
import { IMPORT_COMPARE, makeProject, projectTest } from "../_project.ts";
import { assertEquals, assertMatch } from "@std/assert";
import { everyAgent } from "../_hidden.ts";
import { needing } from "../../services/services.ts";
import { rejectsAs } from "../_deadline.ts";

/** Tells of the exports of a module, or of the error. */
const SHOW = `const show = (load) => {
  try {
    const exports = load();
    return [typeof exports, Object.keys(exports), exports.__esModule ?? null];
  } catch (error) { return [error.code ?? null, error.message.replace(/^RangeError: /, "").slice(0, 3)]; }
};`;

Deno.test(projectTest(
  "call() sends ES modules that are required, which run when they are required",
  {
    "deno.json": "{}",
    "main.ts": `${IMPORT_COMPARE}
      import { createRequire } from "node:module";
      import cases from "./cases.cjs";
      import { counter } from "./from_both.cjs";
      import { count, up } from "./counter.mjs";
      import own from "./functions.cjs";
      const require = createRequire(import.meta.url);
      const [functions, named] = [require("./functions.mjs"), require("./named.mjs")];
      await compare({
        ...cases,
        captured: () => [functions.byName(), functions.__esModule, own.isFunctions(functions), named.a],
        shared: () => { up(); return [counter.count, count, counter.up === up]; },
        byName: own.byName, byDefault: own.byDefault, method: own.method, wholeOne: own.wholeOne,
        part: own.part,
      });`,
    "cases.cjs": `${SHOW}
      globalThis.ran = [];
      const lazy = () => require("./lazy.mjs");
      module.exports = {
        lazy: () => [ran.includes("lazy"), lazy().value, ran.filter((one) => one === "lazy")],
        named: () => show(() => require("./named.mjs")),
        withDefault: () => show(() => require("./default.mjs")),
        marked: () => show(() => require("./marked.mjs")),
        whole: () => [show(() => require("./whole.mjs")), require("./whole.mjs")()],
        typed: () => show(() => require("./typed.ts")),
        deep: () => require("./deep.mjs").text,
        wasm: () => require("./add.wasm").add(1, 2),
        throws: () => [show(() => require("./throws.mjs")), show(() => require("./throws.mjs"))],
        same: async () => {
          const [named, whole] = [await import("./named.mjs"), await import("./whole.mjs")];
          return [named === require("./named.mjs"), Object.keys(whole),
            require("./default.mjs") === require("./default.mjs"),
            (await import("./default.mjs")) === require("./default.mjs")];
        },
        awaiting: () => show(() => require("./awaiting.mjs"))[0],
        awaitingBelow: () => [show(() => require("./below.mjs"))[0], ran.filter((one) => one === "top")],
        awaited: async () => [(await import("./below.mjs")).top, show(() => require("./below.mjs"))[0]],
        noTopLevel: () => Object.keys(require("./no_top_level.mjs")),
        cycle: async () => (await import("./cycle.mjs")).seen,
        inCycle: async () => (await import("./in_cycle.mjs")).seen,
        cjs: () => require("./from_cjs.mjs").sum,
      };`,
    "lazy.mjs": `ran.push("lazy"); export const value = 1;`,
    "named.mjs": `export const a = 1; export let b = 2;`,
    "default.mjs": `export const a = 1; export default class {}`,
    "marked.mjs": `export default 1; export const __esModule = false;`,
    "whole.mjs": `#!/usr/bin/env node
      const whole = () => "whole"; export { whole as "module.exports" }; export default 5;`,
    "typed.ts": `export enum Kind { One } export const a: Kind = Kind.One;`,
    "deep.mjs":
      `import { readFileSync } from "node:fs"; import data from "./data.json" with { type: "json" };
      import cjs from "./deep.cjs"; export const text = [typeof readFileSync, data.text, cjs.a];`,
    "data.json": `{ "text": "data" }`,
    "deep.cjs": `exports.a = require("./default.mjs").a;`,
    "add.wasm": new Uint8Array([
      ...[0, 97, 115, 109, 1, 0, 0, 0, 1, 7, 1, 96, 2, 127, 127, 1, 127, 3, 2, 1, 0, 7, 7, 1, 3],
      ...[97, 100, 100, 0, 0, 10, 9, 1, 7, 0, 32, 0, 32, 1, 106, 11],
    ]),
    "throws.mjs": `throw new RangeError("bad");`,
    "awaiting.mjs": `ran.push("top"); await 0; export const top = 1;`,
    "below.mjs": `import "./no_top_level.mjs"; export { top } from "./awaiting.mjs";`,
    "no_top_level.mjs": `import * as self from "./no_top_level.mjs"; // await
      export * from "./named.mjs"; export const f = async () => { await 0; };
      export default class A { async m() { for await (const one of []) await self; } }`,
    "cycle.mjs": `import { seen } from "./cycle.cjs"; export const a = 1; export { seen };`,
    "cycle.cjs": `try { require("./cycle.mjs"); } catch (error) {
      exports.seen = error.message.includes("in a cycle"); }`,
    "in_cycle.mjs": `import { seen } from "./in_cycle.cjs"; export { seen };
      export function hoisted() { return "hoisted"; }`,
    "in_cycle.cjs": `exports.seen = require("./inner.mjs").value;`,
    "inner.mjs": `import { hoisted } from "./in_cycle.mjs"; export const value = hoisted();`,
    "from_cjs.mjs": `import { createRequire } from "node:module";
      const require = createRequire(import.meta.url);
      const { a, b } = require("./named.mjs"); export const sum = a + b;`,
    "from_both.cjs": `exports.counter = require("./counter.mjs");`,
    "counter.mjs": `export let count = 0; export function up() { count++; }`,
    // They are found by the module in which they are, whatever require() says of its exports.
    "functions.cjs": `const whole = require("./whole_function.mjs");
      module.exports = {
        byName: require("./functions.mjs").byName, byDefault: require("./functions.mjs").default,
        method: require("./functions.mjs").object.method, wholeOne: whole, part: whole.part,
        isFunctions: (one) => one === require("./functions.mjs"),
      };`,
    "functions.mjs": `const inner = () => "inner"; export const byName = () => ["name", inner()];
      export default function () { return ["default", inner()]; }
      export const object = { method() { return ["method", inner()]; } };`,
    "whole_function.mjs": `const inner = () => "inner"; const whole = () => ["whole", inner()];
      whole.part = () => ["part", inner()]; export { whole as "module.exports" };`,
  },
  {
    lazy: [false, 1, ["lazy"]],
    named: ["object", ["a", "b"], null],
    withDefault: ["object", ["__esModule", "a", "default"], true],
    marked: ["object", ["__esModule", "default"], false],
    whole: [["function", [], null], "whole"],
    typed: ["object", ["Kind", "a"], null],
    deep: ["function", "data", 1],
    wasm: 3,
    throws: [[null, "bad"], [null, "bad"]],
    same: [true, ["default", "module.exports"], true, false],
    awaiting: "ERR_REQUIRE_ASYNC_MODULE",
    awaitingBelow: ["ERR_REQUIRE_ASYNC_MODULE", []],
    awaited: [1, "ERR_REQUIRE_ASYNC_MODULE"],
    noTopLevel: ["__esModule", "a", "b", "default", "f"],
    cycle: true,
    inCycle: "hoisted",
    cjs: 3,
    shared: [1, 1, true],
    byName: ["name", "inner"],
    byDefault: ["default", "inner"],
    method: ["method", "inner"],
    captured: [["name", "inner"], true, true, 1],
    wholeOne: ["whole", "inner"],
    part: ["part", "inner"],
  },
));

Deno.test(needing(["deno", "node"], "call() says why an ES module cannot be required", async () => {
  await using project = await makeProject({
    "a.cjs": `exports.load = () => require("./b.mjs");`,
    "b.mjs": `import "./c.mjs";`,
    "c.mjs": `await 0;`,
  });
  const { load } = await import(`file://${project.folder}/a.cjs`);
  for (const [name, options] of Object.entries(everyAgent())) {
    await using tun = new Local(name, options);
    const error = await rejectsAs(RemoteError, tun.call(load as () => void));
    assertMatch(
      error.message,
      /Cannot require file:.*b\.mjs: there is an await at its top level, or .*; use import\(\) instead/,
    );
    assertEquals((error.cause as { code?: string }).code, "ERR_REQUIRE_ASYNC_MODULE");
  }
}));

Deno.test(
  needing(["deno", "node"], "an agent sends ES modules that are required further on", async () => {
    await using project = await makeProject({
      "a.cjs":
        `const whole = require("./b.mjs"); exports.get = () => [whole.default, whole.__esModule];
      exports.made = () => { const own = require("./b.mjs"); return () => own.default; };`,
      "b.mjs": `export default "b";`,
    });
    const { get, made } = await import(`file://${project.folder}/a.cjs`) as {
      get(): unknown[];
      made(): () => string;
    };
    for (const options of Object.values(everyAgent())) {
      await using tun = new Local("outer", options);
      const far = await tun.call(async () => {
        await using inner = new Local("inner", options);
        return [await inner.call(get), await inner.call(made())];
      });
      assertEquals(far, [["b", true], "b"]);
    }
  }),
);
