import type { FunctionLocation, FunctionScope } from "./inspector.ts";
import { offsetOf, type Script } from "./script.ts";
import { nodesAround } from "../source/scopes.ts";
import type { SyntaxNode } from "../source/syntax.ts";

/** Whether a function is sloppy code: code of modules and of classes never is. */
export function isSloppyCode(
  text: string,
  script: Script,
  { line, column }: FunctionLocation,
  scopes: readonly FunctionScope[],
): boolean {
  if (/^class\b/.test(text) || scopes.some(({ description }) => description === "Module")) {
    return false;
  }
  if (script.source === "") return false;
  return !isInStrictCode(script.source, offsetOf(script.source, line, column));
}

/** Whether what is at `offset` is in a script or in a function that starts with `"use strict"`. */
function isInStrictCode(source: string, offset: number): boolean {
  if (!/["']use strict["']/.test(source)) return false;
  return nodesAround(source, offset).some(({ type, body }) => {
    if (!/Function|Program/.test(type)) return false;
    const statements = type === "Program" ? body : (body as SyntaxNode).body;
    return Array.isArray(statements) &&
      statements.some(({ directive }) => directive === "use strict");
  });
}
