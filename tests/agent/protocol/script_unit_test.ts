import { assertEquals } from "@std/assert";
import type { FunctionUnit } from "../../../agent/protocol/handle.ts";
import { scriptOf } from "../../../agent/protocol/script_unit.ts";

const HEAD = "import.meta.chopsticks.make=()=>{const $={functions:[],variables:[]};";

function unit(source: string, more: Partial<FunctionUnit> = {}): FunctionUnit {
  return { url: "file:///a.ts", source, imports: {}, ...more };
}

function run(one: FunctionUnit): unknown[] {
  const make = (0, eval)(scriptOf(one)!) as () => { functions: unknown[] };
  return make().functions;
}

Deno.test("scriptOf() runs functions at their own lines, as strict code", () => {
  const [where, self] = run(unit(
    `${HEAD}\n\n$.functions[0]=\n() => new Error().stack;$.functions[1]=function(){return this};return $};`,
  )) as [() => string, () => unknown];
  assertEquals(/file:\/\/\/a\.ts[^)]*:(\d+):\d+/.exec(where())?.[1], "3");
  assertEquals(self(), undefined);
});

Deno.test("scriptOf() runs sloppy code as sloppy code", () => {
  const source = HEAD.replace("import.meta.chopsticks.make=", "return") +
    "\n\n$.functions[0]=function(){return this};return $};";
  const [self] = run(unit(source, { isSloppy: true })) as [() => unknown];
  assertEquals(self() === globalThis, true);
});

Deno.test("scriptOf() leaves to modules what a script would do otherwise", () => {
  const rest = (code: string): string => `${HEAD}\n\n$.functions[0]=${code};return $};`;
  assertEquals(typeof scriptOf(unit(rest("1"))), "string");
  for (
    const [what, other] of [
      ["an import", unit(`import a from "a";${rest("1")}`)],
      ["import()", unit(rest('() => import("node:os")'))],
      ["import.meta", unit(rest("() => import.meta.url"))],
      ["using", unit(rest("() => { using a = null }"))],
      ["what is a comment in a script", unit(rest("(a, b) => a<!--b"))],
      ["another comment in a script", unit(rest("(a) => { while (a\n--> 0); }"))],
      ["code in the first line", unit(`${HEAD}\n$.functions[0]=1;return $};`)],
      ["a URL that ends a comment", unit(rest("1"), { url: "file:///a b" })],
    ] as const
  ) assertEquals(scriptOf(other), undefined, what);
});
