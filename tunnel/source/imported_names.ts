/**
 * The names that an import takes from another module, but for `default`.
 *
 * @param statement The text of an `import` or `export … from`, up to its specifier.
 */
export function importedNames(statement: string): string[] {
  const list = /\{([^]*)\}/.exec(statement.replace(COMMENT, " "))?.[1] ?? "";
  return [...list.matchAll(ONE)].flatMap(([, quoted, plain]) => {
    const name = quoted?.slice(1, -1) ?? plain!;
    return name === "default" ? [] : [name];
  });
}

const COMMENT = /\/\*[^]*?\*\/|\/\/.*/g;
/** A name, a string or not, and what follows it up to the next comma. */
const ONE = /(?:("[^"]*"|'[^']*')|([^\s,"']+))(?:[^,"']|"[^"]*"|'[^']*')*/g;
