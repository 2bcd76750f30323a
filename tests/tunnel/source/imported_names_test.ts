import { assertEquals } from "@std/assert";
import { importedNames } from "../../../tunnel/source/imported_names.ts";
import { importsOf } from "../../../tunnel/source/imports.ts";

Deno.test("importedNames() gives the names that an import takes from another module", () => {
  const cases: readonly (readonly [source: string, ...names: string[]])[] = [
    ['import a from "./a";'],
    ['import * as a from "./a";'],
    ['import "./a";'],
    ['export * from "./a";'],
    ['import a, { b, c as d, } from "./a";', "b", "c"],
    ["import {default as a,\n  // no, \n  $b /* as c, d */} from './a';", "$b"],
    ['import { "a, b" as c, \'d\' as e } from "./a";', "a, b", "d"],
    ['export { a as default, b as "c" } from "./a";', "a", "b"],
  ];
  for (const [source, ...names] of cases) {
    const [one] = importsOf(source).imports;
    assertEquals(importedNames(one!.statement), names, source);
  }
});
