import { assertEquals } from "@std/assert";
import { offsetOf, type Script, startOf } from "../../../tunnel/closure/script.ts";

/** Where the line and column of an offset are: the naive way. */
function naivePosition(source: string, offset: number): { line: number; column: number } {
  const before = source.slice(0, offset).split("\n");
  return { line: before.length - 1, column: before.at(-1)!.length };
}

const SOURCES = ["", "\n", "a", "a\n", "\n\na", "one\ntwo\n\nthree", "no end\r\nof line\u2028here"];

Deno.test("offsetOf() is the reverse of counting lines, at every place of a text", () => {
  const long = Array.from({ length: 300 }, (_, i) => "x".repeat(i * 7 % 13)).join("\n");
  for (const source of [...SOURCES, long, ...SOURCES]) {
    for (let offset = 0; offset <= source.length; offset++) {
      const { line, column } = naivePosition(source, offset);
      assertEquals(offsetOf(source, line, column), offset);
    }
  }
});

Deno.test("startOf() finds where the text around a place begins", () => {
  const text = "function f() {\n  return 1;\n}";
  const source = `let a;\n\n  ${text}\n${text}\n\tlet b;${text}`;
  const script = { url: "", source, imports: new Map(), exports: [] } satisfies Script;
  const location = { url: "", scriptId: "" };
  for (let at = -1; (at = source.indexOf(text, at + 1)) !== -1;) {
    for (const inside of [0, 10, text.length - 1]) {
      const place = { ...location, ...naivePosition(source, at + inside) };
      assertEquals(startOf(text, script, place), naivePosition(source, at));
    }
  }
  const elsewhere = { ...location, line: 1, column: 0 };
  assertEquals(startOf(text, script, elsewhere), { line: 1, column: 0 });
});
