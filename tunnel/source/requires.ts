import { parse as lex } from "npm:es-module-lexer@3.0.5/js";
import { findRequires } from "./find_requires.ts";
import type { FoundRequire, RequiringModule } from "./found_require.ts";

/** The calls of `require()` in a module, under whatever name. */
export function requiresOf(module: RequiringModule): readonly FoundRequire[] {
  const { source, isModule, makers } = module;
  const mayRequire = isModule
    ? makers !== undefined && makers.size > 0 || source.includes("createRequire")
    : WORD.test(source);
  if (!mayRequire) return [];
  const plain = isModule ? undefined : plainCalls(source);
  if (plain?.isAll) return plain.calls;
  try {
    return findRequires(module);
  } catch {
    return plain?.calls ?? []; // It is broken, or has syntax that the parser does not know yet.
  }
}

const WORD = /\brequire\b|createRequire/;

/**
 * The calls of `require()` in a script that are lone words with a name that is written out, as
 * almost all are. The lexer that finds `import()` takes a fifth of the time that a parser takes, so
 * it is shown `import` in the place of `require`.
 */
function plainCalls(
  source: string,
): { readonly calls: readonly FoundRequire[]; readonly isAll: boolean } {
  const calls: FoundRequire[] = [];
  const starts = new Set<number>();
  for (const { index } of source.matchAll(new RegExp(WORD, "g"))) {
    if (!isInLineComment(source, index)) starts.add(index);
  }
  try {
    const [found] = lex(source.replaceAll(/(?<![\w$.])require(?=\s*\()/g, "import "));
    for (const one of found) {
      if (one.type !== "dynamic" || !source.startsWith("require", one.importStart)) continue;
      const isWhole = typeof one.specifier === "string" && one.attributesStart < 0 &&
        !source.slice(one.importStart, one.importEnd).includes("${");
      if (!isWhole) continue;
      calls.push({ texts: [one.specifier as string], isResolve: false });
      starts.delete(one.importStart);
    }
  } catch {
    return { calls, isAll: false };
  }
  return { calls, isAll: starts.size === 0 };
}

/** Whether a position is on a line that is nothing but a comment. */
function isInLineComment(source: string, index: number): boolean {
  const line = source.slice(source.lastIndexOf("\n", index) + 1, index);
  return /^\s*(?:\/\/|\/?\*(?!.*\*\/))/.test(line);
}
