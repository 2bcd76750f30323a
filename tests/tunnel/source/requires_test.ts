import { assertEquals } from "@std/assert";
import type { FoundRequire } from "../../../tunnel/source/found_require.ts";
import { requiresOf } from "../../../tunnel/source/requires.ts";

/** What is required, shortened: `…` for what is computed, `?` in front of what is only resolved. */
function shown(found: readonly FoundRequire[]): string[] {
  return found.map(({ texts, isResolve, from }) =>
    (isResolve ? "?" : "") + texts.join("…") + (from === undefined ? "" : ` from ${from}`)
  );
}

const SCRIPTS: readonly (readonly [source: string, ...found: string[]])[] = [
  ['require("a"); x.y(require(`b`))', "a", "b"],
  ['require(/* c */ "./x" // d\n)', "./x"],
  ['/* require("no") */ a = "require(no)"; `${require("yes")}`; /require("no")/', "yes"],
  ['// require("no")\n/**\n * require("no")\n */\nrequire("yes")', "yes"],
  ['const r = require; r("x")', "x"],
  ['let r; r = typeof q === "function" ? q : require; r("x")', "x"],
  ['module.require("x"); (0, require)("y"); require?.("z")', "x", "y", "z"],
  ['require.call(null, "x"); require.apply(null, ["y"])', "x", "y"],
  ['eval("require")("x")', "x"],
  ['["./x"].map(require)', "…"],
  ['require.resolve("x"); require.resolve("y", { paths: [] })', "?x", "?y"],
  ['const r = require.bind(null); r("x")', "x"],
  ['function lazy(n) { return require(n) } lazy("./q"); lazy(x)', "…", "./q", "…"],
  ['exports.lazy = { get: (n) => require(n) }; lazy.get("./z")', "…", "./z"],
  ['define(function (require) { require("./i") })', "./i"],
  ['require("./locale/" + n + ".js"); require(`./l/${n}`)', "./locale/….js", "./l/…"],
  ['require(a ? "./p" : "./q"); require(a || "./r")', "./p", "./q", "…", "./r"],
  ['require(path.join(__dirname, "..", "x")); require(__dirname + "/y")', "/p/x", "/p/lib/y"],
  [
    'const d = path.join(__dirname, "plugins"); list.map((f) => require(path.join(d, f)))',
    "/p/lib/plugins/…",
  ],
  ['require("module").createRequire(__filename)("./x")', "./x", "module"],
  [
    'const { createRequire: c } = require("module"); c(__dirname + "/o/")("z")',
    "module",
    "z from file:///p/lib/o/",
  ],
  ['if (a) return require("x")', "x"],
  // Variables with many values, which lead to each other.
  [
    "abcdefgh".split("").map((a) => "abcdefgh".split("").map((b) => `${a} = ${b};`).join("")).join(
      "",
    )
      .repeat(50) + 'h = require; a("x")',
    "x",
  ],
  ['require("x"); not JavaScript', "x"],
  ['require("x"); module.require("y"); not JavaScript', "x"],
];

const MODULES: typeof SCRIPTS = [
  ['import { createRequire } from "node:module"; createRequire(import.meta.url)("./y")', "./y"],
  [
    'import { createRequire as cr } from "module"; const r = cr(import.meta.filename); r("./x")',
    "./x",
  ],
  [
    'import m from "module"; export const require = m.createRequire(import.meta.url);' +
    'require.resolve("./z"); require("./k")',
    "?./z",
    "./k",
  ],
  [
    "const r = process.getBuiltinModule('module').createRequire(import.meta.url); r('./q')",
    "./q",
  ],
  [
    'import { createRequire } from "module"; createRequire(new URL("./o/", import.meta.url))("b")',
    "b from file:///p/lib/o/",
  ],
  ['import { load } from "./maker.js"; load("./r")', "./r from file:///p/maker.js"],
  ['import * as all from "./maker.js"; all.require("./t")', "./t from file:///p/maker.js"],
  ['import { require } from "./other.js"; require("./t")'],
  ['function require() {} require("./t")'],
];

Deno.test("requiresOf() finds what a CommonJS module requires, under whatever name", () => {
  for (const [source, ...expected] of SCRIPTS) {
    const found = requiresOf({ source, url: "file:///p/lib/m.cjs", isModule: false });
    assertEquals(shown(found), expected, source);
  }
});

Deno.test("requiresOf() finds what a `require()` that an ES module makes is used for", () => {
  const makers = new Map([["./maker.js", "file:///p/maker.js"]]);
  for (const [source, ...expected] of MODULES) {
    const found = requiresOf({ source, url: "file:///p/lib/m.js", isModule: true, makers });
    assertEquals(shown(found), expected, source);
  }
});
