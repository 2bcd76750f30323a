import type { FunctionUnit } from "./handle.ts";

/** What the source of a unit that imports nothing begins with. */
const MODULE_START = "import.meta.chopsticks.make=";
const SLOPPY_START = "return";

/** What needs the loader of modules, or what a script reads as a comment. */
const OF_MODULES = /\b(?:import|using)\b|<!--|-->/;

/**
 * Gives a script that does what a unit does, so that an agent can run it without the part that
 * loads modules. It gives `undefined` for a unit that would see the difference.
 *
 * @returns An expression, whose value is the function that makes the unit's context.
 */
export function scriptOf({ source, url, isSloppy = false }: FunctionUnit): string | undefined {
  const start = isSloppy ? SLOPPY_START : MODULE_START;
  const end = source.indexOf("\n");
  // The first line is the one above the file's first, which a script does not have.
  if (!source.startsWith(start) || source[end + 1] !== "\n") return undefined;
  const body = source.slice(start.length, end) + source.slice(end + 1);
  if (OF_MODULES.test(body) || /[\s'"]/.test(url)) return undefined;
  const mode = isSloppy ? "" : '"use strict";';
  return `(function(){${mode}return ${body}\n})()\n//# sourceURL=${url}`;
}
