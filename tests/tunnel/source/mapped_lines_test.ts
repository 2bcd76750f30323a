import { assert, assertEquals } from "@std/assert";
import { stripTypeScriptTypes } from "node:module";
import { SourceMaps } from "../../../agent/protocol/source_map.ts";
import { MappedLines } from "../../../tunnel/source/mapped_lines.ts";
import { withoutSourceMap } from "../../../tunnel/source/imports.ts";

const SCRIPT = `interface Host { name: string }
const hosts: Host[] = [{ name: "a" }];

export function first(host: Host): string { const { name } = host as Host; return name as string; }
enum Level { Low, High }
export async function second<T>(one: T, ...rest: readonly T[]): Promise<readonly (T | Level)[]> {
  for (const each of rest satisfies readonly T[]) {
    await (each as unknown); throw new Error(\`\${each} é\` as string, { cause: one! });
  }
  return [one, ...rest, Level.High];
}
`;

Deno.test("MappedLines keeps what a source map says of some lines, and nothing of others", () => {
  const options = { mode: "transform", sourceMap: true } as const;
  const { source, mappings } = withoutSourceMap(stripTypeScriptTypes(SCRIPT, options));
  const whole = new SourceMaps();
  whole.add("a", mappings!);
  const all = new MappedLines(mappings!);
  const count = source.split("\n").length;
  for (let first = 0; first < count; first++) {
    for (const last of [first, first + 1, first + 4]) {
      const lines = new Set(Array.from({ length: last - first + 1 }, (_, i) => first + i));
      const text = all.of(lines);
      assert(text.length <= mappings!.length + 6, `${text.length} of ${mappings!.length}`);
      const part = new SourceMaps();
      part.add("a", text);
      for (let line = 1; line <= count; line++) {
        for (let column = 1; column < 99; column++) {
          const found = lines.has(line - 1) ? whole.find("a", line, column) : { line, column };
          assertEquals(part.find("a", line, column), found, `${line}:${column} of ${[...lines]}`);
        }
      }
    }
  }
});

Deno.test("MappedLines takes names, sources and large steps, and lines without anything", () => {
  const lines = (mappings: string, ...lines: number[]): string =>
    new MappedLines(mappings).of(new Set(lines));
  assertEquals(lines("AAAAA,CAACC;;ECmgDA;A", 0), "AAAA,CAACC");
  assertEquals(lines("AAAAA,CAACC;;ECmgDA;A", 2), ";;ECmgDC");
  assertEquals(lines("AAAAA,CAACC;;ECmgDA;A", 3), ";;;A");
  assertEquals(lines("AAAA;C,EACA,CAAC;AADA", 1), ";C,EACA,CAAC");
  assertEquals(lines("AAAA;AACA;AADA", 2), ";;AAAA");
  assertEquals(lines("AAAA;AACA;AADA;AAFA", 3, 1), ";AACA;;AAHA");
  assertEquals(new MappedLines("AAAA;AACA", ";;AAGA").of(new Set([1, 2])), ";AACA;AAEA");
  assertEquals(lines("AAAA;AACA", 5), "");
  assertEquals(lines("", 0), "");
});

Deno.test("SourceMaps finds positions by all maps of parts of a file", () => {
  const maps = new SourceMaps();
  for (let round = 0; round < 2; round++) {
    for (const [i, mappings] of ["AAKA", ";EAMA", ";;IAOA"].entries()) {
      maps.add("a", mappings);
      assertEquals(maps.find("a", i + 1, 5), { line: 6 + i, column: 1 });
    }
  }
  assertEquals(maps.find("a", 1, 1), { line: 6, column: 1 });
  assertEquals(maps.find("a", 2, 1), { line: 2, column: 1 });
  assertEquals(maps.find("b", 1, 1), { line: 1, column: 1 });
});
