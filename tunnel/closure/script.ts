import type { FunctionUnit } from "../../agent/protocol/handle.ts";
import { importKey } from "../../agent/protocol/module_record.ts";
import { modulesHere } from "../modules/modules_here.ts";
import type { V8Session } from "../modules/v8.ts";
import { importsOf, type ModuleExport, withoutSourceMap } from "../source/imports.ts";
import { parse, type SyntaxNode } from "../source/syntax.ts";
import type { FunctionLocation } from "./inspector.ts";

/** A name that a script imports. */
export interface ImportedName {
  readonly specifier: string;
  /** The `type` of the import's attributes. */
  readonly type: string | undefined;
  /** A statement that imports the name, and nothing else. */
  readonly statement: string;
}

/** A script from which functions are cut. */
export interface Script {
  readonly url: string;
  /** The JavaScript that runs; `""` where it is not to be had. */
  readonly source: string;
  /** The imported names. */
  readonly imports: ReadonlyMap<string, ImportedName>;
  readonly exports: readonly ModuleExport[];
}

/** The scripts that were read, by V8's number: their code never changes. */
const scripts = new Map<string, Script>();

/** The script in which a function is written. */
export function scriptOf({ url, scriptId }: FunctionLocation, session: V8Session): Script {
  const units = modulesHere.units(url);
  if (units.length > 0) return ofUnits(url, units);
  let script = scripts.get(scriptId);
  if (script === undefined) {
    const { source } = withoutSourceMap(session.sourceOf(scriptId) ?? "");
    const { imports, exports } = importsAndExports(source);
    script = { url, source, imports, exports };
    scripts.set(scriptId, script);
  }
  return script;
}

/** Where `text`, a function's, starts in `script`: zero-based line and column. */
export function startOf(
  text: string,
  { source }: Script,
  { line, column }: FunctionLocation,
): { line: number; column: number } {
  const offset = offsetOf(source, line, column);
  const start = source.lastIndexOf(text, offset);
  if (start === -1 || start + text.length <= offset) return { line, column };
  const starts = lineStarts(source);
  let [first, last] = [0, starts.length - 1];
  while (first < last) {
    const middle = (first + last + 1) >> 1;
    if (starts[middle]! <= start) first = middle;
    else last = middle - 1;
  }
  return { line: first, column: start - starts[first]! };
}

/** The place of a position in a text. */
export function offsetOf(source: string, line: number, column: number): number {
  return line === 0 ? column : (lineStarts(source)[line] ?? 0) + column;
}

/** The places of the lines of sources: a bundle has many functions and 50,000 lines. */
const allStarts = new Map<string, readonly number[]>();

/** So many sources are remembered. */
const MAX_SOURCES = 256;

function lineStarts(source: string): readonly number[] {
  const known = allStarts.get(source);
  if (known !== undefined) return known;
  const starts = [0];
  for (let at; (at = source.indexOf("\n", starts.at(-1)!)) !== -1;) starts.push(at + 1);
  if (allStarts.size >= MAX_SOURCES) allStarts.clear();
  allStarts.set(source, starts);
  return starts;
}

/** At the far end, a script whose functions were sent here is known by those alone. */
function ofUnits(url: string, units: readonly FunctionUnit[]): Script {
  const imports = new Map<string, ImportedName>();
  for (const { source } of units) {
    for (const [name, imported] of importsAndExports(source).imports) imports.set(name, imported);
  }
  // Not the source: the functions of a unit are where they are in the script.
  return { url, source: "", imports, exports: [] };
}

function importsAndExports(source: string): Pick<Script, "imports" | "exports"> {
  const imports = new Map<string, ImportedName>();
  let found: ReturnType<typeof importsOf>;
  try {
    found = importsOf(source);
  } catch {
    // Not a module, such as a script with syntax that modules do not have.
    return { imports, exports: [] };
  }
  for (const { specifier, type, isDynamic, statement } of found.imports) {
    if (isDynamic || !statement.startsWith("import")) continue;
    // The parser does not know it, and what it imports is no value to send.
    if (/^import\s+source\s+(?!from\b)/.test(statement)) continue;
    const { specifiers } = (parse(statement).body as SyntaxNode[])[0]!;
    const key = JSON.stringify(importKey(specifier, type));
    for (const one of specifiers as SyntaxNode[]) {
      const local = (one.local as SyntaxNode).name as string;
      const imported = {
        specifier,
        type,
        statement: `import ${clauseOf(one, local)} from ${key};`,
      };
      imports.set(local, imported);
    }
  }
  return { imports, exports: found.exports };
}

function clauseOf(specifier: SyntaxNode, local: string): string {
  if (specifier.type === "ImportDefaultSpecifier") return local;
  if (specifier.type === "ImportNamespaceSpecifier") return `* as ${local}`;
  const { name, value } = specifier.imported as SyntaxNode;
  return `{${name ?? JSON.stringify(value)} as ${local}}`;
}
