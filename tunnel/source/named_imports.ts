import { type ModuleImport, typeOf } from "./imports.ts";

const COMPUTED = /\bimport\(\s*(?!["'`\s)])(?:([\p{ID_Start}$_][\p{ID_Continue}$]*)\s*(?=[,)]))?/gu;
/** The name of a file of code or data, beside the script; not that of an import. */
const BESIDE =
  /(?<!\bfrom\s*|\bimport\s*\(?\s*)(["'`])(\.{1,2}\/(?:(?!\1)[^\\\n$]){1,200}?\.(?:[cm]?[jt]sx?|json|wasm))\1/g;

/** The types of each `import()` whose name is in a variable, or computed without a template. */
export function computedTypes(code: string): ReadonlySet<string | undefined> {
  const types = new Set<string | undefined>();
  for (const { index, 0: start } of code.matchAll(COMPUTED)) {
    const rest = code.slice(index + start.length, index + start.length + 500);
    const type = typeOf(/^[^)]*/.exec(rest)![0]);
    types.add(type);
    // Behind a call in the name, the type may be that of another import.
    types.add(type ?? typeOf(/^[^;\n]*/.exec(rest)![0]));
  }
  return types;
}

/**
 * The imports that an `import()` may mean whose name is in a variable: of what is assigned to the
 * variable, if that is written out, and of each relative path with the ending of a module.
 *
 * @param code The code with the `import()`.
 * @param script The script that the code is from. Comments are not told from code, as a module too
 * many does no harm.
 */
export function namedImports(code: string, script: string): ModuleImport[] {
  const types = computedTypes(code);
  if (types.size === 0) return [];
  const names = new Set<string>();
  for (const [, variable] of code.matchAll(COMPUTED)) {
    for (const name of variable === undefined ? [] : assigned(variable, script)) names.add(name);
  }
  for (const [, , name] of script.matchAll(BESIDE)) names.add(name!);
  return [...names].flatMap((specifier) =>
    Array.from(types, (type) => ({ specifier, type, isDynamic: true }))
  );
}

/** The texts that are assigned to a variable. */
function assigned(variable: string, script: string): string[] {
  const name = variable.replaceAll("$", "\\$");
  const text = new RegExp(`(?<![\\w$.])${name}\\s*=\\s*(["'\`])((?:(?!\\1)[^\\\\\\n$])+)\\1`, "g");
  // A package of JSR would have to be run to be found.
  return Array.from(script.matchAll(text), ([, , one]) => one!).filter((one) =>
    !one.startsWith("jsr:")
  );
}
