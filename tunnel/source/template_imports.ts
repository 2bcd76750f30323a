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

/**
 * Finds each `import()` of a template, such as `./x/${name}.ts`, or of a sum of texts, that Deno's
 * own module graph follows: it begins with a folder that is relative to the script. Comments are
 * not told from code, as a module too many does no harm.
 */
export function templateImports(source: string): TemplateImport[] {
  const found: TemplateImport[] = [];
  for (const { index, 0: start } of source.matchAll(START)) {
    const text = source.slice(index + start.length, index + start.length + 500);
    const [whole = "", template] = TEMPLATE.exec(text) ?? [];
    const [sum = "", , first, , last = ""] = SUM.exec(text) ?? [];
    const parts = template?.split(new RegExp(IN_TEMPLATE, "g")) ??
      (first === undefined ? [] : [first, last]);
    const [folder = ""] = parts;
    if (parts.length < 2 || !folder.endsWith("/")) continue;
    const type = typeOf(/^[^)]*/.exec(text.slice((whole || sum).length))![0]);
    const pattern = new RegExp(`^${parts.map((one) => escaped(one)).join(".+")}$`, "s");
    found.push({ folder, pattern, type });
  }
  return found;
}

/** The text of a pattern for a text. */
function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}
