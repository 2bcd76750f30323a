import { computedTypes } from "./named_imports.ts";
import { typeOf } from "./imports.ts";

/** An `import()` whose name is put together, of modules in one folder. */
export interface TemplateImport {
  /** The folder, such as `./x/`. */
  readonly folder: string;
  /** Matches specifiers, such as `./x/a.ts`. */
  readonly pattern: RegExp;
  /** The `type` of its attributes. */
  readonly type: string | undefined;
}

const START = /\bimport\(\s*(?=`\.{1,2}\/|"\.{1,2}\/|'\.{1,2}\/)/g;
const IN_TEMPLATE = /\$\{(?:[^{}`]|\{[^{}]*\}|`[^`]*`)*\}/;
const TEMPLATE = new RegExp(`^\`((?:[^\`$\\\\]|${IN_TEMPLATE.source})*)\``);
const SUM =
  /^(["'])([^"'\\\n]*)\1\s*\+[^,;)]*?(?:\([^()]*\)[^,;)]*?)*(?:\+\s*(["'])([^"'\\\n]*)\3\s*)?(?=[,)])/;
/** The start of a template elsewhere, which may come to be the name in an `import()`. */
const ELSEWHERE = /(?<!\bimport\(\s*)(?=`\.{1,2}\/)/g;

/**
 * Finds each `import()` of a template, such as `./x/${name}.ts`, or of a sum of texts, that Deno's
 * own module graph follows: it begins with a folder that is relative to the script. If a name is in
 * a variable, other templates of the script count as well. Comments are not told from code, as a
 * module too many does no harm.
 *
 * @param source The code with each `import()`.
 * @param script The script that the code is from.
 */
export function templateImports(source: string, script: string): TemplateImport[] {
  const found: TemplateImport[] = [];
  for (const { index, 0: start } of source.matchAll(START)) {
    const text = source.slice(index + start.length, index + start.length + 500);
    const [whole = "", template] = TEMPLATE.exec(text) ?? [];
    const [sum = "", , first, , last = ""] = SUM.exec(text) ?? [];
    const parts = template === undefined
      ? first === undefined ? [] : [first, last]
      : partsOf(template);
    const type = typeOf(/^[^)]*/.exec(text.slice((whole || sum).length))![0]);
    found.push(...importOf(parts, type));
  }
  const types = computedTypes(source);
  if (types.size === 0) return found;
  for (const { index } of script.matchAll(ELSEWHERE)) {
    const [, template] = TEMPLATE.exec(script.slice(index, index + 500)) ?? [];
    if (template === undefined) continue;
    for (const type of types) found.push(...importOf(partsOf(template), type));
  }
  return found;
}

/** The texts of a template, between what is computed. */
function partsOf(template: string): string[] {
  return template.split(new RegExp(IN_TEMPLATE, "g"));
}

function importOf(parts: readonly string[], type: string | undefined): TemplateImport[] {
  const [folder = ""] = parts;
  if (parts.length < 2 || !folder.endsWith("/")) return [];
  const pattern = new RegExp(`^${parts.map((one) => escaped(one)).join(".+")}$`, "s");
  return [{ folder, pattern, type }];
}

/** The text of a pattern for a text. */
function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}
