import type { FunctionUnit } from "../../agent/protocol/handle.ts";
import { importKey } from "../../agent/protocol/module_record.ts";
import { isInteractive } from "../modules/entry_module.ts";
import { modulesHere } from "../modules/modules_here.ts";
import { resolveImports } from "../modules/resolve_imports.ts";
import { importsOf, withoutSourceMap } from "../source/imports.ts";
import { loadParser, type SyntaxNode } from "../source/syntax.ts";
import type { FunctionLocation } from "./inspector.ts";

/** A name that a script imports. */
export interface ImportedName {
  /** The specifier by which the statement imports the module: an `importKey()`. */
  readonly key: string;
  /** A statement that imports the name, and nothing else. */
  readonly statement: string;
  /** The id of the module. */
  readonly id: string;
}

/** A script that functions are cut from. */
export interface Script {
  /** The JavaScript that runs; `""` if it is not known, as in a REPL. */
  readonly source: string;
  readonly mappings: string | undefined;
  /** By local name. */
  readonly imports: ReadonlyMap<string, ImportedName>;
}

const scripts = new Map<string, Promise<Script>>();
const UNKNOWN: Script = { source: "", mappings: undefined, imports: new Map() };

/** The script at `url`. It is read once. */
export function scriptAt(url: string): Promise<Script> {
  const units = modulesHere.units(url);
  // They are read each time: later calls may have brought more of them.
  if (units.length > 0) return readUnits(url, units);
  let script = scripts.get(url);
  if (script === undefined) {
    script = read(url);
    scripts.set(url, script);
    script.catch(() => scripts.delete(url));
  }
  return script;
}

/** The zero-based position at which `text`, a function's, starts in `script`. */
export function startOf(
  text: string,
  { source }: Script,
  { line, column }: FunctionLocation,
): { line: number; column: number } {
  const lines = source.split("\n", line + 1);
  const offset = lines.slice(0, line).reduce((sum, one) => sum + one.length + 1, 0) + column;
  const start = source.lastIndexOf(text, offset);
  if (start === -1 || start + text.length <= offset) return { line, column };
  const before = source.slice(0, start).split("\n");
  return { line: before.length - 1, column: before.at(-1)!.length };
}

async function read(url: string): Promise<Script> {
  if (url === "" || isInteractive(url)) return UNKNOWN;
  const code = await modulesHere.code(url);
  if (code === undefined) return UNKNOWN;
  const { source, mappings } = withoutSourceMap(code);
  return { source, mappings, imports: await importedNames(source, url) };
}

/** An agent knows the controller's script only by the units that were cut from it. */
async function readUnits(url: string, units: readonly FunctionUnit[]): Promise<Script> {
  const imports = new Map<string, ImportedName>();
  for (const { source } of units) {
    for (const [name, imported] of await importedNames(source, url)) imports.set(name, imported);
  }
  // The source is not needed: in a unit, functions are already at their positions in the script.
  return { source: "", mappings: units.find(({ mappings }) => mappings)?.mappings, imports };
}

async function importedNames(source: string, url: string): Promise<Map<string, ImportedName>> {
  const parse = await loadParser();
  const found = await importsOf(source);
  const names = new Map<string, ImportedName>();
  for (const { specifier, type, isDynamic, statement } of found.imports) {
    if (isDynamic || !statement.startsWith("import")) continue;
    const { specifiers } = (parse(statement).body as SyntaxNode[])[0]!;
    if ((specifiers as SyntaxNode[]).length === 0) continue;
    const key = importKey(specifier, type);
    const { [key]: id } = await resolveImports(modulesHere, [{ specifier, type, isDynamic }], url);
    if (id === undefined) continue;
    for (const one of specifiers as SyntaxNode[]) {
      const local = (one.local as SyntaxNode).name as string;
      const clause = clauseOf(one, local);
      names.set(local, {
        key,
        id,
        statement: `import ${clause} from ${JSON.stringify(key)};`,
      });
    }
  }
  return names;
}

function clauseOf(specifier: SyntaxNode, local: string): string {
  if (specifier.type === "ImportDefaultSpecifier") return local;
  if (specifier.type === "ImportNamespaceSpecifier") return `* as ${local}`;
  const { name, value } = specifier.imported as SyntaxNode;
  return `{${name ?? JSON.stringify(value)} as ${local}}`;
}
