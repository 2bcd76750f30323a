import { assertEquals } from "@std/assert";
import { computedTypes, namedImports } from "../../../tunnel/source/named_imports.ts";

Deno.test("namedImports() finds what is assigned to the variable of an import()", () => {
  const names = (code: string): string[] =>
    namedImports(code, code).map(({ specifier, type }) => `${specifier} ${type}`);
  assertEquals(names(`const n = "zod"; import(n)`), ["zod undefined"]);
  assertEquals(names(`let $n; $n = 'npm:a@1'; import( $n )`), ["npm:a@1 undefined"]);
  assertEquals(names(`const n = "./a.json"; import(n, { with: { type: "json" } })`), [
    "./a.json json",
  ]);
  // Packages of JSR would run to be found, and a property is no variable.
  assertEquals(names(`const n = "jsr:@a/b"; import(n); o.n = "c"; const xn = "d";`), []);
});

Deno.test("namedImports() finds relative paths of modules, but those that are imported", () => {
  const names = (code: string): string[] =>
    namedImports(code, code).map(({ specifier }) => specifier);
  const code = `import "./i.ts"; import a from './f.ts'; import("./d.ts");
    const list = ["./a.ts", "../b.mjs", \`./c.cjs\`, "x.ts", "./folder/", "./t.txt", "./$x.ts"];
    for (const one of list) await import(one);`;
  assertEquals(names(code), ["./a.ts", "../b.mjs", "./c.cjs"]);
  assertEquals(names(`["./a.ts"]; import("./b.ts")`), []);
});

Deno.test("computedTypes() gives the types of imports whose names are computed", () => {
  const code = `import(a, { with: { type: "json" } }); import(f(b), { with: { type: "text" } })`;
  assertEquals(computedTypes(code), new Set(["json", undefined, "text"]));
});

Deno.test("computedTypes() tells names that are written out from others", () => {
  for (const code of [`import(a)`, `import( f("./x") )`, `import(a + "b")`, `import(new URL(x))`]) {
    assertEquals(computedTypes(code).size, 1, code);
  }
  for (const code of [`import("a")`, `import( './b' )`, `import(\`c\`)`, `import a from "b"`]) {
    assertEquals(computedTypes(code).size, 0, code);
  }
});
