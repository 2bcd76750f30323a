import { assertEquals } from "@std/assert";
import { templateImports } from "../../../tunnel/source/template_imports.ts";

Deno.test("templateImports() finds templates and sums that begin with a folder", () => {
  const cases: Record<string, [folder: string, matches: string, type?: string] | undefined> = {
    "import(`./x/${n}.ts`)": ["./x/", "./x/a.ts"],
    "import(`../${n}`)": ["../", "../a/b.js"],
    "import(`./x/${ { a: `b` }.a }/c.${e}`)": ["./x/", "./x/1/c.ts"],
    "import( './x/' + n + '.ts' )": ["./x/", "./x/a.ts"],
    'import("./x/" + f(n, 1))': ["./x/", "./x/a"],
    "import(`./x/${n}.json`, { with: { type: 'json' } })": ["./x/", "./x/a.json", "json"],
    'import("./x/" + n, { with: { type: "text" } })': ["./x/", "./x/a", "text"],
    "const p = `./x/${n}.ts`; import(p)": ["./x/", "./x/a.ts"],
    "const p = `./x/${n}.ts`; import(p, { with: { type: 'text' } })": ["./x/", "./x/a.ts", "text"],
    "import(new URL(`./x/${n}.ts`, u))": ["./x/", "./x/a.ts"],
    "import(`./x${n}.ts`)": undefined,
    "const p = `./x/${n}.ts`; import('./y')": undefined,
    "import(`./x/a.ts`)": undefined,
    "import(`x/${n}.ts`)": undefined,
    'import("./x/")': undefined,
    'import("./x/".concat(n))': undefined,
  };
  for (const [source, expected] of Object.entries(cases)) {
    const found = templateImports(source, source);
    if (expected === undefined) assertEquals(found, [], source);
    else {
      const [folder, matches, type] = expected;
      const seen = found.map((one) => [one.folder, one.pattern.test(matches), one.type]);
      assertEquals(seen, [[folder, true, type]], source);
    }
  }
});
