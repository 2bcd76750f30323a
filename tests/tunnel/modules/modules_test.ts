import { IMPORT_COMPARE, projectTest } from "../_project.ts";

Deno.test(projectTest(
  "call() sends modules that Deno transforms",
  {
    "deno.json": JSON.stringify({
      compilerOptions: { jsx: "react-jsx", jsxImportSource: "preact" },
      imports: {
        "preact": "npm:preact@10.27.2",
        "preact/jsx-runtime": "npm:preact@10.27.2/jsx-runtime",
        "preact-render-to-string": "npm:preact-render-to-string@6.6.1",
      },
    }),
    "main.ts": `${IMPORT_COMPARE}
      import { page } from "./page.tsx";
      import { pragma } from "./pragma.tsx";
      import { old } from "./old.jsx";
      import * as types from "./types.ts";
      const { enums, merged, properties, decorated, modern } = types;
      await compare({ page, pragma, old, enums, merged, properties, decorated, modern });`,
    "page.tsx": `import { render } from "preact-render-to-string";
      function Item({ name }: { name: string }) { return <li class="x">{name}</li>; }
      export function page(): string {
        return render(<ul>{["a", "<b>"].map((name) => <Item name={name} />)}<></></ul>);
      }`,
    "pragma.tsx": `/** @jsxRuntime classic */
      /** @jsx make */
      const make = (tag: string, props: unknown, ...children: unknown[]): unknown => [tag, props, children];
      export const pragma = () => <b id="1">{2}<i /></b>;`,
    "old.jsx": `/** @jsxImportSource preact */
      export const old = () => (<p>text</p>).type;`,
    "types.ts": `import { Named, make } from "./shapes.ts";
      import { type Other, OnlyType } from "./shapes.ts";
      export { type Other, type OnlyType } from "./shapes.ts";
      export type { Named } from "./shapes.ts";
      enum Color { Red, Green = "green", Blue = 1 << 3 }
      const enum Size { Small = 1, Large }
      export declare function nowhere(): void;
      declare const alsoNowhere: string;
      export function enums(): unknown { return [Color.Red, Color[0], Color.Green, Color.Blue, Size.Large]; }
      namespace Tools { export const a = 1; export namespace Inner { export const b = a + 1; } }
      class Merged {} namespace Merged { export const c = 3; }
      export function merged(): unknown { return [Tools.a, Tools.Inner.b, Merged.c]; }
      class Point { constructor(public x: number, private readonly y = 2, protected z?: number) {}
        sum(): number { return this.x + this.y; } }
      export function properties(): unknown {
        const named: Named & Other & Partial<OnlyType> = make("n") as Named & Other;
        return [new Point(1).sum(), Object.keys(new Point(5)), named!.name satisfies string, <number> 1];
      }
      function tag(text: string) {
        return (target: any, { kind, name }: { kind: string; name: string | symbol | undefined }): any => {
          if (kind === "method") return function (this: unknown, ...args: unknown[]) {
            return text + String(name) + target.apply(this, args); };
          if (kind === "class") target.tagged = text;
          if (kind === "field") return (value: unknown) => text + value;
        };
      }
      @tag("class:") class Decorated {
        @tag("field:") field = "value";
        @tag("method:") method(): string { return this.field; }
        accessor count = 1;
        declare static tagged: string;
      }
      export function decorated(): unknown {
        const one = new Decorated();
        return [one.method(), Decorated.tagged, one.count];
      }
      export function modern(): unknown {
        const list: string[] = ["a"];
        return [list?.at(-1), 2 ** 3, list[1] ??= "added", /(?<year>\\d+)/u.exec("in 2026")?.groups?.year];
      }`,
    "shapes.ts": `export interface Named { name: string }
      export type Other = { other?: number };
      export interface OnlyType { only: string }
      export function make(name: string): Named { return { name }; }`,
  },
  {
    page: '<ul><li class="x">a</li><li class="x">&lt;b></li></ul>',
    pragma: ["b", { id: "1" }, [2, ["i", null, []]]],
    old: "p",
    enums: [0, "Red", "green", 8, 2],
    merged: [1, 2, 3],
    properties: [3, ["x", "y", "z"], "n", 1],
    decorated: ["method:methodfield:value", "class:", 1],
    modern: ["a", 8, "added", "2026"],
  },
));

Deno.test(projectTest(
  "call() sends modules with the experimental decorators that deno.json allows",
  {
    "deno.json": JSON.stringify({ compilerOptions: { experimentalDecorators: true } }),
    "main.ts": `${IMPORT_COMPARE}
      import { decorated } from "./decorated.ts";
      await compare({ decorated });`,
    "decorated.ts": `const seen: unknown[] = [];
      function note(target: any, key?: string, index?: unknown): any {
        seen.push([typeof target, key, typeof index]);
      }
      @note class Decorated {
        @note field = 1;
        @note method(@note _argument: string): void {}
        constructor(@note readonly given: number) {}
      }
      export const decorated = () => [seen.length, seen, new Decorated(4).given];`,
  },
  {
    decorated: [5, [
      ["object", "field", "undefined"],
      ["object", "method", "number"],
      ["object", "method", "object"],
      ["function", null, "number"],
      ["function", null, "undefined"],
    ], 4],
  },
));

Deno.test(projectTest(
  "stacks name positions of the user's files, whatever Deno made of them",
  {
    "deno.json": JSON.stringify({ compilerOptions: { jsx: "react-jsx", jsxImportSource: "jsx" } }),
    "import_map.json": JSON.stringify({ imports: { "jsx/jsx-runtime": "./runtime.ts" } }),
    "runtime.ts": `export const jsx = (tag: any, props: unknown): unknown =>
      typeof tag === "function" ? tag(props) : tag;
      export const jsxs = jsx, Fragment = "";`,
    "main.ts": `${IMPORT_COMPARE}
      import { inComponent, inConstructor, inEnums, closure } from "./view.tsx";
      enum Local { A, B }
      class Point { constructor(private readonly x: number) {} }
      interface Long {
        a: string;
      }
      const inEntry = () => { void [Local.B, Point]; return (new Error("entry") as Error).stack; };
      const cut = (fn: () => string | undefined) => fn;
      const position = (stack = "") => /([^/]+:\\d+:\\d+)\\)?$/m.exec(stack)![1];
      await compare({
        inComponent: () => position(inComponent()),
        inConstructor: () => position(inConstructor()),
        inEnums: () => position(inEnums()),
        closure: () => position(cut(closure)()),
        inEntry: () => position(inEntry()),
      });`,
    "view.tsx": `interface Props {
  stack?: string;
}
enum Kind {
  One,
  Two,
}
function View(_: Props) {
  return (new Error("component") as Error).stack;
}
export const inComponent = (): string => <View stack={String(Kind.One)} /> as unknown as string;
class Thing {
  stack: string;
  constructor(private readonly a: number, public b = 2) {
    type Inner = { inner: string };
    this.stack = new Error("constructor").stack!;
  }
}
export const inConstructor = (): string => new Thing(1).stack;
declare namespace Nothing {
  const a: string;
}
namespace Some {
  export const stackOf = (): string => new Error("namespace").stack!;
}
export const inEnums = (): string => Some.stackOf();
const local = () => {
  const kind: Kind = Kind.Two;
  void kind; return new Error("closure").stack!;
};
export const closure = (() => local)();
`,
  },
  {
    inComponent: "view.tsx:9:10",
    inConstructor: "view.tsx:16:18",
    inEnums: "view.tsx:24:40",
    closure: "view.tsx:29:21",
    inEntry: "main.ts:8:61",
  },
  "--import-map=import_map.json",
));

Deno.test(projectTest(
  "call() sends modules that an import map and a workspace lead to",
  {
    "deno.json": JSON.stringify({
      workspace: ["./member", "./other"],
      imports: { "alias": "./lib/one.ts", "folder/": "./lib/", "ms": "npm:ms@2.1.3" },
      scopes: { "./scoped/": { "alias": "./lib/two.ts" } },
    }),
    "main.ts": `${IMPORT_COMPARE}
      import { name } from "alias";
      import { name as two } from "folder/two.ts";
      import { scoped } from "./scoped/mod.ts";
      import { member } from "@test/member";
      import { sub } from "@test/member/sub";
      import ms from "ms";
      const names = () => [name, two, scoped(), ms("2 days")];
      const late = async () => [(await import("alias")).name, (await import("folder/two.ts")).name];
      const resolved = () => [import.meta.resolve("alias"), import.meta.resolve("folder/x.ts")];
      await compare({ names, member, sub, late, resolved });`,
    "lib/one.ts": `export const name = "one";`,
    "lib/two.ts": `export const name = "two";`,
    "scoped/mod.ts": `import { name } from "alias"; export const scoped = () => "scoped " + name;`,
    "member/deno.json": JSON.stringify({
      name: "@test/member",
      version: "1.0.0",
      exports: { ".": "./mod.ts", "./sub": "./sub.ts" },
      imports: { "own": "./own.ts", "alias": "../lib/two.ts", "leftpad": "npm:ms@2.0.0" },
    }),
    "member/mod.ts": `import { own } from "own"; import { name } from "alias";
      import { other } from "@test/other"; import ms from "leftpad"; import ms2 from "ms";
      export const member = () => [own, name, other(), ms("1s"), ms === ms2];`,
    "member/own.ts": `export const own = "own";`,
    "member/sub.ts": `export const sub = () => "sub";`,
    "other/deno.json": JSON.stringify({
      name: "@test/other",
      version: "1.0.0",
      exports: "./mod.ts",
      imports: { "alias": "./mod.ts" },
    }),
    "other/mod.ts": `import * as self from "alias"; export const other = () => typeof self.other;`,
  },
  (folder) => ({
    names: ["one", "two", "scoped two", 172800000],
    member: ["own", "two", "function", 1000, false],
    sub: "sub",
    late: ["one", "two"],
    resolved: [`file://${folder}/lib/one.ts`, `file://${folder}/lib/x.ts`],
  }),
));

/** A module that imports `base` of `./env.ts`, and exports `add`, which adds it, and a `memory`. */
const WASM = Uint8Array.from([
  ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
  ...[1, 11, 2, 0x60, 0, 1, 0x7f, 0x60, 2, 0x7f, 0x7f, 1, 0x7f],
  ...[2, 17, 1, 8, ...new TextEncoder().encode("./env.ts"), 4, 0x62, 0x61, 0x73, 0x65, 0, 0],
  ...[3, 2, 1, 1],
  ...[5, 3, 1, 0, 1],
  ...[7, 16, 2, 3, 0x61, 0x64, 0x64, 0, 1, 6, ...new TextEncoder().encode("memory"), 2, 0],
  ...[10, 12, 1, 10, 0, 0x20, 0, 0x20, 1, 0x6a, 0x10, 0, 0x6a, 0x0b],
]);

Deno.test(projectTest(
  "call() sends modules of every other kind",
  {
    "deno.json": "{}",
    "main.ts": `${IMPORT_COMPARE}
      import * as kinds from "./kinds.ts";
      const { json, text, bytes, wasm, data, live, cycle, waits, lazy, reexported } = kinds;
      await compare({ json, text, bytes, wasm, data, live, cycle, waits, lazy, reexported });`,
    "kinds.ts": `import object from "./a.json" with { type: "json" };
      import same from './a.json' with { "type": "json" };
      import motd from "./motd.txt" with { type: "text" };
      import raw from "./raw.bin" with { type: "bytes" };
      import source from "./lib.ts" with { type: "text" };
      import { add, memory } from "./add.wasm";
      import { value } from "data:text/typescript,export const value: number = 5;";
      import { count, up } from "./counter.ts";
      import { even } from "./even.ts";
      import { slow, order } from "./slow.ts";
      export const json = () => [object.a[1].__proto__, same === object];
      export const text = () => [motd, source];
      export const bytes = () => [raw instanceof Uint8Array, [...raw]];
      export const wasm = () => [add(1, 2), memory instanceof WebAssembly.Memory];
      export const data = () => value;
      export const live = () => { const before = count; up(); return [before, count]; };
      export const cycle = () => [even(10), even(7)];
      export const waits = () => [slow, order];
      export async function lazy(): Promise<unknown> {
        const missing = await import("./missing.ts").then(() => "found", () => "missing");
        const { default: json } = await import("./a.json", { with: { type: "json" } });
        const { default: text } = await import("./motd.txt", { with: { type: "text" } });
        const { add: again } = await import("./add.wasm");
        const lib = await import(\`./lib.ts\`);
        const one = await import("data:application/json,[1]", { with: { type: "json" } });
        return [missing, json === object, text, again === add, lib.lib, one.default];
      }
      export * as ns from "./lib.ts"; export * from "./lib.ts";
      import { ns as own, lib as ownLib } from "./kinds.ts";
      export const reexported = () => [own.lib, ownLib];`,
    "a.json": `{ "a": [1, { "__proto__": 2 }] }`,
    "motd.txt": "Hëllo\n  there\u2028\n",
    "raw.bin": new Uint8Array([0, 255, 13, 10, 128]),
    "add.wasm": WASM,
    "env.ts": `export const base = () => 100;`,
    "lib.ts": `export const lib: string = "lib";`,
    "counter.ts": `export let count = 0; export const up = () => { count++; };`,
    "even.ts": `import { odd } from "./odd.ts";
      export function even(n: number): boolean { return n === 0 || odd(n - 1); }`,
    "odd.ts": `import { even } from "./even.ts";
      export function odd(n: number): boolean { return n !== 0 && even(n - 1); }`,
    "slow.ts": `export const order: string[] = [];
      const { late } = await import("./late.ts"); order.push("slow");
      export const slow = await Promise.resolve(late);`,
    "late.ts": `await new Promise((resolve) => setTimeout(resolve)); export const late = "late";`,
  },
  {
    json: [2, true],
    text: ["Hëllo\n  there\u2028\n", 'export const lib: string = "lib";'],
    bytes: [true, [0, 255, 13, 10, 128]],
    wasm: [103, true],
    data: 5,
    live: [0, 1],
    cycle: [true, false],
    waits: ["late", ["slow"]],
    lazy: ["missing", true, "Hëllo\n  there\u2028\n", true, "lib", [1]],
    reexported: ["lib", "lib"],
  },
  "--unstable-raw-imports",
));
