import { assertEquals } from "@std/assert";
import { importsOf, withoutSourceMap } from "../../../tunnel/source/imports.ts";

Deno.test("importsOf() finds every import that is written out", async () => {
  const { imports, isModule } = await importsOf(`
    import a from "./a.js";
    import "./b.js";
    export * from './c.js';
    export { d } from "./d.js";
    const e = () => import("./e.js");
    const f = () => import(e);
    // import "./comment.js";
    const g = 'import "./string.js"', h = /import("regexp")/;
    import.meta.url;
  `);
  assertEquals(isModule, true);
  assertEquals(
    imports.map(({ specifier, isDynamic }) => `${specifier} ${isDynamic}`),
    ["./a.js false", "./b.js false", "./c.js false", "./d.js false", "./e.js true"],
  );
});

Deno.test("importsOf() takes import attributes off and leaves all else in its place", async () => {
  const pieces = [
    `import a from "./a.json" with { type: "json" };`,
    `import b from './b.txt' with {\n  "type": 'text' }; here();`,
    `export { default } from "./c.json" with { type: "json" };`,
    `const d = await import("./d.bin", { with: { type: "bytes" } }); there();`,
    `import e from "./e.js" with {}; everywhere();`,
  ];
  const text = pieces.join("\n");
  const { source, imports } = await importsOf(text);
  const specifiers = [...source.matchAll(/["'](\.[^"']*)["']/g)].map(([, specifier]) => specifier);
  assertEquals(specifiers, [
    "./a.json json",
    "./b.txt text",
    "./c.json json",
    "./d.bin bytes",
    "./e.js",
  ]);
  assertEquals(imports.map(({ type }) => type), ["json", "text", "json", "bytes", undefined]);
  assertEquals(source.length, text.length);
  assertEquals(source.split("\n").length, text.split("\n").length);
  for (const call of ["here()", "there()", "everywhere()"]) {
    assertEquals(source.indexOf(call), text.indexOf(call));
  }
  assertEquals(/type|with/.test(source), false);
  assertEquals((await importsOf(source)).imports.length, pieces.length);
});

Deno.test("importsOf() finds what import.meta.resolve() is asked", async () => {
  const { resolved } = await importsOf(
    `import.meta.resolve("./a.js"); import.meta . resolve('b'); import.meta.resolve(c); meta.resolve("d");`,
  );
  assertEquals(resolved, ["./a.js", "b"]);
});

Deno.test("withoutSourceMap() splits an inline map off, and no other comment", () => {
  const map = btoa(JSON.stringify({ version: 3, mappings: "AAAA;;BB" }));
  const comment = `//# sourceMappingURL=data:application/json;base64,${map}`;
  assertEquals(withoutSourceMap(`a();\n${comment}\n`), { source: "a();", mappings: "AAAA;;BB" });
  for (const code of ["a();", "a(); //# sourceMappingURL=a.js.map", `"${comment}"; b();`]) {
    assertEquals(withoutSourceMap(code), { source: code });
  }
});
