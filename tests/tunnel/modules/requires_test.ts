import { assertEquals, assertStringIncludes } from "@std/assert";
import { Local, RemoteError } from "../../../mod.ts";
import { needing } from "../../services/services.ts";
import { rejectsAs } from "../_deadline.ts";
import { everyAgent, Hidden } from "../_hidden.ts";
import { IMPORT_COMPARE, makeProject, runHidden } from "../_project.ts";

const FILES = {
  "node_modules/pkg/package.json": '{ "name": "pkg", "version": "1.0.0" }',
  "node_modules/pkg/index.js": `const path = require("path");
    exports.locale = (name) => require("./locale/" + name);
    exports.command = (name) => require(\`./commands/\${name}/index.js\`);
    exports.joined = (name) => require(path.join(__dirname, "locale", name + ".js"));
    exports.beside = (name) => require("./" + name);
    exports.load = async (name) => (await import(\`./locale/\${name}.js\`)).default;`,
  "node_modules/pkg/beside.js": `module.exports = "beside";`,
  "node_modules/pkg/locale/de.js": `module.exports = "Tag";`,
  "node_modules/pkg/locale/deep/at.json": `"Servus"`,
  "node_modules/pkg/locale/broken.js": `not JavaScript`,
  "node_modules/pkg/commands/ls/index.js": `module.exports = require("../../locale/de");`,
  "node_modules/mapped/package.json": JSON.stringify({
    exports: {
      "./l/*": { import: "./none/*", require: "./lib/*.cjs" },
      "./one/de": "./lib/de.cjs",
    },
  }),
  "node_modules/mapped/lib/de.cjs": `module.exports = "mapped";`,
  "node_modules/pkg/node_modules/other/index.js": `module.exports = "other";`,
  "app/main.cjs": `
    const alias = require, { createRequire } = require("node:module");
    const optional = (name) => { try { return require(name) } catch (e) { return e.code } };
    // require("./comment.cjs")
    exports.pkg = require("pkg");
    exports.aliased = () => [alias("./x.cjs"), module.require("./x.cjs"), require(/* c */ "./x.cjs")];
    exports.optional = () => [optional("./y.cjs"), optional("./missing.cjs")];
    exports.resolved = () => [require.resolve("./x.cjs") === __dirname + "/x.cjs",
      require(require.resolve("./x.cjs")), require.resolve("fs"), require.resolve.paths("fs")];
    exports.joined = () => [require(require("path").join(__dirname, "x.cjs")),
      require(__dirname + "/folder")];
    exports.created = () => [createRequire(__filename)("./x.cjs"),
      createRequire(__dirname + "/folder/z.js")("./inner.json"),
      (process.getBuiltinModule ?? require)("module").createRequire(__filename)("./x.cjs")];
    exports.cache = () => {
      const first = require("./fresh.cjs"), name = require.resolve("./fresh.cjs");
      const { id, loaded, parent } = require.cache[name];
      delete require.cache[name];
      const again = require("./fresh.cjs");
      require.cache[name] = { exports: "set" };
      return [id === name, loaded, parent === module, first === again, require("./fresh.cjs"),
        delete require.cache[name]];
    };
    exports.environment = () => [require.main, require.main === module, !module.parent,
      module.id === __filename, module.path === __dirname, module.paths[0] === __dirname +
      "/node_modules", Object.keys(module), Object.keys(require.extensions).slice(0, 1),
      Object.keys(require).sort(), module.children.length > 0, require.cache[__filename] === module];
    exports.errors = () => ["", 1].map((name) => {
      try { return require(name) } catch (error) { return error.code }
    });
    exports.json = () => require("./bom.json");
    exports.listed = () => ["./l1.cjs", "./l2.cjs"].map((name) => require(name));
    exports.mapped = () => ["./m1.cjs", "./m2.cjs"].map(require);
    exports.table = (key = "b") => require({ a: "./t1.cjs", b: "./t2.cjs" }[key]);
    exports.called = () => [require.call(null, "./c1.cjs"), require.apply(null, ["./c2.cjs"])];
    exports.hidden = () => eval("require")("./e1.cjs");
    exports.own = (name = "q") => [require("./own/" + name + ".cjs"), require(\`./own/\${name}.cjs\`)];
    exports.packages = (name = "de") => [require("pkg/locale/" + name),
      require(\`pkg/locale/\${name}.js\`), require("mapped/l/" + name),
      require("mapped/one/" + name)];
    exports.never = (isWanted) => { if (isWanted) require("./bad.cjs"); return "not reached" };`,
  "app/x.cjs": `module.exports = "x";`,
  ...Object.fromEntries(
    ["l1", "l2", "m1", "m2", "t2", "c1", "c2", "e1", "own/q", "own/deep/r"].map((
      name,
    ) => [`app/${name}.cjs`, `module.exports = ${JSON.stringify(name)};`]),
  ),
  "app/y.cjs": `module.exports = "y";`,
  "app/fresh.cjs": `module.exports = {};`,
  "app/bad.cjs": `module.exports = {;`,
  "app/comment.cjs": `module.exports = {};`,
  "app/folder/package.json": `{ "main": "lib/start" }`,
  "app/folder/lib/start.js": `module.exports = "folder";`,
  "app/folder/inner.json": `"inner"`,
  "app/bom.json": `\uFEFF{ "a": 1 }`,
  "app/untyped.js": `module.exports = typeof require;`,
  "app/maker.ts": `import { createRequire } from "node:module";
    export const load = createRequire(import.meta.url);`,
  "app/sub/main.ts": `import { createRequire } from "node:module";
    import { load } from "../maker.ts";
    import bom from "../bom.json" with { type: "json" };
    export const made = () => [load("./x.cjs"), load("./untyped.js"), load("pkg").beside("beside")];
    export const direct = () => createRequire(import.meta.url)("../x.cjs");
    export const resolved = async (computed = "node:path") => [await import(computed) !== null,
      import.meta.resolve("../x.cjs"), import.meta.resolve("./not_there.ts")];
    export const json = () => bom;`,
  "app/lazy/main.ts": `export const lazy = async (name: string) => {
      const loads: Record<string, () => Promise<unknown>> = {
        peer: () => import("./peer.ts"), syntax: () => import("./syntax.ts"),
      };
      try { return await loads[name]?.() ?? "not reached" } catch (e) { return (e as Error).message }
    };`,
  "app/lazy/peer.ts": `import "./between.ts"; export default 1;`,
  "app/lazy/between.ts": `import { x } from "./not_there.ts"; export default x;`,
  "app/lazy/syntax.ts": `export const a = ;`,
};

// deno-lint-ignore no-explicit-any -- functions of modules without types
type Functions = Record<string, (...args: any[]) => unknown>;

for (const agent of ["deno", "node18", "node26"]) {
  Deno.test(needing(
    ["deno", "node", "sudo"],
    `${agent}: what modules require under other names is there`,
    async (t) => {
      // Node 18 to 24 have a mistake in URLs behind a folder whose name begins with a dot.
      const files = Object.entries(FILES).map(([path, text]) => [`.cache/${path}`, text]);
      await using project = await makeProject(Object.fromEntries(files));
      const folder = `${project.folder}/.cache`;
      const main: Functions = (await import(`file://${folder}/app/main.cjs`)).default;
      const sub: Functions = await import(`file://${folder}/app/sub/main.ts`);
      const { lazy }: Functions = await import(`file://${folder}/app/lazy/main.ts`);
      const { pkg } = main as unknown as { pkg: Functions };
      await using tun = new Hidden([folder], everyAgent()[agent]!);

      for (const [name, fn] of Object.entries({ ...main, ...sub })) {
        if (typeof fn !== "function") continue;
        // There first: what was loaded here is sent in any case.
        await t.step(name, async () => assertEquals(await tun.call(fn), await fn()));
      }
      await t.step("computed names in a package", async () => {
        for (const name of ["de", "de.js", "deep/at", "deep/at.json"]) {
          assertEquals(await tun.call(pkg.locale!, name), pkg.locale!(name));
        }
        assertEquals(await tun.call(pkg.command!, "ls"), "Tag");
        assertEquals(await tun.call(pkg.joined!, "de"), "Tag");
        assertEquals(await tun.call(pkg.beside!, "beside"), "beside");
        assertEquals(await tun.call(pkg.load!, "de"), "Tag");
        assertEquals(await tun.call(main.own!, "deep/r"), ["own/deep/r", "own/deep/r"]);
        const error = await rejectsAs(RemoteError, tun.call(pkg.beside!, "node_modules/other"));
        assertStringIncludes(error.message, "it was not sent along; write its name out");
      });
      await t.step("what is broken fails when it is reached", async () => {
        await rejectsAs(RemoteError, tun.call(main.never!, true));
        await rejectsAs(RemoteError, tun.call(pkg.locale!, "broken"));
        assertEquals(await tun.call(lazy!, "none"), "not reached");
        assertStringIncludes(await tun.call(lazy!, "peer") as string, "not_there.ts");
        assertStringIncludes(await tun.call(lazy!, "syntax") as string, "syntax.ts");
      });
    },
  ));
}

Deno.test(needing(
  ["deno", "node", "sudo"],
  "what functions of the script that runs here require goes along",
  async () => {
    await using project = await makeProject({
      "main.ts": `${IMPORT_COMPARE}
        import { createRequire } from "node:module";
        import common from "./common.cjs";
        await compare({
          made: () => {
            const require = createRequire(import.meta.url);
            return [require("./a.cjs"), require.resolve("./a.cjs"), require("./" + "b.cjs")];
          },
          esModule: () => createRequire(import.meta.url)("./m.mjs").value,
          package: () => createRequire(import.meta.url)("pkg"),
          folder: (names = ["c", "d"]) => {
            const require = createRequire(import.meta.url);
            return names.map((name) => require("./folder/" + name));
          },
          common: common.make(),
        });`,
      "a.cjs": `module.exports = "a";`,
      "b.cjs": `module.exports = "b";`,
      "m.mjs": `export const value = "m";`,
      // Deno finds another one than Node does.
      "folder/c.cjs": `module.exports = "c";`,
      "folder/c.json": `"not c"`,
      "folder/d/index.cjs": `module.exports = "d";`,
      "node_modules/pkg/package.json": `{ "main": "main.cjs" }`,
      "node_modules/pkg/main.cjs": `module.exports = "pkg";`,
      "common.cjs": `const { createRequire } = require("node:module");
        exports.make = () => () => createRequire(__filename)("./a.cjs");`,
    });
    assertEquals(await runHidden(project.folder, project.folder), {
      made: ["a", `${project.folder}/a.cjs`, "b"],
      esModule: "m",
      package: "pkg",
      folder: ["c", "d"],
      common: "a",
    });
  },
));

Deno.test("the module and the require() of a CommonJS module are refused as variables", async () => {
  await using project = await makeProject({
    "own.cjs":
      `exports.modules = () => [() => module.exports, () => module.id, () => module.require];
      exports.requires = () => [() => require("./own.cjs"), () => require.resolve("./own.cjs")];`,
  });
  const own = (await import(`file://${project.folder}/own.cjs`)).default;
  await using tun = new Local();
  for (const fn of own.modules() as (() => void)[]) {
    const { message } = await rejectsAs(TypeError, tun.call(fn));
    assertStringIncludes(message, "variable module is a Module, which has no copy");
  }
  for (const fn of own.requires() as (() => void)[]) {
    const { message } = await rejectsAs(TypeError, tun.call(fn));
    assertStringIncludes(message, "in a CommonJS module, createRequire(__filename)");
  }
});
