import { assert, assertEquals, assertMatch, assertNotMatch, assertThrows } from "@std/assert";
import vm from "node:vm";
import { lowerUsing } from "../../../tunnel/source/lower_using.ts";
import { Programs, run } from "./_using_programs.ts";

const PROGRAMS = 500;

/** The lowered `source`, without the text that is appended to it. */
function lower(source: string, kind: "js" | "cjs" = "js"): string {
  const lowered = lowerUsing({ kind, source });
  return lowered.split("\n").slice(0, source.split("\n").length).join("\n");
}

const RESOURCE =
  "{ [Symbol.dispose]: () => log('over'), [Symbol.asyncDispose]: async () => log(1) }";

Deno.test("lowerUsing() gives programs that do what the engine does by itself", async () => {
  for (let seed = 0; seed < PROGRAMS; seed++) {
    const source = new Programs(seed).module();
    const lowered = lowerUsing({ kind: "js", source });
    assertEquals(await run(lowered), await run(source), `of seed ${seed}:\n${source}`);
    // No declaration is left, and everything stays in its line.
    assertNotMatch(lowered, /\busing v\d/);
    const linesOf = (text: string): [string, number][] =>
      text.split("\n").flatMap((line, i) =>
        [...line.matchAll(/\bv\d+ = make|log\("v\d+"\)/g)].map(([found]) => [found, i])
      ) as [string, number][];
    assertEquals(linesOf(lowered), linesOf(source), `of seed ${seed}`);
  }
});

/** Functions of CommonJS. */
const COMMON_JS: Record<string, string> = {
  "a script for the shell": `#!/usr/bin/env node
    const { log } = tools; using x = ${RESOURCE}; return log("end"), 1`,
  "strict code": `"use strict"
    const { log } = tools; using x = ${RESOURCE}; return (function () { return this })()`,
  "sloppy code": `const { log } = tools; using x = ${RESOURCE}; log(f());
    function f() { return typeof this } with (Math) { log(max(1, 2)) }
    if (1) { function g() { return delete log } } return g()`,
  "code that throws": `const { log, fail } = tools; using x = ${RESOURCE}; fail("thrown")`,
  "a variable of that name": `const { log } = tools; let using = [1]; for (using of [2]) log(using);
    for (using in { a: 1 }) log(using)
    using
    y = 1; var y; { using z = null, w = ${RESOURCE} } return [using, y]`,
};

for (const [what, source] of Object.entries(COMMON_JS)) {
  Deno.test(`lowerUsing() gives CommonJS that does the same: ${what}`, async () => {
    const lowered = lowerUsing({ kind: "cjs", source });
    assert(lowered !== source);
    // As the loader does.
    const [here, there] = [source, lowered].map((text) => text.replace(/^#!/, "//"));
    assertEquals(await run(there!, "cjs"), await run(here!, "cjs"));
  });
}

const TOOLS = "const { log, fail } = import.meta.tools;";

/** Modules with declarations at their top levels, in forms that programs do not have. */
const MODULES: Record<string, string> = {
  "a script for the shell": `#!/usr/bin/env deno\n${TOOLS} await using x = ${RESOURCE}; log(2)`,
  "small code":
    `const{log:l}=import.meta.tools,[a]=[1];let{b,c:[d]}={b:2,c:[3]};using x=${RESOURCE};` +
    `export{a,b,d as"the d"};class C{}export class D extends C{}l(a+b+d)`,
  "a default export between comments":
    `${TOOLS} export /* default */ default // default\n (log(1), 2)\nusing x = ${RESOURCE}`,
  "a default export of a class": `${TOOLS} using x = ${RESOURCE}
    export default class Named { static made = new Named() }
    export { Named as other }; log(Named.made)`,
  "variables without values": `${TOOLS} export let a, b = 1, c
    using x = ${RESOURCE}; b++; export var d = b; var e; log([a, b, c, d, e])`,
  "a class without a name":
    `${TOOLS} using x = class { static [Symbol.dispose]() { log(this.name) } }
    { using y = class { static [Symbol.dispose]() { log(this.name) } } }`,
  "functions that are used before": `${TOOLS} log(first()); export default function () { return a }
    export async function* second() {} function first() { return typeof second }
    using x = ${RESOURCE}; const a = 1; log(first())`,
  "something that throws": `${TOOLS} using x = ${RESOURCE}; export const a = 1;
    export function f() {} fail("thrown"); export function g() {} log("not reached")`,
};

for (const [what, source] of Object.entries(MODULES)) {
  Deno.test(`lowerUsing() gives a module that does the same: ${what}`, async () => {
    const lowered = lowerUsing({ kind: "js", source });
    assertNotMatch(lowered, /\busing [xy]\b/);
    assertEquals(await run(lowered), await run(source));
  });
}

Deno.test("lowerUsing() keeps columns, but behind braces and declarations", () => {
  const source = `function f() {
  using x = open(), y = open();
  later();
}
class A { static {
  using z = open(); use(z); } }`;
  const expected = `function f() {;const $scope=$using();try{
  const x = open(),{}=$scope.add(x), y = open(),{}=$scope.add(y);
  later();
}catch($error){$scope.fail($error)}finally{$scope.end();}}
class A { static {;const $scope=$using();try{
  const z = open(),{}=$scope.add(z); use(z); }catch($error){$scope.fail($error)}finally{$scope.end();}} }`;
  assertEquals(lower(source), expected);
});

Deno.test("lowerUsing() changes nothing where there is no declaration, or what it cannot read", () => {
  const sources = [
    "",
    "const using = 1, of = [2]; for (using of of); using\nx",
    "// using x = 1;\nconst text = 'using x = 1';",
    "{ using x = 1", // no program
    "import x from 'x'; export { x as using };",
  ];
  for (const source of sources) {
    assertEquals(lowerUsing({ kind: "js", source }), source);
    assertEquals(lowerUsing({ source }), source);
  }
});

Deno.test("lowerUsing() takes names that the code does not have", async () => {
  const source = `const { log } = import.meta.tools, $using = 1, $scope = 2, $$error = 3;
    { using x = ${RESOURCE}; log($using + $scope + $$error); }`;
  const lowered = lowerUsing({ kind: "js", source });
  assertMatch(lowered, /\$\$\$scope\.add\(x\)/);
  assertEquals(await run(lowered), await run(source));
});

Deno.test("lowerUsing() has a scope throw that it cannot put into a block", () => {
  const source = `function other() { return "other" }
    function twice() {
      var helper = 1; function helper() {}
      using x = null;
      return helper;
    }
    return [other, twice];`;
  const lowered = lowerUsing({ kind: "cjs", source });
  assertEquals(lowered.split("\n").findIndex((line) => line.includes("return [other")), 6);
  const [other, twice] = vm.compileFunction(lowered, [], { filename: "file:///twice.cjs" })();
  assertEquals(other(), "other");
  const error = assertThrows(() => twice(), SyntaxError, "helper is declared twice in the scope");
  assertMatch(error.stack!, /file:\/\/\/twice\.cjs:2:/);
});

Deno.test("lowerUsing() does not lower the same code twice", () => {
  const code = { kind: "js", source: "{ using x = null; }" } as const;
  assert(lowerUsing(code) !== code.source);
  assertEquals(lowerUsing(code), lowerUsing({ ...code }));
});
