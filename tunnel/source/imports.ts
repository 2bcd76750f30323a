// The build without WebAssembly, which would have to be waited for.
import { parse } from "npm:es-module-lexer@3.0.5/js";
import { type Edit, withTypes } from "./rewrite_imports.ts";

/** An import in a module. */
export interface ModuleImport {
  readonly specifier: string;
  /** The `type` of its attributes. */
  readonly type: string | undefined;
  /** Whether it is an `import()`, which may never be reached. */
  readonly isDynamic: boolean;
}

/** An export that a module makes itself, rather than from another module. */
export interface ModuleExport {
  readonly name: string;
  /** The variable that it is, if it is one. */
  readonly local: string | undefined;
  /** Where its name ends in the source; of a default export, the word `default`. */
  readonly end: number;
}

/** The result of {@linkcode importsOf}. */
export interface Imports {
  /**
   * The source without import attributes, which old engines do not know: specifiers are those of
   * `importKey()` instead. All else stays at its position.
   */
  readonly source: string;
  /** Imports whose specifier is written out, with their text up to the attributes. */
  readonly imports: readonly (ModuleImport & { readonly statement: string })[];
  /** The arguments of `import.meta.resolve()` that are written out. */
  readonly resolved: readonly string[];
  /** The exports that it makes itself. */
  readonly exports: readonly ModuleExport[];
  /** Whether it has syntax that only modules have. */
  readonly isModule: boolean;
  /** Whether it has an `import source`. */
  readonly hasSourcePhase: boolean;
}

/** Finds the imports of a module. */
export function importsOf(source: string): Imports {
  const [found, exported, , isModule] = parse(source);
  const imports: Imports["imports"][number][] = [];
  const resolved: string[] = [];
  const edits: Edit[] = [];
  let hasSourcePhase = false;
  for (const one of found) {
    const { specifier } = one;
    if (one.type === "import-meta") {
      const [, , argument] = META_RESOLVE.exec(source.slice(one.end, one.end + 1000)) ?? [];
      if (argument !== undefined) resolved.push(argument);
    }
    if (one.type !== "import-meta" && one.phase === "source") hasSourcePhase = true;
    if (one.type === "import-meta" || typeof specifier !== "string") continue;
    const isDynamic = one.type === "dynamic";
    const hasAttributes = one.attributesStart > -1;
    // The attributes of an import() are an expression, which may be anything.
    const attributes = hasAttributes ? source.slice(one.attributesStart, one.importEnd) : "";
    const type = typeOf(attributes);
    // A dynamic import's positions include the quotes.
    const from = isDynamic ? one.end : one.end + 1;
    imports.push({ specifier, type, isDynamic, statement: source.slice(one.importStart, from) });
    if (!hasAttributes) continue;
    const to = isDynamic ? one.importEnd - 1 : one.importEnd;
    edits.push({ from, to, type });
  }
  const exports = exported.flatMap((one) =>
    one.type === "direct" ? [{ name: one.name, local: one.localName, end: one.end }] : []
  );
  return { source: withTypes(source, edits), imports, resolved, exports, isModule, hasSourcePhase };
}

/** The type in import attributes, as they are written. */
export function typeOf(attributes: string): string | undefined {
  return /\btype["']?\s*:\s*["'](\w+)["']/.exec(attributes)?.[1];
}

/** The text behind `import.meta` in a call of `import.meta.resolve()`. */
const META_RESOLVE = /^\s*\.\s*resolve\s*\(\s*(["'`])([^"'`\\$\n]+)\1\s*\)/;

const SOURCE_MAP = /\n?\/\/# sourceMappingURL=data:application\/json;base64,([A-Za-z0-9+/=]+)\s*$/;

/** Splits an inline source map off. */
export function withoutSourceMap(code: string): { source: string; mappings?: string } {
  const match = SOURCE_MAP.exec(code);
  if (match === null) return { source: code };
  const { mappings } = JSON.parse(atob(match[1]!)) as { mappings: string };
  return { source: code.slice(0, match.index), mappings };
}
