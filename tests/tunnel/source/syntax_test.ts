import { assertEquals } from "@std/assert";
import { findUses, parse, type SyntaxNode, type Uses } from "../../../tunnel/source/syntax.ts";

function usesOf(source: string): Uses {
  return findUses(parse(source));
}

/** Code, and the names that it uses of the code around it. */
const CASES: Record<string, string> = {
  "a; b.c; d[e]; f(g); new H(i)": "a b d e f g H i",
  "({ a: b, c, [d]: e, f() { return g }, get h() { return i } })": "b c d e g i",
  "`${a}${b}`; tag`${c}`": "a b tag c",
  "a?.b?.[c]; d ??= e; f ||= g; h **= i": "a c d e f g h i",
  "typeof a; delete b.c; void d; await e; !f": "a b d e f",
  "(a, b = c) => a + b + d": "c d",
  "({ a, b: { c = d }, ...e }) => [a, c, e, f]": "d f",
  "([a, , [b = c], ...d]) => [a, b, d, e]": "c e",
  "function f(a = f, b = a) { return [f, arguments, a, b, g] } f": "f g",
  "(function f() { f(); g() })": "g",
  "class A extends B { static c = A; #d = e; [f] = g; static { h; var i; i } } A": "A B e f g h",
  "(class A { m() { return [A, this.#p, super.q] } #p = 1 })": "",
  "() => { if (x) { var a = 1; let b = 2 } return [a, b] }": "x b",
  "() => { { function a() {} a() } }": "",
  "() => { a; let a }": "",
  "() => { a(); function a() {} }": "",
  "() => { for (let i = 0; i < n; i++) use(i); i }": "n use i",
  "() => { for (const k in o) k; for (const [v] of l) v; k; v }": "o l k v",
  "() => { for (x of y); for (z.w in u); }": "x y z u",
  "async () => { for await (const x of y) x; await using z = w; z }": "y w",
  "() => { try { a } catch ({ b }) { b; c } finally { d } b }": "a c d b",
  "() => { try { a } catch { b } }": "a b",
  "() => { switch (a) { case b: let c; c; default: d(c) } c }": "a b d c",
  "() => { l: for (;;) { break l; continue l } }": "",
  "() => { var { a = b, ...c } = d; a; c }": "b d",
  "import a, { b as c } from 'x'; import * as d from 'y'; c": "c",
  "export const a = b; export function c() { return d } export { a as e }; export * from 'f'":
    "a b d",
  "export default class extends A { x = B }": "A B",
  "export { a as b } from 'x'": "",
  "import('x'); import(a)": "a",
  "/a/u; 'b'; 1n; null; true; import.meta.url": "",
  "a = b; [c, d.e] = f; ({ g: h } = i)": "a b c d f h i",
  "((a) => a)((b) => c)": "c",
  "x => { y => x + y + z }": "z",
  "function* g() { yield a; yield* b }": "a b",
};

Deno.test("findUses() finds the names that code uses of what is around it", async (t) => {
  for (const [source, names] of Object.entries(CASES)) {
    await t.step(source, () => {
      // Names that are declared at the outermost level are around the rest, and so among the names.
      assertEquals(
        usesOf(source).names.union(new Set()),
        new Set(names.split(" ").filter(Boolean)),
      );
    });
  }
});

Deno.test("findUses() finds the names that code assigns to", () => {
  const uses = usesOf(`() => {
    a = b; c++; --d; e ??= f; [g, ...h] = i; ({ j, k: l = m, ...n } = o);
    for (p of q); for (r in s); for (const t of u); v.w = x; let y; y = 1; (z) => { z = 2; };
  }`);
  assertEquals([...uses.assigned].sort().join(""), "acdeghjlnpr");
});

Deno.test("findUses() finds a this, and whose it is", () => {
  const outer = [
    ...["this", "() => this", "() => () => arguments", "() => { this.a }", "({ a: this })"],
    ...["class A extends this.B {}", "class A { [this.a] = 1 }", "(a = this) => a"],
  ];
  const own = [
    ...["function f() { this; arguments; new.target; () => this }", "({ a() { this } })"],
    ...["class A { a = this; static b = this; static { this } c() { return () => this } }"],
    ...["({ get a() { return this } })", "() => 1", "({ this: 1 }).this"],
  ];
  for (const source of outer) assertEquals(usesOf(source).outerThis, true, source);
  for (const source of own) assertEquals(usesOf(source).outerThis, false, source);
});

Deno.test("findUses() finds import() and import.meta.resolve()", () => {
  const uses = usesOf(
    "const f = () => import('./a.ts'); import(`./${f}`); import.meta.resolve('b'); a.resolve('c')",
  );
  assertEquals(uses.dynamicImports.map(({ source }) => (source as SyntaxNode).type), [
    "Literal",
    "TemplateLiteral",
  ]);
  assertEquals(uses.resolved, ["b"]);
});
